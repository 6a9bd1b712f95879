//! What somebody finds who reads the whole database: no secret in the clear, and passwords at the
//! cost of today.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sqlx::AssertSqlSafe;

use crate::support::{Person, TestApp};

/// Every row of every table as PostgreSQL writes it out; `bytea` in hexadecimal.
pub(crate) async fn dump(app: &TestApp) -> String {
    let tables = "SELECT relname::text FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(app.database()).await.unwrap();
    assert!(tables.len() >= 7, "{tables:?}");
    let mut dump = String::new();
    for table in tables {
        let rows = AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
        let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(app.database()).await.unwrap();
        dump.push_str(&rows.join("\n"));
        dump.push('\n');
    }
    dump.to_lowercase()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// The ways in which `secret` could have been written down.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_lowercase(), hex(secret.as_bytes())];
    if let Ok(bytes) = URL_SAFE_NO_PAD.decode(secret) {
        forms.push(hex(&bytes));
    }
    forms
}

#[tokio::test]
async fn nothing_secret_is_in_the_database_in_the_clear() {
    let settings = [("OTP_POLICY", "new-device"), ("OTP_LENGTH", "10")];
    let app = TestApp::with(&settings).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    let answer = app.verify(&ticket, &code).await.is(200);
    let ticket_of_bob = app.pending(&bob).await;
    app.advance(chrono::TimeDelta::minutes(2));
    let reset_ticket = app.forgotten(&ada).await;
    let secrets = [
        ada.password.clone(),
        ticket,
        code,
        answer.text("deviceToken"),
        answer.text("refreshToken"),
        app.refresh(&answer.text("refreshToken")).await.is(200).text("refreshToken"),
        answer.text("token"),
        answer.text("token").rsplit('.').next().unwrap().to_owned(),
        ticket_of_bob,
        reset_ticket,
        app.code_for(&ada),
        app.code_for(&bob),
        crate::support::SECRET_KEY.to_owned(),
        // How the private half of an Ed25519 key begins in PKCS #8 (RFC 8410, 7).
        "MC4CAQAwBQYDK2VwBCIEI".to_owned(),
    ];
    let dump = dump(&app).await;
    for secret in &secrets {
        for form in forms(secret) {
            assert!(!dump.contains(&form), "{form} is in the database");
        }
    }
    // Not for want of looking: these are there, and so would the secrets be.
    assert!(dump.contains("ada@example.com") && dump.contains("+46701234567"));
    assert!(dump.contains(&hex(&sha256(secrets[1].as_bytes()))), "the ticket's hash");
    // The audit log names nobody and no number.
    let events = events_as_text(&app).await;
    assert!(events.contains("login_succeeded") && events.contains("password_reset_requested"));
    for person in [&ada, &bob] {
        assert!(
            !events.contains(&person.email) && !events.contains(&person.phone[1..]),
            "{events}"
        );
    }
    for refresh in &secrets[4..6] {
        let bytes = URL_SAFE_NO_PAD.decode(refresh).unwrap();
        let (secret, tag) = (&bytes[20..52], &bytes[52..]);
        assert!(!dump.contains(&hex(secret)) && !dump.contains(&hex(tag)), "a refresh token");
        assert!(dump.contains(&hex(&sha256(secret))), "the hash of a refresh token");
    }
    assert!(!dump.contains("302e020100300506032b6570"), "a private key");
}

async fn events_as_text(app: &TestApp) -> String {
    let query = "SELECT string_agg(e::text, ' ') FROM audit_events e";
    sqlx::query_scalar(query).fetch_one(app.database()).await.unwrap()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref().to_vec()
}

