//! `GET /api/v1/profile/export`, held against the schema: what is stored of a person is in it, or has
//! its reason here.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::store;
use crate::support::{Person, TestApp, wrong};

/// A table with rows of persons.
struct Table {
    name: &'static str,
    /// The member of the export with its rows.
    member: &'static str,
    /// Columns that are not in it, with the reason.
    omitted: &'static [(&'static str, &'static str)],
}

const OWN: &str = "the person's own id, which the export begins with";
const LOCKED: &str = "whoever is locked has no session to ask with";
const SECRET: &str = "by what a secret is checked";

/// E-mails are written down, and sent by nobody.
const SETTINGS: [(&str, &str); 4] = [
    ("OTP_POLICY", "new-device"),
    ("OTP_RESEND_SECONDS", "0"),
    ("SMTP_URL", "smtp://127.0.0.1:1"),
    ("EMAIL_FROM", "auth@example.com"),
];

/// `user_id` is in none of them.
const TABLES: &[Table] = &[
    Table {
        name: "users",
        member: "user",
        omitted: &[("password_hash", SECRET), ("locked_at", LOCKED), ("locked_reason", LOCKED)],
    },
    Table {
        name: "sessions",
        member: "sessions",
        omitted: &[
            ("user_id", OWN),
            ("refresh_hash", SECRET),
            ("previous_refresh_hash", SECRET),
            ("refresh_generation", SECRET),
            ("refresh_key_id", SECRET),
            ("rotated_token_id", SECRET),
        ],
    },
    Table {
        name: "login_tickets",
        member: "logins",
        omitted: &[("user_id", OWN), ("ticket_hash", SECRET)],
    },
    Table {
        name: "reset_tickets",
        member: "passwordResets",
        omitted: &[("user_id", OWN), ("ticket_hash", SECRET)],
    },
    Table {
        name: "known_devices",
        member: "devices",
        omitted: &[("user_id", OWN), ("token_hash", SECRET)],
    },
    Table {
        name: "totp_seeds",
        member: "totp",
        omitted: &[
            ("user_id", OWN),
            ("seed", SECRET),
            ("key_id", SECRET),
            ("last_step", "by what a code is known that was used"),
        ],
    },
    Table {
        name: "phone_changes",
        member: "phoneChanges",
        omitted: &[("user_id", OWN), ("id", "the place in the order"), ("undo_hash", SECRET)],
    },
    Table {
        name: "number_claims",
        member: "numberClaim",
        omitted: &[("user_id", OWN), ("holder_id", "somebody else")],
    },
    Table {
        name: "email_outbox",
        member: "emails",
        omitted: &[("user_id", OWN), ("variables", SECRET), ("key_id", SECRET)],
    },
    Table {
        name: "email_confirmations",
        member: "emailConfirmations",
        omitted: &[("user_id", OWN), ("token_hash", SECRET)],
    },
    Table {
        name: "audit_events",
        member: "events",
        omitted: &[("user_id", OWN), ("actor_id", "somebody else")],
    },
    Table {
        name: "otp_challenges",
        member: "codes",
        omitted: &[("user_id", OWN), ("code_hash", SECRET), ("code_key_id", SECRET)],
    },
    Table {
        name: "messages",
        member: "messages",
        omitted: &[
            ("user_id", OWN),
            ("number_mac", "made of the person's own number, and readable by nobody"),
            ("number_key_id", "made of the person's own number, and readable by nobody"),
        ],
    },
];

/// Tables whose rows nobody could ever export.
const NEVER_THERE: &[&str] = &[
    // Whoever leaves has no session to ask with.
    "erasures",
];

async fn columns(app: &TestApp, table: &str) -> Vec<String> {
    let query = "SELECT column_name::text FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = $1";
    sqlx::query_scalar(query).bind(table).fetch_all(app.database()).await.unwrap()
}

