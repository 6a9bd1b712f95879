//! OWASP ASVS 5.0, V6.3 and V6.4: authentication as a whole, and the life of its factors.

use super::factors::{DEVICE_NOTICES, EVERY_LOGIN_BY_CODE, NOTICES};
use super::requirement::Requirement;

pub(super) const REQUIREMENTS: &[Requirement] = &[
    Requirement::always(
        "6.3.1",
        1,
        "Guessing and stuffing of passwords are slowed as documented",
        "for an account in a block, for an account over all, and where many accounts are tried",
        &[
            "tests/api/password_guesses/waits.rs::after_ten_wrong_ones_from_a_block_the_wait_doubles_up_to_a_day",
            "tests/api/password_guesses/waits.rs::from_many_blocks_the_account_is_slowed_after_twenty_and_shut_after_a_hundred",
            "tests/api/password_guesses/races.rs::sixty_four_at_once_from_as_many_blocks_spend_twenty",
            "tests/api/password_guesses/stuffing.rs::a_true_pair_from_a_block_that_stuffs_needs_a_code",
            "tests/api/password_guesses/stuffing.rs::a_true_pair_needs_a_code_while_many_blocks_stuff",
            "tests/api/password_guesses/owner.rs::the_owner_logs_in_on_a_known_device_while_a_thousand_blocks_guess",
        ],
    ),
    Requirement::always(
        "6.3.2",
        1,
        "There are no default accounts",
        "the migrations write no row of anybody",
        &["tests/api/standards.rs::a_new_database_has_no_account_and_no_usual_one_gets_in"],
    ),
    Requirement::when(
        "6.3.3",
        2,
        "Each login takes more than one factor",
        EVERY_LOGIN_BY_CODE,
        &[
            "tests/api/policy.rs::always_asks_each_time",
            "tests/api/v1/auth/verify_otp.rs::a_ticket_without_a_code_has_nothing_to_verify",
        ],
    ),
    Requirement::not_yet(
        "6.3.3 L3",
        3,
        "… one of them hardware that resists phishing",
        "codes are by phone; there are no passkeys",
        "wait for a version with passkeys",
    ),
    Requirement::always(
        "6.3.4",
        2,
        "No way in is undocumented or weaker than the others",
        "tokens come of login, verify-otp and refresh only; a new password opens nothing",
        &[
            "tests/house/standards.rs::the_ways_in_are_those_that_are_documented",
            "tests/api/v1/auth/password/reset.rs::the_next_login_asks_for_its_code_all_the_same",
            "tests/api/account_routes.rs::no_route_opens_without_a_good_token",
        ],
    ),
    Requirement::when(
        "6.3.5",
        3,
        "People are told of suspicious sign-ins",
        DEVICE_NOTICES,
        &[
            "tests/api/emails/notices.rs::a_device_is_news_unless_it_is_the_first_or_known",
            "tests/api/password_guesses/telling.rs::the_person_is_told_once_that_the_account_is_shut",
        ],
    ),
    Requirement::always(
        "6.3.6",
        3,
        "E-mail is no factor",
        "its links prove an address or undo a change; none answers a token or takes a factor's place",
        &[
            "tests/house/standards.rs::the_ways_in_are_those_that_are_documented",
            "tests/api/emails/confirming.rs::a_token_alone_does_not_move_an_address",
        ],
    ),
    Requirement::when(
        "6.3.7",
        3,
        "People are told when what they sign in with has changed",
        NOTICES,
        &[
            "tests/api/emails/notices.rs::whose_password_was_changed_or_reset_is_told",
            "tests/api/emails/confirming.rs::another_address_counts_once_its_link_is_opened_and_the_old_one_is_told",
            "tests/api/phone_change/telling.rs::the_link_in_the_e_mail_about_a_change_undoes_it",
            "tests/api/emails/notices.rs::who_gets_or_loses_an_authenticator_app_is_told",
        ],
    ),
    Requirement::not_yet(
        "6.3.8",
        3,
        "Nobody learns who has an account, at sign-up neither",
        "even with USER_ENUMERATION=strict the ticket of a taken address can be tried",
        "nothing to set; strict leaves the least to learn",
    ),
    Requirement::always(
        "6.4.1",
        1,
        "Passwords that the system makes up are random, short-lived and not for keeps",
        "of 120 bits, for 24 hours, and for a login that brings one of the person's own",
        &[
            "src/passwords/generated.rs::every_password_is_another_and_fits_the_policy_that_asks_for_most",
            "tests/api/handed_out_passwords.rs::it_opens_nothing_until_the_person_brings_one_of_their_own",
            "tests/api/handed_out_passwords.rs::after_24_hours_it_is_answered_like_a_wrong_one",
            "tests/program/users.rs::a_reset_gives_another_password_and_ends_the_sessions",
        ],
    ),
    Requirement::always(
        "6.4.2",
        1,
        "There are no hints and no secret questions",
        "there is no field for one",
        &["tests/api/standards.rs::nobody_is_asked_for_a_hint_or_a_secret_question"],
    ),
    Requirement::always(
        "6.4.3",
        2,
        "A new password for a forgotten one goes round no other factor",
        "a code to the proven phone sets it, opens no session, and the next login asks for its code",
        &[
            "tests/api/v1/auth/password/reset.rs::the_code_sets_the_password_ends_every_session_and_gives_no_token",
            "tests/api/v1/auth/password/reset.rs::the_next_login_asks_for_its_code_all_the_same",
            "tests/api/v1/auth/password/forgot.rs::nothing_is_sent_to_a_number_that_nobody_has_proven",
        ],
    ),
    Requirement::always(
        "6.4.4",
        2,
        "A lost factor is replaced by no less proof than it was enrolled with",
        "another number takes a session, the password and a code to that number",
        &[
            "tests/api/phone_change/changing.rs::a_number_is_changed_by_the_password_and_a_code_to_the_new_one",
            "tests/api/phone_change/changing.rs::nobody_changes_a_number_without_a_token_that_is_good",
        ],
    ),
    Requirement::not_applicable(
        "6.4.5",
        3,
        "Factors that run out are renewed in time",
        "neither passwords nor numbers run out",
    ),
    Requirement::not_yet(
        "6.4.6",
        3,
        "Administrators can begin a reset and never know the password",
        "the password that is made is shown to the administrator",
        "let people use password/forgot; lock the account in the meantime",
    ),
];
