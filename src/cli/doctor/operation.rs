//! What no standard among these asks for, and this server needs to be safe and cheap to run.
//!
//! Level 1 is for everybody, level 2 for whoever has something to lose.

use super::factors::{NOBODY_DEDUCED, NOTICES};
use super::lifetimes::NO_SHARED_SECRET;
use super::requirement::Requirement;
use super::shield::{
    AUDIT_MONTHS, AUDIT_RIGHTS, AUDIT_SEALS, CHALLENGE_JUDGE, GUARD, METRICS_ADDRESS,
};
use super::surroundings::{
    BUDGET, COUNTRIES, DATABASE_TLS, HASHES, HTTPS, ORIGINS, PRODUCTION, PROXIES, REQUESTS, ROLE,
    SCHEMA, SECRET_KEY, SIGNING_KEY,
};

const WEAK: &str = "tests/program/doctor.rs::each_weak_setting_turns_its_lines_and_no_others";
const BY_THE_DATABASE: &str = "tests/program/doctor.rs::what_the_database_says_turns_its_lines";
const BY_THE_AUDIT_LOG: &str = "tests/program/doctor.rs::what_the_audit_log_says_turns_its_lines";
const GRANTS_ON_ALL_TABLES: &str =
    "tests/program/doctor.rs::grants_on_all_tables_leave_the_audit_log_alone_after_a_migration";

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
        "guard",
        1,
        "Nobody earns by having texts sent",
        GUARD,
        &[
            WEAK,
            "tests/api/guard/destinations.rs::a_prefix_never_seen_gets_three_codes_and_is_then_slowed_closed_and_tried_again",
            "tests/api/guard/keeping.rs::record_sends_everything_and_writes_down_what_it_would_have_done",
        ],
    ),
    Requirement::when(
        "challenge",
        2,
        "Challenges are judged here, or by whom the setting names",
        CHALLENGE_JUDGE,
        &[
            WEAK,
            "tests/api/challenges/captchas.rs::nobody_is_let_through_where_there_is_no_judgement",
        ],
    ),
    Requirement::when(
        "metrics",
        2,
        "Figures of the operation are not for everybody",
        METRICS_ADDRESS,
        &[
            WEAK,
            "tests/program/metrics.rs::without_the_setting_nothing_listens_and_a_wrong_or_taken_address_stops_the_start",
        ],
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
        "audit-rights",
        2,
        "Whoever breaks into the server cannot change what the audit log says",
        AUDIT_RIGHTS,
        &[BY_THE_DATABASE, GRANTS_ON_ALL_TABLES],
    ),
    Requirement::when(
        "audit-months",
        2,
        "The audit log has a partition for the next month",
        AUDIT_MONTHS,
        &[
            BY_THE_AUDIT_LOG,
            "tests/api/audit/keeping.rs::months_are_made_ahead_once_and_take_their_events",
        ],
    ),
    Requirement::when(
        "audit-seals",
        2,
        "Events of the audit log are sealed soon",
        AUDIT_SEALS,
        &[
            BY_THE_AUDIT_LOG,
            "tests/api/audit/sealing.rs::what_gathered_while_nobody_sealed_is_made_up_for",
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
