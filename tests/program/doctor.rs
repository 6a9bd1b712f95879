//! `ringfence doctor` on an installation as docs/hardening.md has it, and on weaker ones.

use std::collections::BTreeSet;

use ringfence::cli::doctor::{Rule, STANDARDS};
use serde_json::Value;
use sqlx::AssertSqlSafe;

use super::installation::SECRET_KEY;
use super::patient::{Patient, name};

/// A second key of 32 bytes.
const OTHER_KEY: &str = "b3RoZXItc2VjcmV0LWtleS1mb3ItdGVzdHMtcHJvZ3I=";

/// The lines that hold with no setting at all.
fn never(level: u8) -> BTreeSet<String> {
    let all = STANDARDS.iter().flat_map(|standard| {
        standard.requirements().map(move |requirement| (standard.key, requirement))
    });
    let never = all.filter(|(_, it)| it.level <= level && matches!(it.rule, Rule::NotYet { .. }));
    never.map(|(key, requirement)| format!("{key} {}", requirement.id)).collect()
}

#[tokio::test]
async fn of_the_documented_configuration_all_holds_that_can() {
    let patient = Patient::new("patient_sound").await;
    for level in [1, 2] {
        let fails = patient.fails(&[], &["--level", &level.to_string()]).await;
        assert_eq!(fails, never(level), "level {level}");
    }
    let at_level_3 = patient.fails(&[], &["--level", "3"]).await;
    let never = never(3);
    let by_setting: Vec<_> = at_level_3.difference(&never).collect();
    assert_eq!(
        by_setting,
        ["asvs 6.3.5"],
        "nobody is told of devices where each login takes a code"
    );
}

