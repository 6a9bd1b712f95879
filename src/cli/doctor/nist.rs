//! NIST SP 800-63B-4 (July 2025): what it says of passwords, codes by phone, guessing and sessions.
//!
//! What it calls SHALL, and of what it calls SHOULD the times of sessions. Numbers are those of its sections;
//! a letter tells several of one section apart. Levels are its AAL.

use super::factors::{
    CODE_LENGTH, CODE_LIFETIME, CODES_OF_OURS, COMPOSITION, EVERY_LOGIN_BY_CODE, HASH_COST,
    LENGTH_BY_FACTORS, NO_REMEMBERED_DEVICE, NOTICES,
};
use super::lifetimes::{DAY_AND_HOUR, MONTH};
use super::requirement::Requirement;
use super::surroundings::HTTPS;

const WHOLE: &str = "tests/api/standards.rs::a_password_is_checked_whole_and_in_its_case";
const NO_HINTS: &str = "tests/api/standards.rs::nobody_is_asked_for_a_hint_or_a_secret_question";
const RUNS_OUT_UNUSED: &str =
    "tests/api/v1/auth/refresh.rs::a_session_runs_out_where_it_is_not_used";
const RUNS_OUT: &str = "tests/api/v1/auth/refresh.rs::a_session_runs_out_however_much_it_is_used";
const HSTS: &str = "tests/api/edge.rs::browsers_are_held_to_https_only_where_we_have_it";

