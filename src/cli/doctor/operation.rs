//! What no standard among these asks for, and this server needs to be safe and cheap to run.
//!
//! Level 1 is for everybody, level 2 for whoever has something to lose.

use super::factors::{NOBODY_DEDUCED, NOTICES};
use super::lifetimes::NO_SHARED_SECRET;
use super::requirement::Requirement;
use super::surroundings::{
    BUDGET, COUNTRIES, DATABASE_TLS, HASHES, HTTPS, ORIGINS, PRODUCTION, PROXIES, REQUESTS, ROLE,
    SCHEMA, SECRET_KEY, SIGNING_KEY,
};

const WEAK: &str = "tests/program/doctor.rs::each_weak_setting_turns_its_lines_and_no_others";
const BY_THE_DATABASE: &str = "tests/program/doctor.rs::what_the_database_says_turns_its_lines";

pub(super) const REQUIREMENTS: &[Requirement] = &[
    Requirement::when(
        "production",
        1,
        "Nothing is on that is for developers",
        PRODUCTION,
        &[WEAK, "tests/program/refusals.rs::production_refuses_what_would_let_anybody_in"],
    ),
    Requirement::when("https", 1, "People reach the server over TLS", HTTPS, &[WEAK]),
    Requirement::when(
        "proxies",
        1,
        "Limits see the addresses of clients, and clients cannot make them up",
        PROXIES,
        &[WEAK, "tests/api/limits.rs::a_forged_forwarded_header_buys_nothing"],
    ),
    Requirement::when(
        "requests",
        1,
        "One address can ask only so often",
        REQUESTS,
        &[WEAK, "tests/api/limits.rs::the_guarded_routes_have_the_stricter_limit_and_share_it"],
    ),
    Requirement::when(
        "countries",
        1,
        "Texts go to countries that have been chosen",
        COUNTRIES,
        &[WEAK, "tests/api/destinations.rs::a_country_that_is_allowed_no_more_gets_no_more_codes"],
    ),
    Requirement::when(
        "budget",
        1,
        "Texts cost no more than their owner wants",
        BUDGET,
        &[WEAK, "tests/api/money/races.rs::replicas_that_race_spend_no_more_than_there_is"],
    ),
    Requirement::when(
        "enumeration",
        1,
        "Failed logins and codes do not tell who has an account",
        NOBODY_DEDUCED,
        &[WEAK, "tests/api/uniformity.rs::an_unknown_user_and_a_wrong_password_are_answered_alike"],
    ),
    Requirement::when(
        "schema",
        1,
        "The schema is the one of this version",
        SCHEMA,
        &[
            BY_THE_DATABASE,
            "tests/program/refusals.rs::a_schema_that_is_behind_is_refused_with_the_mend",
        ],
    ),
    Requirement::when(
        "database-tls",
        1,
        "The other side of the connection is the database",
        DATABASE_TLS,
        &[WEAK],
    ),
    Requirement::when(
        "database-role",
        2,
        "Whoever breaks into the server cannot change the schema",
        ROLE,
        &[
            BY_THE_DATABASE,
            "tests/program/walk.rs::a_role_that_may_do_no_more_than_documented_is_enough",
        ],
    ),
    Requirement::when(
        "notices",
        2,
        "People are told of what happens to their account",
        NOTICES,
        &[WEAK, "tests/api/emails/notices.rs::whose_password_was_changed_or_reset_is_told"],
    ),
    Requirement::when("origins", 2, "Pages that may call come over TLS", ORIGINS, &[WEAK]),
    Requirement::when(
        "shared-secret",
        2,
        "Who checks tokens cannot make them",
        NO_SHARED_SECRET,
        &[WEAK, "tests/api/well_known.rs::the_public_keys_are_there_to_be_kept_for_a_while"],
    ),
    Requirement::when(
        "signing-key",
        2,
        "Signing keys are replaced",
        SIGNING_KEY,
        &[
            WEAK,
            BY_THE_DATABASE,
            "tests/api/keys/life.rs::a_key_is_followed_by_another_when_it_is_old",
        ],
    ),
    Requirement::when(
        "hashes",
        2,
        "No password is kept under the hash of another system",
        HASHES,
        &[
            BY_THE_DATABASE,
            "tests/program/import.rs::who_was_imported_logs_in_with_the_old_password_and_gets_a_hash_of_ours",
        ],
    ),
    Requirement::when(
        "secret-key",
        3,
        "No master key is kept that is no longer needed",
        SECRET_KEY,
        &[
            WEAK,
            "tests/api/keys/secret_key.rs::signing_keys_are_encrypted_anew_under_the_first_key_once",
        ],
    ),
];
