//! OWASP ASVS 5.0, V6.5 to V6.8: codes, and the factors that there are not.

use super::factors::{BOUND_BY_TICKET, CODE_LENGTH, CODE_LIFETIME, CODES_OF_OURS, GUESSES};
use super::requirement::Requirement;

const NO_LOOKUP_SECRETS: &str = "there are no lookup secrets; codes are kept as keyed hashes";
const NO_IDENTITY_PROVIDER: &str = "nobody signs in through another identity provider";
const NO_CERTIFICATES: &str = "nobody signs in by certificates or hardware keys";

pub(super) const REQUIREMENTS: &[Requirement] = &[
    Requirement::always(
        "6.5.1",
        2,
        "A code is good once",
        "one statement uses it up",
        &[
            "tests/api/v1/auth/verify_otp.rs::the_right_code_counts_once",
            "tests/api/races.rs::eight_racing_right_codes_give_one_token",
            "tests/api/replicas.rs::a_code_that_64_enter_gives_one_token",
            "tests/api/totp.rs::of_all_who_enter_one_code_at_once_one_is_let_in",
        ],
    ),
    Requirement::not_applicable(
        "6.5.2",
        2,
        "Lookup secrets are hashed as passwords are",
        NO_LOOKUP_SECRETS,
    ),
    Requirement::when(
        "6.5.3",
        2,
        "Codes come from a cryptographic generator",
        CODES_OF_OURS,
        &[
            "src/foundation/entropy.rs::every_digit_has_the_same_number_of_bytes",
            "src/foundation/entropy.rs::codes_have_the_length_asked_for_and_differ",
        ],
    ),
    Requirement::when(
        "6.5.4",
        2,
        "Codes have 20 bits of entropy: six digits",
        CODE_LENGTH,
        &["src/foundation/entropy.rs::codes_have_the_length_asked_for_and_differ"],
    ),
    Requirement::when(
        "6.5.5",
        2,
        "A code is good for ten minutes at most",
        CODE_LIFETIME,
        &[
            "tests/api/clock.rs::a_code_is_good_for_five_minutes",
            "tests/api/clock.rs::the_life_of_a_code_is_a_setting",
            "tests/program/doctor.rs::what_the_standards_forbid_cannot_be_set",
        ],
    ),
    Requirement::always(
        "6.5.6",
        3,
        "Any factor can be revoked",
        "people change password and number, which ends sessions and forgets devices, and take apps away; accounts can be locked",
        &[
            "tests/api/totp.rs::a_text_is_there_for_who_asks_and_without_the_app",
            "tests/api/phone_change/changing.rs::a_change_ends_the_other_sessions_and_forgets_the_devices",
            "tests/api/v1/auth/password/reset.rs::no_device_is_known_any_more",
            "tests/api/v1/admin/users/lock.rs::a_locked_user_has_no_session_and_cannot_log_in_until_unlocked",
        ],
    ),
    Requirement::not_applicable(
        "6.5.7",
        3,
        "Biometrics are a second factor only",
        "there are no biometrics",
    ),
    Requirement::always(
        "6.5.8",
        3,
        "Codes by time go by a trusted clock",
        "by the server's; what a client says of the time is not read",
        &["tests/api/totp.rs::a_code_of_the_app_counts_once_and_in_its_time"],
    ),
    Requirement::always(
        "6.6.1",
        2,
        "Texts and calls go to proven numbers, beside a stronger factor, with a word on their risk",
        "codes by app are there for everybody; who begins with one is told of texts' risk (docs/totp.md)",
        &[
            "tests/api/totp.rs::a_code_of_the_app_ends_a_login_and_no_text_is_sent",
            "tests/api/totp.rs::whoever_is_sent_a_text_is_told_of_the_risk_and_of_the_app",
            "tests/api/v1/auth/password/forgot.rs::nothing_is_sent_to_a_number_that_nobody_has_proven",
        ],
    ),
    Requirement::when(
        "6.6.2",
        2,
        "A code counts for the request that it was sent for and for no other",
        BOUND_BY_TICKET,
        &[
            "tests/api/uniformity.rs::a_ticket_can_be_required",
            "tests/api/v1/auth/request_otp.rs::a_new_code_kills_the_old_one",
            "tests/api/v1/auth/verify_otp.rs::the_code_of_one_person_is_worth_nothing_for_another",
            "tests/api/v1/auth/password/reset.rs::a_code_is_good_for_what_it_was_sent_for_and_for_nothing_else",
        ],
    ),
    Requirement::when(
        "6.6.3",
        2,
        "Guesses at codes are limited",
        GUESSES,
        &[
            "tests/api/wrong_codes.rs::of_150_wrong_codes_with_a_new_code_after_each_three_only_the_budget_is_judged",
            "tests/api/races.rs::racing_wrong_codes_get_no_guess_more_than_allowed",
            "src/otp/lockout.rs::a_hundred_wrong_codes_take_more_than_five_days",
        ],
    ),
    Requirement::not_applicable(
        "6.6.4",
        3,
        "Nobody is bombed with push messages",
        "there are no push messages",
    ),
    Requirement::not_applicable(
        "6.7.1",
        3,
        "Certificates that verify assertions are protected",
        NO_CERTIFICATES,
    ),
    Requirement::not_applicable(
        "6.7.2",
        3,
        "A challenge has 64 bits and comes once",
        NO_CERTIFICATES,
    ),
    Requirement::not_applicable(
        "6.8.1",
        2,
        "An identity belongs to its provider",
        NO_IDENTITY_PROVIDER,
    ),
    Requirement::not_applicable(
        "6.8.2",
        2,
        "Assertions of other providers are verified",
        NO_IDENTITY_PROVIDER,
    ),
    Requirement::not_applicable("6.8.3", 2, "SAML assertions are good once", NO_IDENTITY_PROVIDER),
    Requirement::not_applicable(
        "6.8.4",
        2,
        "The strength that a provider tells is looked at",
        NO_IDENTITY_PROVIDER,
    ),
];
