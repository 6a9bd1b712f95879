//! OWASP ASVS 5.0, V6.1 and V6.2: what is documented, and passwords.

use super::factors::{COMPOSITION, LENGTH, MOST_USED_REFUSED};
use super::requirement::Requirement;

pub(super) const REQUIREMENTS: &[Requirement] = &[
    Requirement::always(
        "6.1.1",
        1,
        "What slows guessing and stuffing is documented, and how it shuts nobody out",
        "docs/operations.md has each limit, and that owners get in on devices that are known",
        &[
            "src/passwords/lockout.rs::the_documented_waits_are_the_ones_in_force",
            "src/passwords/stuffing.rs::the_documented_thresholds_are_the_ones_in_force",
            "tests/api/password_guesses/owner.rs::the_owner_logs_in_on_a_known_device_while_a_thousand_blocks_guess",
        ],
    ),
    Requirement::always(
        "6.1.2",
        2,
        "The words of the service that make a password easy to guess are listed",
        "docs/hardening.md has the list; PASSWORD_CONTEXT_WORDS adds to it",
        &["tests/house/standards.rs::the_documented_context_words_are_the_ones_in_force"],
    ),
    Requirement::always(
        "6.1.3",
        2,
        "Every way in is documented with what it asks for",
        "docs/hardening.md has each operation that answers tokens or changes a credential",
        &["tests/house/standards.rs::the_ways_in_are_those_that_are_documented"],
    ),
    Requirement::when(
        "6.2.1",
        1,
        "Passwords have at least 8 characters; 15 are recommended",
        LENGTH,
        &[
            "tests/passwords/policy.rs::the_least_length_can_be_raised_but_not_below_what_nist_asks_for",
            "tests/api/v1/auth/register.rs::length_and_composition_are_settings",
        ],
    ),
    Requirement::always(
        "6.2.2",
        1,
        "People can change their password",
        "POST /auth/password/change",
        &["tests/api/v1/auth/password/change.rs::the_new_password_counts_and_the_old_one_does_not"],
    ),
    Requirement::always(
        "6.2.3",
        1,
        "A change takes the present password and the new one",
        "both are required fields",
        &[
            "tests/api/v1/auth/password/change.rs::a_wrong_present_password_changes_nothing",
            "tests/api/v1/auth/password/change.rs::fields_are_asked_for_and_others_refused",
        ],
    ),
    Requirement::when(
        "6.2.4",
        1,
        "The 3,000 most used passwords that the rules would let through are refused",
        MOST_USED_REFUSED,
        &[
            "src/passwords/most_used.rs::the_list_is_sorted_unique_and_long",
            "tests/passwords/policy.rs::the_most_used_are_refused_in_whatever_case_and_form",
            "tests/passwords/policy.rs::of_the_most_used_those_within_reach_are_counted",
        ],
    ),
    Requirement::when(
        "6.2.5",
        1,
        "Any kind of character is taken and none is asked for",
        COMPOSITION,
        &["tests/passwords/policy.rs::good_passwords_are_taken_whatever_they_are_made_of"],
    ),
    Requirement::always(
        "6.2.6",
        1,
        "Fields for passwords are masked",
        "the pages that are served use type=password",
        &["src/pages/tests.rs::passwords_are_masked_and_open_to_paste_and_to_password_managers"],
    ),
    Requirement::always(
        "6.2.7",
        1,
        "Pasting and password managers are allowed",
        "the pages that are served name their fields for managers and hinder no paste",
        &["src/pages/tests.rs::passwords_are_masked_and_open_to_paste_and_to_password_managers"],
    ),
    Requirement::always(
        "6.2.8",
        1,
        "A password is checked as it was given, neither cut nor in another case",
        "nothing is cut, trimmed or folded; only its Unicode form is made one",
        &[
            "tests/api/standards.rs::a_password_is_checked_whole_and_in_its_case",
            "tests/api/v1/auth/login.rs::the_same_password_is_right_in_every_unicode_form",
        ],
    ),
    Requirement::always(
        "6.2.9",
        2,
        "Passwords of 64 characters and more are allowed",
        "256 characters are",
        &["tests/api/standards.rs::a_password_is_checked_whole_and_in_its_case"],
    ),
    Requirement::always(
        "6.2.10",
        2,
        "No password has to be changed after some time",
        "none runs out",
        &["tests/api/standards.rs::a_password_is_good_for_years"],
    ),
    Requirement::always(
        "6.2.11",
        2,
        "The documented words of the service make no password",
        "they do not count towards eight characters",
        &[
            "tests/passwords/policy.rs::words_of_the_service_do_not_count_towards_eight_characters",
            "tests/api/standards.rs::the_name_of_the_service_makes_no_password_anywhere",
        ],
    ),
    Requirement::always(
        "6.2.12",
        2,
        "New passwords are held against a set of breached ones",
        "19,640 that breaches brought to light most often (data/README.md), at each new password",
        &[
            "tests/api/v1/auth/register.rs::a_password_that_would_be_guessed_is_refused_with_the_reason",
            "tests/api/v1/auth/password/change.rs::a_new_password_is_refused_with_the_reason_before_anything_is_hashed",
            "tests/api/v1/auth/password/reset.rs::a_refused_password_costs_neither_a_guess_nor_a_hash",
        ],
    ),
];