pub(super) const REQUIREMENTS: &[Requirement] = &[
    Requirement::when("2.1.2", 1, "Passwords and codes travel over TLS", HTTPS, &[HSTS]),
    Requirement::when(
        "2.1.3",
        1,
        "Sessions have an end, after 30 days at most",
        MONTH,
        &[RUNS_OUT],
    ),
    Requirement::when(
        "2.2.1",
        2,
        "A login takes two different factors",
        EVERY_LOGIN_BY_CODE,
        &["tests/api/policy.rs::always_asks_each_time"],
    ),
    Requirement::not_yet(
        "2.2.2",
        2,
        "People can choose a factor that resists phishing",
        "there are no passkeys",
        "wait for a version with passkeys",
    ),
    Requirement::when(
        "2.2.3",
        2,
        "Sessions end after a day, and after an hour without use",
        DAY_AND_HOUR,
        &[RUNS_OUT, RUNS_OUT_UNUSED],
    ),
    Requirement::when(
        "3.1.1.2 a",
        1,
        "Passwords have 15 characters, or 8 where they are never the only factor",
        LENGTH_BY_FACTORS,
        &["tests/api/v1/auth/register.rs::length_and_composition_are_settings"],
    ),
    Requirement::always(
        "3.1.1.2 b",
        1,
        "Each code point counts as one character",
        "length is counted so, of the shorter of what was typed and what it is normalised to",
        &["tests/passwords/policy.rs::length_is_counted_in_code_points"],
    ),
    Requirement::when(
        "3.1.1.2 c",
        1,
        "No kinds of characters are asked for",
        COMPOSITION,
        &["tests/passwords/policy.rs::good_passwords_are_taken_whatever_they_are_made_of"],
    ),
    Requirement::always(
        "3.1.1.2 d",
        1,
        "Passwords need no change after some time, but one after a theft",
        "none runs out; a reset ends what the old one opened",
        &[
            "tests/api/standards.rs::a_password_is_good_for_years",
            "tests/api/v1/admin/users/reset_password.rs::the_password_that_is_told_opens_the_account_and_the_old_one_does_not",
        ],
    ),
    Requirement::always(
        "3.1.1.2 e",
        1,
        "There are no hints",
        "there is no field for one",
        &[NO_HINTS],
    ),
    Requirement::always(
        "3.1.1.2 f",
        1,
        "There are no secret questions",
        "there is no field for one",
        &[NO_HINTS],
    ),
    Requirement::always(
        "3.1.1.2 g",
        1,
        "The whole password is checked",
        "nothing is cut",
        &[WHOLE],
    ),
    Requirement::always(
        "3.1.1.2 h",
        1,
        "New passwords are held against a list of what is guessed first",
        "the most used, and the words of the service",
        &[
            "tests/passwords/policy.rs::the_most_used_are_refused_in_whatever_case_and_form",
            "tests/api/standards.rs::the_name_of_the_service_makes_no_password_anywhere",
        ],
    ),
    Requirement::not_yet(
        "3.1.1.2 i",
        1,
        "… as a whole and not by what they contain",
        "one's own address or number is refused anywhere in a password",
        "nothing to set: this server is stricter here by choice (docs/decisions/0031)",
    ),
    Requirement::always(
        "3.1.1.2 j",
        1,
        "Who is refused a password is told why, and how to find a better one",
        "each rule has its sentence",
        &[
            "tests/api/v1/auth/register.rs::a_password_that_would_be_guessed_is_refused_with_the_reason",
            "tests/passwords/policy.rs::every_reason_has_its_code_and_its_sentence",
        ],
    ),
    Requirement::always(
        "3.1.1.2 k",
        1,
        "Guesses at a password are limited for the account",
        "for each account, over all addresses and replicas",
        &[
            "tests/api/password_guesses/waits.rs::from_many_blocks_the_account_is_slowed_after_twenty_and_shut_after_a_hundred",
            "tests/api/password_guesses/races.rs::sixty_four_at_once_from_as_many_blocks_spend_twenty",
        ],
    ),
    Requirement::always(
        "3.1.1.2 l",
        1,
        "Password managers and filling in are allowed",
        "the pages that are served name their fields for them",
        &["src/pages/tests.rs::passwords_are_masked_and_open_to_paste_and_to_password_managers"],
    ),
    Requirement::when("3.1.1.2 m", 1, "Passwords are asked for over TLS", HTTPS, &[HSTS]),
    Requirement::when(
        "3.1.1.2 n",
        1,
        "Passwords are salted and hashed at a cost, with a salt of 32 bits at least",
        HASH_COST,
        &[
            "tests/api/secrets.rs::a_password_is_kept_as_argon2id_with_a_salt_of_its_own",
            "tests/passwords/vectors.rs::our_hash_is_the_one_the_reference_implementation_makes",
            "tests/api/secrets.rs::a_login_brings_an_older_hash_up_to_todays_cost",
        ],
    ),
    Requirement::always(
        "3.1.3.1",
        1,
        "E-mail carries no codes for a login",
        "texts and calls do",
        &["tests/house/standards.rs::the_ways_in_are_those_that_are_documented"],
    ),
    Requirement::when(
        "3.1.3.2 a",
        1,
        "A code is good for ten minutes at most",
        CODE_LIFETIME,
        &[
            "tests/api/clock.rs::a_code_is_good_for_five_minutes",
            "tests/program/doctor.rs::what_the_standards_forbid_cannot_be_set",
        ],
    ),
    Requirement::always(
        "3.1.3.2 b",
        1,
        "A code is good once",
        "one statement uses it up",
        &["tests/api/v1/auth/verify_otp.rs::the_right_code_counts_once"],
    ),
    Requirement::when(
        "3.1.3.2 c",
        1,
        "A code has six digits",
        CODE_LENGTH,
        &["src/foundation/entropy.rs::codes_have_the_length_asked_for_and_differ"],
    ),
    Requirement::when(
        "3.1.3.2 d",
        1,
        "… drawn from an approved generator",
        CODES_OF_OURS,
        &["src/foundation/entropy.rs::every_digit_has_the_same_number_of_bytes"],
    ),
    Requirement::always(
        "3.1.3.2 e",
        1,
        "A new code does not wipe out the wrong ones",
        "wrong codes are counted for the user and the number, over all codes",
        &[
            "tests/api/wrong_codes.rs::of_150_wrong_codes_with_a_new_code_after_each_three_only_the_budget_is_judged",
        ],
    ),
    Requirement::always(
        "3.1.3.3 a",
        1,
        "Who cannot be reached by phone has another factor",
        "an authenticator app (docs/totp.md)",
        &["tests/api/totp.rs::a_code_of_the_app_ends_a_login_and_no_text_is_sent"],
    ),
    Requirement::when(
        "3.1.3.3 b",
        2,
        "Another number takes a login with both factors, and its owner is told",
        NOTICES,
        &[
            "tests/api/phone_change/changing.rs::a_number_is_changed_by_the_password_and_a_code_to_the_new_one",
            "tests/api/phone_change/changing.rs::the_old_number_is_told_in_the_language_of_the_account_and_without_a_code",
            "tests/api/phone_change/telling.rs::the_link_in_the_e_mail_about_a_change_undoes_it",
        ],
    ),
    Requirement::not_yet(
        "3.2.2 a",
        1,
        "100 wrong codes in a row disable the factor",
        "they make it wait, up to a day each, and make codes longer, but never shut it for good",
        "nothing to set: who else could shut it would be anybody (docs/decisions/0033)",
    ),
    Requirement::always(
        "3.2.2 b",
        1,
        "100 wrong passwords in a row disable the password",
        "on all devices that are not known; a known one, a reset or an operator ends it",
        &[
            "tests/api/password_guesses/races.rs::the_hundredth_is_the_last_however_many_race_on_two_replicas",
            "tests/api/password_guesses/owner.rs::after_a_hundred_in_a_row_a_new_password_opens_the_account",
        ],
    ),
    Requirement::always(
        "3.2.9",
        1,
        "Who offers codes by phone tells of their risk, and offers another factor",
        "answers after a code by phone say so, and name the app",
        &["tests/api/totp.rs::whoever_is_sent_a_text_is_told_of_the_risk_and_of_the_app"],
    ),
    Requirement::always(
        "3.2.12",
        1,
        "Random values come from an approved generator",
        "from the system's, for tickets, tokens, salts and keys",
        &["src/foundation/opaque_token.rs::tokens_have_256_bits_and_are_never_shown"],
    ),
    Requirement::always(
        "5.1 a",
        1,
        "A session's secret is made at the login, of 64 random bits at least",
        "of 256",
        &["tests/api/v1/auth/refresh.rs::a_login_is_given_a_refresh_token_with_or_without_a_code"],
    ),
    Requirement::when(
        "5.1 b",
        2,
        "No remembered browser takes the place of a factor",
        NO_REMEMBERED_DEVICE,
        &["tests/api/policy.rs::always_asks_each_time"],
    ),
    Requirement::always(
        "5.1 c",
        1,
        "Logging out makes it invalid",
        "within a second on every replica",
        &["tests/api/v1/auth/logout.rs::a_session_ends_and_the_others_go_on"],
    ),
    Requirement::when("5.1 d", 1, "Sessions never fall back to http", HTTPS, &[HSTS]),
    Requirement::always(
        "5.1 e",
        1,
        "Requests that change something cannot be made by other sites",
        "a bearer token is no cookie; the cookie counts for pages of ours only",
        &["tests/api/v1/auth/refresh_token.rs::a_page_of_somebody_else_cannot_use_the_cookie"],
    ),
    Requirement::always(
        "5.1.1",
        1,
        "Cookies go over https, to this host only, and say nothing of the person",
        "__Host-, Secure, HttpOnly, SameSite=Strict; random",
        &["tests/api/v1/auth/refresh_token.rs::a_browser_keeps_the_token_where_no_script_reads_it"],
    ),
    Requirement::always(
        "5.2",
        1,
        "A session ends at whichever of its two times comes first",
        "and using it puts off the one for unused sessions",
        &[RUNS_OUT, RUNS_OUT_UNUSED],
    ),
];
