//! OWASP ASVS 5.0, V7: sessions.

use super::factors::EVERY_LOGIN_BY_CODE;
use super::lifetimes::{ABSOLUTE, IDLE, SHORT_TOKENS};
use super::requirement::Requirement;

const NO_FEDERATION: &str = "there is no single sign-on";
const FRESH: &str =
    "tests/api/step_up.rs::with_a_code_at_each_login_what_concerns_the_account_takes_a_fresh_one";

pub(super) const REQUIREMENTS: &[Requirement] = &[
    Requirement::always(
        "7.1.1",
        2,
        "How long sessions live is documented, and why not as NIST says",
        "docs/hardening.md",
        &["tests/house/standards.rs::the_documented_lifetimes_are_the_ones_in_force"],
    ),
    Requirement::always(
        "7.1.2",
        2,
        "How many sessions one account may have is documented",
        "docs/hardening.md: any number, each listed and each to be ended",
        &["tests/api/standards.rs::any_number_of_sessions_live_side_by_side_and_each_is_listed"],
    ),
    Requirement::not_applicable("7.1.3", 2, "Federated sessions are documented", NO_FEDERATION),
    Requirement::always(
        "7.2.1",
        1,
        "Session tokens are verified by the server",
        "at each request",
        &[
            "tests/api/bearers.rs::no_route_opens_without_a_token",
            "tests/api/account_routes.rs::no_route_opens_without_a_good_token",
        ],
    ),
    Requirement::always(
        "7.2.2",
        1,
        "Session tokens are made for each session",
        "access and refresh tokens are; there are no keys that stand for a person",
        &[
            "tests/api/tokens.rs::no_two_tokens_have_one_id",
            "tests/api/v1/auth/refresh.rs::a_refresh_gives_the_next_tokens_of_the_same_session",
        ],
    ),
    Requirement::always(
        "7.2.3",
        1,
        "Tokens that refer to a session are unique and have 128 random bits",
        "refresh tokens have 256",
        &[
            "src/foundation/opaque_token.rs::tokens_have_256_bits_and_are_never_shown",
            "src/sessions/refresh_token.rs::every_token_is_read_back",
        ],
    ),
    Requirement::always(
        "7.2.4",
        1,
        "A login makes a new session token and ends the one it came with",
        "the session whose token or cookie a login brings along ends with it",
        &["tests/api/step_up.rs::a_login_ends_the_session_that_it_brings_along"],
    ),
    Requirement::when(
        "7.3.1",
        2,
        "A session that is not used ends",
        IDLE,
        &["tests/api/v1/auth/refresh.rs::a_session_runs_out_where_it_is_not_used"],
    ),
    Requirement::when(
        "7.3.2",
        2,
        "A session ends some time after its login",
        ABSOLUTE,
        &["tests/api/v1/auth/refresh.rs::a_session_runs_out_however_much_it_is_used"],
    ),
    Requirement::when(
        "7.4.1",
        1,
        "A session that has ended is of no more use",
        SHORT_TOKENS,
        &[
            "tests/api/v1/auth/logout.rs::a_session_ends_and_the_others_go_on",
            "tests/api/revocation.rs::every_way_to_end_a_session_is_felt",
            "tests/api/revocation.rs::another_replica_feels_it_without_asking_the_database",
        ],
    ),
    Requirement::always(
        "7.4.2",
        1,
        "The sessions of an account that is locked or deleted end",
        "a lock, leaving and deletion end them all",
        &[
            "tests/api/locks.rs::no_session_outlives_a_lock_however_they_race",
            "tests/api/v1/profile/delete.rs::leaving_takes_the_password_and_ends_every_session",
            "tests/api/v1/admin/users/delete.rs::a_deleted_user_is_gone_with_everything_and_can_sign_up_anew",
        ],
    ),
    Requirement::always(
        "7.4.3",
        2,
        "All other sessions can be ended when a factor has changed",
        "they end by themselves",
        &[
            "tests/api/v1/auth/password/change.rs::this_session_stays_and_all_others_end",
            "tests/api/v1/auth/password/reset.rs::the_code_sets_the_password_ends_every_session_and_gives_no_token",
            "tests/api/phone_change/changing.rs::a_change_ends_the_other_sessions_and_forgets_the_devices",
        ],
    ),
    Requirement::always(
        "7.4.4",
        2,
        "Pages that need a login show how to log out",
        "the account page that is served does",
        &["src/pages/tests.rs::whoever_is_signed_in_finds_the_way_out"],
    ),
    Requirement::always(
        "7.4.5",
        2,
        "Administrators can end the sessions of one person and of all",
        "by the admin API and ringfence users; keys rotate --now ends every token there is",
        &[
            "tests/api/v1/admin/users/sessions.rs::all_sessions_of_a_user_end_and_nobody_elses",
            "tests/program/keys.rs::keys_are_made_listed_and_withdrawn",
        ],
    ),
    Requirement::when(
        "7.5.1",
        2,
        "What a login depends on changes after a full login only",
        EVERY_LOGIN_BY_CODE,
        &[
            FRESH,
            "tests/api/phone_change/changing.rs::a_change_takes_the_password_and_a_number_that_is_another_one",
            "tests/api/emails/confirming.rs::without_a_mail_server_the_password_alone_moves_it",
        ],
    ),
    Requirement::when(
        "7.5.2",
        2,
        "People see their sessions, and end them after proving themselves again",
        EVERY_LOGIN_BY_CODE,
        &[FRESH, "tests/api/v1/auth/sessions.rs::somebody_ends_one_of_their_sessions"],
    ),
    Requirement::always(
        "7.5.3",
        3,
        "What is most sensitive takes another proof",
        "leaving takes the password; the admin API a code of the last 15 minutes",
        &[
            "tests/api/v1/profile/delete.rs::leaving_takes_the_password_and_ends_every_session",
            "tests/api/administrators.rs::a_login_of_more_than_fifteen_minutes_ago_is_not_fresh_enough",
        ],
    ),
    Requirement::not_applicable(
        "7.6.1",
        2,
        "Sessions at a provider and here end as documented",
        NO_FEDERATION,
    ),
    Requirement::always(
        "7.6.2",
        2,
        "No session begins without somebody doing something for it",
        "a session begins by a password, and a code where one is due",
        &["tests/house/standards.rs::the_ways_in_are_those_that_are_documented"],
    ),
];
