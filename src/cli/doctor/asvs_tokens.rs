//! OWASP ASVS 5.0, V9: tokens that are checked by what they hold.

use super::requirement::Requirement;

pub(super) const REQUIREMENTS: &[Requirement] = &[
    Requirement::always(
        "9.1.1",
        1,
        "A signature is checked before anything is believed",
        "before the claims are read",
        &[
            "tests/api/tokens.rs::a_token_that_was_changed_is_refused",
            "src/tokens/access.rs::any_changed_character_of_a_token_that_was_good_a_moment_ago_is_refused",
        ],
    ),
    Requirement::always(
        "9.1.2",
        1,
        "Algorithms are those of a list, without \"none\", and of one kind",
        "each key has one algorithm; keys of ours or a shared secret, never both",
        &[
            "tests/api/tokens.rs::only_our_algorithm_counts_whatever_the_header_says",
            "tests/api/tokens.rs::neither_kind_of_key_passes_for_the_other",
            "tests/api/keys/algorithms.rs::the_header_chooses_no_algorithm",
        ],
    ),
    Requirement::always(
        "9.1.3",
        1,
        "Keys come from where they were configured, not from the token",
        "kid is looked up among our keys; jku, x5u and jwk are not read",
        &["tests/api/tokens.rs::the_kid_chooses_among_our_keys_and_nothing_else"],
    ),
    Requirement::always(
        "9.2.1",
        1,
        "A token counts within its time only",
        "nbf and exp are checked, without leeway",
        &[
            "tests/api/clock.rs::a_token_is_good_for_fifteen_minutes",
            "src/tokens/access.rs::a_token_that_was_good_a_moment_ago_is_refused_when_its_time_is_over_or_has_not_come",
        ],
    ),
    Requirement::always(
        "9.2.2",
        2,
        "A token counts for its own purpose only",
        "typ must be at+jwt",
        &["tests/api/tokens.rs::what_we_signed_for_another_use_is_no_access_token"],
    ),
    Requirement::always(
        "9.2.3",
        2,
        "A token counts for its own audience only",
        "aud must be BASE_URL",
        &[
            "tests/api/tokens.rs::what_we_signed_for_another_use_is_no_access_token",
            "tests/api/tokens.rs::the_token_of_another_server_is_refused",
        ],
    ),
    Requirement::always(
        "9.2.4",
        2,
        "Tokens under one key name their audience",
        "there is one audience, BASE_URL, and every token names it",
        &["tests/api/tokens.rs::a_token_says_what_the_contract_promises"],
    ),
];