/// Settings, and the lines that they turn.
type Weakness = (&'static [(&'static str, &'static str)], &'static [&'static str]);

/// Settings that are weaker, and the lines that turn with them.
const WEAK: [Weakness; 31] = [
    (&[("APP_ENV", "test")], &["operation production"]),
    (&[("APP_ENV", "test"), ("VERIFICATION_PROVIDER", "console")], &["operation production"]),
    (
        &[("BASE_URL", "http://auth.acme.example")],
        &["nist 2.1.2", "nist 3.1.1.2 m", "nist 5.1 d", "operation https"],
    ),
    (&[("TRUSTED_PROXIES", "")], &["operation proxies"]),
    (&[("TRUSTED_PROXIES", "10.0.0.0/8,::/0")], &["operation proxies"]),
    (&[("FRONTEND_URL", "http://app.acme.example")], &["operation origins"]),
    (&[("RATE_LIMIT_AUTH_MAX_REQUESTS", "101")], &["operation requests"]),
    (&[("RATE_LIMIT_WINDOW_MS", "60000")], &["operation requests"]),
    (&[("ALLOWED_COUNTRIES", "*")], &["operation countries"]),
    (&[("SMS_BUDGET_DAILY", "")], &["operation budget"]),
    (
        &[
            ("VERIFICATION_PROVIDER", "plivo,sinch"),
            ("SINCH_APP_KEY", "key"),
            ("SINCH_APP_SECRET", "BeIukql3pTKJ8RGL5zo0DA=="),
        ],
        &["asvs 6.5.3", "asvs 6.5.4", "nist 3.1.3.2 c", "nist 3.1.3.2 d"],
    ),
    (
        &[("OTP_POLICY", "enrollment")],
        &["asvs 6.3.3", "asvs 7.5.1", "asvs 7.5.2", "nist 2.2.1", "nist 3.1.1.2 a"],
    ),
    (
        &[("OTP_POLICY", "new-device"), ("PASSWORD_MIN_LENGTH", "15")],
        &["asvs 6.2.4", "asvs 6.3.3", "asvs 7.5.1", "asvs 7.5.2", "nist 2.2.1", "nist 5.1 b"],
    ),
    (&[("LOGIN_TICKET", "optional")], &["asvs 6.6.2"]),
    (&[("USER_ENUMERATION", "reveal")], &["operation enumeration"]),
    (&[("SMTP_URL", ""), ("EMAIL_FROM", "")], &["nist 3.1.3.3 b", "operation notices"]),
    (&[("PASSWORD_MIN_LENGTH", "10")], &["asvs 6.2.4"]),
    (&[("PASSWORD_COMPOSITION", "mixed")], &["asvs 6.2.5", "nist 3.1.1.2 c"]),
    (&[("ARGON2_MEMORY_KIB", "12288")], &["nist 3.1.1.2 n"]),
    (&[("OTP_WRONG_PER_HOUR", "11")], &["asvs 6.6.3"]),
    (&[("OTP_MAX_ATTEMPTS", "11")], &["asvs 6.6.3"]),
    (&[("SESSION_IDLE_TTL", "2h")], &["nist 2.2.3"]),
    (&[("SESSION_ABSOLUTE_TTL", "31d")], &["nist 2.1.3", "nist 2.2.3"]),
    (&[("JWT_EXPIRES_IN", "61m")], &["asvs 7.3.1", "asvs 7.3.2", "asvs 7.4.1"]),
    (
        &[("JWT_SECRET", "hunter2-hunter2-hunter2-hunter2-")],
        &["operation shared-secret", "rfc8725 3.5"],
    ),
    (&[("SIGNING_KEY_MAX_AGE", "never")], &["operation signing-key"]),
    (&[("GUARD", "record")], &["operation guard"]),
    (&[("GUARD", "off")], &["operation guard"]),
    (
        &[
            ("CHALLENGE", "turnstile"),
            ("TURNSTILE_SITE_KEY", "site"),
            ("TURNSTILE_SECRET_KEY", "secret"),
            ("TURNSTILE_BASE_URL", "http://127.0.0.1:9"),
        ],
        &["operation challenge"],
    ),
    (&[("METRICS_ADDR", "0.0.0.0:9464")], &["operation metrics"]),
    (&[("METRICS_ADDR", "203.0.113.9:9464")], &["operation metrics"]),
];

#[tokio::test]
async fn each_weak_setting_turns_its_lines_and_no_others() {
    let patient = Patient::new("patient_weak").await;
    let sound = patient.fails(&[], &[]).await;
    for (changes, lines) in WEAK {
        let fails = patient.fails(changes, &[]).await;
        let turned: Vec<&str> = fails.difference(&sound).map(String::as_str).collect();
        assert_eq!(turned, lines, "{changes:?}");
        assert!(fails.is_superset(&sound), "{changes:?} mends something");
    }
    let keys = format!("{OTHER_KEY},{SECRET_KEY}");
    let turned = patient.fails(&[("SECRET_KEY", &keys)], &["--level", "3"]).await;
    assert!(turned.contains("operation secret-key"), "{turned:?}");
    // What costs as much, or is seen by as few, in another way is as good.
    let alike = [
        ("ARGON2_MEMORY_KIB", "12288"),
        ("ARGON2_ITERATIONS", "3"),
        ("METRICS_ADDR", "10.0.0.5:9464"),
        ("CHALLENGE", "hcaptcha"),
        ("HCAPTCHA_SITE_KEY", "site"),
        ("HCAPTCHA_SECRET_KEY", "secret"),
    ];
    assert_eq!(patient.fails(&alike, &[]).await, sound);
}

#[tokio::test]
async fn what_the_standards_forbid_cannot_be_set() {
    let patient = Patient::new("patient_forbidden").await;
    let forbidden = [
        ("OTP_TTL_SECONDS", "601"),
        ("OTP_LENGTH", "5"),
        ("PASSWORD_MIN_LENGTH", "7"),
        ("JWT_SECRET", "31 bytes are one less than ther"),
        ("TEST_PHONE_NUMBERS", "+15550100=123456"),
    ];
    let refused = patient.run(&["doctor"], &forbidden).await;
    let complaint = refused.complaint();
    for (name, _) in forbidden {
        assert!(complaint.contains(&format!("{name}: ")), "{name}: {complaint}");
    }
}

/// Rights that `serve` does not need, and how they are taken back.
const EXCESS: [(&str, &str); 5] = [
    ("GRANT TRUNCATE ON users TO", "REVOKE TRUNCATE ON users FROM"),
    ("GRANT INSERT ON _sqlx_migrations TO", "REVOKE INSERT ON _sqlx_migrations FROM"),
    ("GRANT CREATE ON SCHEMA public TO", "REVOKE CREATE ON SCHEMA public FROM"),
    ("GRANT UPDATE ON audit_chain TO", "REVOKE UPDATE ON audit_chain FROM"),
    ("GRANT DELETE ON audit_events_default TO", "REVOKE DELETE ON audit_events_default FROM"),
];

#[tokio::test]
async fn what_the_database_says_turns_its_lines() {
    let mut patient = Patient::new("patient_database").await;
    let sound = patient.fails(&[], &[]).await;
    let turned = async |patient: &Patient, changes: &[(&str, &str)]| {
        let fails = patient.fails(changes, &[]).await;
        fails.difference(&sound).cloned().collect::<Vec<_>>()
    };
    let owner_url = patient.owner_url.clone();
    let as_owner = [("DATABASE_URL", owner_url.as_str())];
    let owned = ["operation audit-rights", "operation database-role"];
    assert_eq!(turned(&patient, &as_owner).await, owned);

    // One more right than documented is one too many.
    for (grant, revoke) in EXCESS {
        for (statement, lines) in [(grant, 1), (revoke, 0)] {
            let statement = AssertSqlSafe(format!("{statement} patient_database"));
            sqlx::query(statement).execute(&mut patient.owner).await.unwrap();
            assert_eq!(turned(&patient, &[]).await.len(), lines, "{grant}");
        }
    }

    let made = patient.run(&["keys", "rotate"], &[]).await;
    assert!(made.status.success(), "{}", made.err);
    assert!(turned(&patient, &[]).await.is_empty(), "a new key is young enough");
    let old = "UPDATE signing_keys SET signs_from = '2001-01-01', created_at = '2001-01-01'";
    sqlx::query(old).execute(&mut patient.owner).await.unwrap();
    assert_eq!(turned(&patient, &[]).await, ["operation signing-key"]);
    sqlx::query("DELETE FROM signing_keys").execute(&mut patient.owner).await.unwrap();

    let foreign = "INSERT INTO users (id, email, phone_number, password_hash, created_at, updated_at) VALUES
        (gen_random_uuid(), 'ada@example.com', '+46701234567', '$2b$10$CwTycUXWue0Thq9StjUM0uJ8e3', '2001-01-01', '2001-01-01')";
    sqlx::query(foreign).execute(&mut patient.owner).await.unwrap();
    assert_eq!(turned(&patient, &[]).await, ["operation hashes"]);
    sqlx::query("DELETE FROM users").execute(&mut patient.owner).await.unwrap();

    let by_database = [
        "operation audit-months",
        "operation audit-rights",
        "operation audit-seals",
        "operation hashes",
        "operation schema",
        "operation signing-key",
    ];
    let reverted = patient.run(&["migrate", "revert"], &as_owner).await;
    assert!(reverted.status.success(), "{}", reverted.err);
    assert_eq!(turned(&patient, &[]).await, by_database);

    // One that cannot be asked is not taken to be sound, nor is one that anybody could pretend to be.
    let nowhere = [("DATABASE_URL", "postgres://ringfence@db.invalid/ringfence?sslmode=require")];
    let lines = turned(&patient, &nowhere).await;
    assert_eq!(
        lines,
        [
            "operation audit-months",
            "operation audit-rights",
            "operation audit-seals",
            "operation database-role",
            "operation database-tls",
            "operation hashes",
            "operation schema",
            "operation signing-key",
        ]
    );
}

#[tokio::test]
async fn what_the_audit_log_says_turns_its_lines() {
    let mut patient = Patient::new("patient_audit").await;
    let sound = patient.fails(&[], &[]).await;
    let turned = async |patient: &Patient| {
        let fails = patient.fails(&[], &[]).await;
        fails.difference(&sound).cloned().collect::<Vec<_>>()
    };
    let months = "SELECT relname::text FROM pg_class
        WHERE relkind = 'r' AND relname ~ '^audit_events_[0-9]{4}_[0-9]{2}$'";
    let months: Vec<String> =
        sqlx::query_scalar(months).fetch_all(&mut patient.owner).await.unwrap();
    assert_eq!(months.len(), 13);
    for month in months {
        let drop = AssertSqlSafe(format!("DROP TABLE {month}"));
        sqlx::query(drop).execute(&mut patient.owner).await.unwrap();
    }
    assert_eq!(turned(&patient).await, ["operation audit-months"]);
    let made = patient.as_owner(&["audit", "partitions"]).await;
    assert!(made.status.success(), "{}", made.err);
    assert!(turned(&patient).await.is_empty());

    // One that was written a moment ago waits for nobody to blame.
    for (hours, lines) in [(0, 0), (3, 1)] {
        let event = "INSERT INTO audit_events (id, created_at, event, outcome, actor, detail)
            VALUES (gen_random_uuid(), clock_timestamp() - make_interval(hours => $1),
                'login_failed', 'failure', 'self', '{}')";
        sqlx::query(event).bind(hours).execute(&mut patient.owner).await.unwrap();
        let turned = turned(&patient).await;
        assert_eq!(turned.len(), lines, "{turned:?}");
        assert!(turned.iter().all(|line| line == "operation audit-seals"), "{turned:?}");
    }
    let seal = "INSERT INTO audit_chain
            (position, event_id, event_at, event_hash, chain_hash, key_id, sealed_at)
        SELECT row_number() OVER (), id, created_at, sha256(''), sha256(''), 'key', created_at
        FROM audit_events";
    sqlx::query(seal).execute(&mut patient.owner).await.unwrap();
    assert!(turned(&patient).await.is_empty());
}

#[tokio::test]
async fn grants_on_all_tables_leave_the_audit_log_alone_after_a_migration() {
    let mut patient = Patient::new("patient_grants").await;
    let sound = patient.fails(&[], &[]).await;
    // Default privileges, as deploy/init-roles.sh sets them, come to the same.
    let grant =
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO patient_grants";
    sqlx::query(grant).execute(&mut patient.owner).await.unwrap();
    let fails = patient.fails(&[], &[]).await;
    let turned: Vec<_> = fails.difference(&sound).collect();
    assert_eq!(turned, ["operation audit-rights", "operation database-role"]);
    let migrated = patient.as_owner(&["migrate", "run"]).await;
    assert!(migrated.status.success(), "{}", migrated.err);
    assert_eq!(patient.fails(&[], &[]).await, sound);
}

#[tokio::test]
async fn the_json_has_every_line_and_is_the_same_each_time() {
    let patient = Patient::new("patient_json").await;
    let level_3 = ["doctor", "--json", "--level", "3"];
    let (once, again) = (patient.run(&level_3, &[]).await, patient.run(&level_3, &[]).await);
    assert_eq!(once.out, again.out);
    let report: Value = serde_json::from_str(&once.out).unwrap();
    assert_eq!(report["level"], 3);
    let lines = report["lines"].as_array().unwrap();
    let listed: Vec<String> = lines.iter().map(name).collect();
    let all = STANDARDS.iter().flat_map(|standard| {
        standard
            .requirements()
            .map(move |requirement| format!("{} {}", standard.key, requirement.id))
    });
    assert_eq!(listed, all.collect::<Vec<_>>());
    for line in lines {
        let verdict = line["verdict"].as_str().unwrap();
        assert!(["holds", "does_not_hold", "not_applicable"].contains(&verdict), "{line}");
        assert_eq!(line["mend"].is_string(), verdict == "does_not_hold", "{line}");
        assert!(!line["why"].as_str().unwrap().is_empty(), "{line}");
        let proof = line["proof"].as_array().unwrap();
        assert!(verdict != "holds" || !proof.is_empty(), "{line}");
    }
    let count = |verdict: &str| lines.iter().filter(|line| line["verdict"] == verdict).count();
    let summary = &report["summary"];
    assert_eq!(summary["holds"], count("holds"));
    assert_eq!(summary["doesNotHold"], count("does_not_hold"));
    assert_eq!(summary["notApplicable"], count("not_applicable"));
    let secret = once.out.contains(SECRET_KEY) || once.out.contains("smtps:");
    assert!(!secret, "{}", once.out);
}

#[tokio::test]
async fn people_are_shown_what_to_mend_in_lines_that_fit() {
    let patient = Patient::new("patient_table").await;
    let ended = patient.run(&["doctor"], &[("OTP_POLICY", "enrollment")]).await;
    let told = ended.complaint().to_owned();
    assert!(told.contains("lines up to level 2 do not hold and can be mended"), "{told}");
    let out = &ended.out;
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    assert!(!out.contains('\x1b'), "no colours where there is no terminal");
    for words in ["OTP_POLICY=enrollment: once", "→ set OTP_POLICY=always", "✓ 6.2.2", "✗ 6.3.3"]
    {
        assert!(out.contains(words), "{words}: {out}");
    }
    let summary = out.split("\nSummary\n").nth(1).unwrap();
    assert!(summary.contains("6.3.3") && !summary.contains("6.2.2"), "{summary}");
    let other = patient.run(&["doctor", "--level", "4"], &[]).await;
    assert!(!other.status.success() && other.err.contains("--level"), "{}", other.err);
}
