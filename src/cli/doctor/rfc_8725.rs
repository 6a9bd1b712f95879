//! RFC 8725, JSON Web Token Best Current Practices: each practice of its section 3.

use super::lifetimes::KEY_ENTROPY;
use super::requirement::Requirement;

pub(super) const REQUIREMENTS: &[Requirement] = &[
    Requirement::always(
        "3.1",
        1,
        "The algorithm is the one of the key, whatever the header says",
        "each key has one",
        &[
            "tests/api/tokens.rs::only_our_algorithm_counts_whatever_the_header_says",
            "tests/api/keys/algorithms.rs::the_header_chooses_no_algorithm",
        ],
    ),
    Requirement::always(
        "3.2",
        1,
        "Algorithms are up to date",
        "EdDSA, ES256, RS256 with 3072 bits, or HS256; never none",
        &[
            "tests/api/keys/algorithms.rs::a_published_key_has_the_members_of_its_kind_and_no_private_one",
            "src/tokens/algorithm.rs::a_key_of_each_algorithm_signs_what_it_verifies_and_no_other_does",
        ],
    ),
    Requirement::always(
        "3.3",
        1,
        "A token counts only if everything in it verifies",
        "there is one signature, and nothing is nested",
        &["tests/api/tokens.rs::a_token_that_was_changed_is_refused"],
    ),
    Requirement::always(
        "3.4",
        1,
        "Inputs of the cryptography are checked",
        "AWS-LC checks them, and is held against Wycheproof's vectors",
        &[
            "src/tokens/wycheproof.rs::ecdsa_p256_vectors_are_judged_right",
            "src/tokens/wycheproof.rs::ed25519_vectors_are_judged_right",
            "src/tokens/wycheproof.rs::rsa_pkcs1_vectors_are_judged_right",
        ],
    ),
    Requirement::when(
        "3.5",
        1,
        "Keys have enough entropy; no password is a key",
        KEY_ENTROPY,
        &[
            "src/cli/doctor/lifetimes.rs::a_random_secret_is_told_from_one_that_repeats_itself",
            "tests/program/doctor.rs::what_the_standards_forbid_cannot_be_set",
        ],
    ),
    Requirement::not_applicable(
        "3.6",
        1,
        "Nothing is compressed before it is encrypted",
        "tokens are signed and not encrypted",
    ),
    Requirement::always(
        "3.7",
        1,
        "JSON is UTF-8",
        "claims in other bytes are refused",
        &["src/tokens/access.rs::claims_that_are_not_utf_8_are_refused_however_they_are_signed"],
    ),
    Requirement::always(
        "3.8",
        1,
        "Issuer and subject are checked",
        "iss must be BASE_URL, sub one of our ids",
        &["tests/api/tokens.rs::what_we_signed_for_another_use_is_no_access_token"],
    ),
    Requirement::always(
        "3.9",
        1,
        "The audience is named and checked",
        "aud must be BASE_URL",
        &["tests/api/tokens.rs::what_we_signed_for_another_use_is_no_access_token"],
    ),
    Requirement::always(
        "3.10",
        1,
        "Nothing in a token is used before it is checked",
        "kid is compared with our keys and goes nowhere else; no address in a header is followed",
        &["tests/api/tokens.rs::the_kid_chooses_among_our_keys_and_nothing_else"],
    ),
    Requirement::always(
        "3.11",
        1,
        "Tokens say of which type they are",
        "typ is at+jwt (RFC 9068), and has to be",
        &["tests/api/tokens.rs::what_we_signed_for_another_use_is_no_access_token"],
    ),
    Requirement::always(
        "3.12",
        1,
        "Kinds of tokens cannot be taken for one another",
        "refresh tokens and tickets are no JWTs; of JWTs there is one kind, told by its type",
        &[
            "tests/api/tokens.rs::what_we_signed_for_another_use_is_no_access_token",
            "src/sessions/refresh_token.rs::whatever_else_comes_is_refused",
        ],
    ),
];