async fn stored_hash(app: &TestApp, person: &Person) -> String {
    app.user_row(person).await["password_hash"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_password_is_kept_as_argon2id_with_a_salt_of_its_own() {
    let app = TestApp::new().await;
    let (ada, bob) = (Person::ada(), Person::bob());
    app.register(&ada).await.is(201);
    app.register(&bob).await.is(201);
    let (of_ada, of_bob) = (stored_hash(&app, &ada).await, stored_hash(&app, &bob).await);
    assert!(of_ada.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{of_ada}");
    assert_eq!(ada.password, bob.password);
    assert_ne!(of_ada.split('$').nth(4), of_bob.split('$').nth(4), "the same salt");
    assert_ne!(of_ada.split('$').nth(5), of_bob.split('$').nth(5), "the same hash");
}

#[tokio::test]
async fn a_login_brings_an_older_hash_up_to_todays_cost() {
    let before = TestApp::new().await;
    let ada = Person::ada();
    before.register(&ada).await.is(201);
    let old = stored_hash(&before, &ada).await;
    let today = before.replica(&[("ARGON2_MEMORY_KIB", "128"), ("ARGON2_ITERATIONS", "2")]).await;
    let wrong = Person { password: "not hers at all".to_owned(), ..ada.clone() };
    today.login(&wrong).await.refused(401, "invalid_credentials");
    assert_eq!(stored_hash(&today, &ada).await, old, "nobody but the owner may cause it");

    today.login(&ada).await.is(200);
    let new = stored_hash(&today, &ada).await;
    assert!(new.starts_with("$argon2id$v=19$m=128,t=2,p=1$"), "{new}");
    let hashes = today.hashes();
    today.login(&ada).await.is(200);
    assert_eq!(today.hashes() - hashes, 1, "once is enough");
    assert_eq!(stored_hash(&today, &ada).await, new);
    before.login(&ada).await.is(200);
    assert_eq!(stored_hash(&today, &ada).await, new, "an older replica does not take it back");
}

#[tokio::test]
async fn a_hash_that_cannot_be_read_is_a_wrong_password() {
    let app = TestApp::new().await;
    app.register(&Person::ada()).await.is(201);
    sqlx::query("UPDATE users SET password_hash = '$2b$12$nonsense'")
        .execute(app.database())
        .await
        .unwrap();
    let hashes = app.hashes();
    app.login(&Person::ada()).await.refused(401, "invalid_credentials");
    assert_eq!(app.hashes() - hashes, 1);
}

#[tokio::test]
async fn a_code_is_judged_under_the_key_that_made_it_after_a_rotation() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    let other = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let both = format!("{other},{}", crate::support::SECRET_KEY);
    let rotated = app.replica(&[("SECRET_KEY", &both)]).await;
    rotated.verify(&ticket, &code).await.is(200);
    let key = app.count("SELECT count(DISTINCT encryption_key_id) FROM signing_keys").await;
    assert_eq!(key, 1);
    assert_eq!(rotated.get("/.well-known/jwks.json").await.json()["keys"][0]["kty"], json!("OKP"));
}

/// Types that hold no text and no bytes of somebody's choice.
const PLAIN_TYPES: &[&str] = &[
    "uuid",
    "bool",
    "int2",
    "int4",
    "int8",
    "float8",
    "numeric",
    "date",
    "timestamptz",
    "_timestamptz",
    "interval",
];
const CLASSES: &[&str] = &["Argon2id", "sealed", "keyed", "hashed", "personal", "plain"];

/// The columns of the table in `docs/secrets.md`, each with its class.
fn documented() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/secrets.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (_, section) = document.split_once("\n## Every column\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    rows.flat_map(|row| {
        let names = row[0].split(", ").map(|name| name.trim_matches('`').to_owned());
        names.map(|name| (name, row[1].to_owned())).collect::<Vec<_>>()
    })
    .collect()
}

#[tokio::test]
async fn every_column_that_can_hold_a_secret_is_classed_in_the_document() {
    let app = TestApp::new().await;
    let columns = "SELECT table_name || '.' || column_name, udt_name::text
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'
            AND table_name NOT LIKE 'audit\\_events\\_%'
        ORDER BY 1";
    let columns: Vec<(String, String)> =
        sqlx::query_as(columns).fetch_all(app.database()).await.unwrap();
    let (plain, held): (Vec<_>, Vec<_>) =
        columns.into_iter().partition(|(_, kind)| PLAIN_TYPES.contains(&kind.as_str()));
    assert!(held.len() > 50 && plain.len() > 50, "the columns are not found");
    let documented = documented();
    for (name, kind) in &held {
        let class: Vec<_> = documented.iter().filter(|(it, _)| it == name).collect();
        let [(_, class)] = class[..] else {
            panic!("{name} is {} times in docs/secrets.md", class.len())
        };
        assert!(CLASSES.contains(&class.as_str()), "{name}: {class} is no class");
        let is_digest = ["hashed", "keyed", "sealed"].contains(&class.as_str());
        // Bytes are a public key or no plain text at all.
        if kind == "bytea" {
            assert!(is_digest || name == "signing_keys.public_key", "{name}: {class}");
        }
        assert!(!is_digest || kind == "bytea", "{name}: {class} as {kind}");
    }
    for (name, _) in &documented {
        assert!(held.iter().any(|(it, _)| it == name), "{name} is no such column");
    }
}