fn camel_case(column: &str) -> String {
    let mut words = column.split('_');
    let first = words.next().unwrap().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

/// Somebody of whom every table has a row.
async fn somebody(app: &TestApp, person: &Person) -> String {
    let token = app.verified(person).await;
    app.advance(TimeDelta::seconds(1));
    app.forgotten(person).await;
    app.advance(TimeDelta::seconds(1));
    let pending = app.login(person).await.is(200).text("loginTicket");
    app.verify(&pending, &wrong(&app.code_for(person))).await.refused(401, "otp_invalid");
    let changed = "INSERT INTO phone_changes
            (user_id, old_number, new_number, undo_hash, changed_at, undo_until)
        SELECT id, '+14155550123', phone_number, sha256(convert_to(email, 'UTF8')), $2, $2 + '1 day'
        FROM users WHERE email = $1";
    let changed = sqlx::query(changed).bind(&person.email).bind(app.now());
    changed.execute(app.database()).await.unwrap();
    let app_of_theirs = "INSERT INTO totp_seeds (user_id, seed, key_id, created_at, last_step)
        SELECT id, '\\x00', 'key', $2, 0 FROM users WHERE email = $1";
    let app_of_theirs = sqlx::query(app_of_theirs).bind(&person.email).bind(app.now());
    app_of_theirs.execute(app.database()).await.unwrap();
    let claimed = "INSERT INTO number_claims (user_id, phone_number, created_at)
        SELECT id, '+14155550124', $2 FROM users WHERE email = $1";
    let claimed = sqlx::query(claimed).bind(&person.email).bind(app.now());
    claimed.execute(app.database()).await.unwrap();
    token
}

#[tokio::test]
async fn every_table_and_column_of_a_person_is_in_it_or_has_its_reason() {
    let app = TestApp::with(&SETTINGS).await;
    let token = somebody(&app, &Person::ada()).await;
    let export = app.get_as(&token, "/api/v1/profile/export").await.is(200);
    let of_persons = "SELECT table_name::text FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'user_id'
            AND NOT (SELECT relispartition FROM pg_class WHERE oid = table_name::text::regclass)";
    let mut there: BTreeSet<String> = sqlx::query_scalar(of_persons)
        .fetch_all(app.database())
        .await
        .unwrap()
        .into_iter()
        .collect();
    there.insert("users".to_owned());
    let known = TABLES.iter().map(|table| table.name).chain(NEVER_THERE.iter().copied());
    assert_eq!(there, known.map(str::to_owned).collect(), "what is stored, and what is known here");

    for Table { name, member, omitted } in TABLES {
        let part = &export.json()[member];
        let row = if part.is_array() { &part[0] } else { part };
        assert!(row.is_object(), "{member} has no row: {export:?}");
        let wanted = columns(&app, name).await;
        let wanted = wanted.iter().filter(|it| !omitted.iter().any(|(omitted, _)| omitted == it));
        let wanted: BTreeSet<String> = wanted.map(|column| camel_case(column)).collect();
        let exported: BTreeSet<String> = row.as_object().unwrap().keys().cloned().collect();
        assert_eq!(exported, wanted, "{name}");
    }
}

#[tokio::test]
async fn it_is_a_file_with_what_there_is_and_no_secret() {
    let app = TestApp::with(&SETTINGS).await;
    let ada = Person::ada();
    let token = somebody(&app, &ada).await;
    let export = app.get_as(&token, "/api/v1/profile/export").await.is(200);
    assert_eq!(export.header("content-disposition"), r#"attachment; filename="account.json""#);
    let json = export.json();
    assert_eq!(json["exportedAt"], json!(app.now()));
    assert_eq!(json["user"]["email"], "ada@example.com");
    assert_eq!(json["sessions"][0]["amr"], json!(["pwd", "otp", "sms"]));
    assert_eq!(json["logins"][0]["clientAddress"], "127.0.0.1");
    assert_eq!(json["messages"].as_array().unwrap().len(), 3);
    let purposes: Vec<_> =
        json["codes"].as_array().unwrap().iter().map(|it| &it["purpose"]).collect();
    let kept = ["login", "password_reset", "login"];
    assert_eq!(purposes, if store::KEEPS_WHAT_IS_OVER { &kept[..] } else { &kept[1..] });
    let limits: BTreeSet<_> = json["limits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["counted"].as_str().unwrap())
        .collect();
    let wanted = [
        "guess:number",
        "guess:user",
        "send:number",
        "send:reset",
        "send:user",
        "wrong:number",
        "wrong:user",
    ];
    assert_eq!(limits, BTreeSet::from(wanted));
    let text = String::from_utf8_lossy(export.bytes()).into_owned();
    for secret in ["argon2", "Hash", "Mac", &ada.password, &app.code_for(&ada)] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn it_has_nothing_of_anybody_else() {
    let app = TestApp::with(&SETTINGS).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let token = somebody(&app, &ada).await;
    let before = app.get_as(&token, "/api/v1/profile/export").await.is(200).json().clone();
    somebody(&app, &bob).await;
    app.advance(TimeDelta::seconds(1));
    let mut after = app.get_as(&token, "/api/v1/profile/export").await.is(200).json().clone();
    assert_ne!(after["exportedAt"], before["exportedAt"]);
    after["exportedAt"] = before["exportedAt"].clone();
    // That an export was made is an event of the person's, too.
    for member in ["events", "eventAddresses"] {
        let last = after[member].as_array_mut().unwrap().pop().unwrap();
        assert!(member != "events" || last["event"] == "profile_exported", "{last}");
    }
    assert_eq!(after, before);
    assert!(matches!(after["user"]["email"].as_str(), Some("ada@example.com")), "{after}");
    assert_eq!(Value::Null, after["password"]);
}

#[tokio::test]
async fn what_is_counted_for_another_number_of_theirs_is_in_it_and_for_somebody_elses_is_not() {
    let app = TestApp::with(&SETTINGS).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    app.verified(&bob).await;
    let token = app.verified(&ada).await;
    let sent_to_numbers = async || {
        let export = app.get_as(&token, "/api/v1/profile/export").await.is(200);
        let limits = export.json()["limits"].as_array().unwrap().clone();
        limits.iter().filter(|it| it["counted"] == "send:number").count()
    };
    let ask = async |phone: &str| {
        let body = json!({ "phoneNumber": phone, "password": ada.password });
        app.post_as(&token, "/api/v1/profile/phone", &body).await.is(202);
    };
    assert_eq!(sent_to_numbers().await, 1);
    ask(&bob.phone).await;
    assert_eq!(sent_to_numbers().await, 1);
    let new = Person { phone: Person::numbered(1).phone, ..ada.clone() };
    ask(&new.phone).await;
    assert_eq!(sent_to_numbers().await, if store::KEEPS_WHAT_IS_OVER { 2 } else { 1 });
    let body = json!({ "otpCode": app.code_for(&new) });
    app.post_as(&token, "/api/v1/profile/phone/confirm", &body).await.is(200);
    assert_eq!(sent_to_numbers().await, 2);
}
