//! One walk through the whole product: each act writes down what it is, once, and nothing is left of the
//! closed list that never happens.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use reqwest::Method;
use ringfence::audit::Event;
use ringfence::cli::erasure::erase_due;
use serde_json::{Value, json};

use super::{Story, events, only};
use crate::fake_smtp::FakeSmtp;
use crate::money::{Table, app as app_with_prices};
use crate::support::{Person, TestApp, USERS, wrong};
use crate::totp::Authenticator;

/// What the command line alone does: `tests/program/audit.rs` has these.
const BY_COMMANDS: [&str; 4] = ["users_imported", "keys_rotated", "keys_withdrawn", "audit_pruned"];

const ROOM: [(&str, &str); 6] = [
    ("OTP_RESEND_SECONDS", "0"),
    ("OTP_MAX_PER_ADDRESS_HOURLY", "1000"),
    ("OTP_MAX_PER_NUMBER_HOURLY", "1000"),
    ("OTP_MAX_PER_NUMBER_DAILY", "1000"),
    ("OTP_WRONG_PER_HOUR", "1000"),
    ("EMAIL_FROM", "Acme <no-reply@example.com>"),
];

const SIGNED_UP: [&str; 5] =
    ["registered", "code_sent", "code_right", "phone_verified", "login_succeeded"];

#[tokio::test]
async fn every_event_there_is_is_written_down_once_when_it_happens() {
    let smtp = FakeSmtp::start().await;
    let url = smtp.url();
    let app = TestApp::with(&[ROOM.as_slice(), &[("SMTP_URL", url.as_str())]].concat()).await;
    let mut story = Story::of(&app);
    sign_up_and_log_in(&app, &smtp, &mut story).await;
    account(&app, &smtp, &mut story).await;
    numbers(&app, &mut story).await;
    leaving(&app, &mut story).await;
    administrators(&app, &mut story).await;
    app.send(app.form("/api/v1/auth/introspect", &[("token", "x")])).await.is(401);
    story.goes_on(&["introspection_refused"]).await;
    app.send(app.form("/api/v1/auth/introspect", &[("token", "x")])).await.is(401);
    story.goes_on(&[]).await;

    let table = Table::new();
    let poor = app_with_prices(&table, &[("SMS_BUDGET_DAILY", "0.25")]).await;
    let mut of_money = Story::of(&poor);
    budgets(&poor, &mut of_money).await;

    let mut all: BTreeSet<String> = Event::NAMES.iter().map(ToString::to_string).collect();
    for name in BY_COMMANDS {
        assert!(all.remove(name), "{name} is not on the list");
    }
    let seen: BTreeSet<String> = story.names.union(&of_money.names).cloned().collect();
    assert_eq!(seen, all, "what happened, and what is on the list");
}

async fn sign_up_and_log_in(app: &TestApp, smtp: &FakeSmtp, story: &mut Story<'_>) {
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    story.goes_on(&["registered"]).await;
    app.register(&ada).await.is(409);
    story.goes_on(&["registration_refused"]).await;
    let link = mailed(app, smtp, &ada.email).await;
    app.post("/api/v1/auth/email/verify", &json!({ "token": link })).await.is(200);
    story.goes_on(&["email_verified"]).await;

    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    story.goes_on(&["code_sent"]).await;
    let code = app.code_for(&ada);
    app.verify(&ticket, &wrong(&code)).await.refused(401, "otp_invalid");
    story.goes_on(&["code_wrong"]).await;
    app.verify("nobody's ticket", &code).await.refused(401, "login_ticket_invalid");
    story.goes_on(&["code_wrong"]).await;
    let first = app.verify(&ticket, &code).await.is(200).text("refreshToken");
    story.goes_on(&["code_right", "phone_verified", "login_succeeded"]).await;
    let second = app.refresh(&first).await.is(200).text("refreshToken");
    app.refresh(&second).await.is(200);
    story.goes_on(&[]).await;
    app.refresh(&first).await.refused(401, "refresh_invalid");
    story.goes_on(&["refresh_reused"]).await;

    let stranger = Person { password: "not hers at all".to_owned(), ..ada.clone() };
    app.login(&stranger).await.refused(401, "invalid_credentials");
    story.goes_on(&["login_failed"]).await;
    app.login(&Person::numbered(999)).await.refused(401, "invalid_credentials");
    story.goes_on(&["login_failed"]).await;
    let token = app.login(&ada).await.is(200).text("token");
    story.goes_on(&["login_succeeded"]).await;
    app.logout(&token, "all").await.is(204);
    story.goes_on(&["sessions_ended"]).await;
}

async fn account(app: &TestApp, smtp: &FakeSmtp, story: &mut Story<'_>) {
    let ada = Person::ada();
    let token = app.login(&ada).await.is(200).text("token");
    story.goes_on(&["login_succeeded"]).await;
    let new = "quite another horse";
    app.change_password(&token, "not hers at all", new).await.is(403);
    story.goes_on(&["password_wrong"]).await;
    app.change_password(&token, &ada.password, new).await.is(204);
    story.goes_on(&["password_changed"]).await;
    app.forgot(&Person::numbered(999)).await.is(202);
    story.goes_on(&["password_reset_requested"]).await;
    let ticket = app.forgotten(&ada).await;
    story.goes_on(&["password_reset_requested", "code_sent"]).await;
    let code = app.code_for(&ada);
    app.reset(&ticket, &wrong(&code), "the third horse").await.is(401);
    story.goes_on(&["code_wrong"]).await;
    app.reset(&ticket, &code, &ada.password).await.is(204);
    story.goes_on(&["code_right", "password_reset"]).await;

    let token = app.login(&ada).await.is(200).text("token");
    story.goes_on(&["login_succeeded"]).await;
    let address = "ada@example.net";
    let change = json!({ "email": address, "password": ada.password });
    app.post_as(&token, "/api/v1/profile/email", &change).await.is(202);
    story.goes_on(&["email_change_requested"]).await;
    let link = mailed(app, smtp, address).await;
    app.post("/api/v1/auth/email/verify", &json!({ "token": link })).await.is(200);
    story.goes_on(&["email_changed"]).await;
    app.get_as(&token, "/api/v1/profile/export").await.is(200);
    story.goes_on(&["profile_exported"]).await;

    let other = Person::numbered(1);
    let change = json!({ "phoneNumber": other.phone, "password": ada.password });
    app.post_as(&token, "/api/v1/profile/phone", &change).await.is(202);
    story.goes_on(&["code_sent"]).await;
    let confirm = json!({ "otpCode": app.code_for(&other) });
    app.post_as(&token, "/api/v1/profile/phone/confirm", &confirm).await.is(200);
    story.goes_on(&["code_right", "phone_changed"]).await;
    let link = "UPDATE phone_changes SET undo_hash = sha256(convert_to('the link', 'UTF8'))";
    sqlx::query(link).execute(app.database()).await.unwrap();
    app.post("/api/v1/auth/phone/undo", &json!({ "undoToken": "the link" })).await.is(200);
    story.goes_on(&["phone_change_undone"]).await;
}

async fn numbers(app: &TestApp, story: &mut Story<'_>) {
    let bob = Person::bob();
    app.verified(&bob).await;
    story.goes_on(&SIGNED_UP).await;
    let carol = Person { phone: bob.phone.clone(), ..Person::numbered(2) };
    let mut body = carol.registration();
    body["claimNumber"] = true.into();
    app.post("/api/v1/auth/register", &body).await.is(201);
    let ticket = app.login(&carol).await.is(200).text("loginTicket");
    story.goes_on(&["registered", "code_sent"]).await;
    app.verify(&ticket, &app.code_for(&carol)).await.refused(409, "phone_taken");
    story.goes_on(&["code_right", "phone_claimed"]).await;
    let claimed = only(app, "phone_claimed").await;
    assert_eq!(claimed["user_id"], id_of(app, &bob).await, "whose number it is");
    assert_eq!(claimed["detail"]["claimant"], id_of(app, &carol).await);
    app.advance(TimeDelta::days(31));
    let ticket = app.login(&carol).await.is(200).text("loginTicket");
    app.verify(&ticket, &app.code_for(&carol)).await.is(200);
    let released =
        ["code_sent", "code_right", "phone_released", "phone_verified", "login_succeeded"];
    story.goes_on(&released).await;
}

async fn leaving(app: &TestApp, story: &mut Story<'_>) {
    let dave = Person::numbered(3);
    let token = app.verified(&dave).await;
    story.goes_on(&SIGNED_UP).await;
    authenticator(app, story, &token, &dave).await;
    app.delete_profile(&token, &dave.password).await.is(202);
    story.goes_on(&["deletion_requested"]).await;
    let token = app.login(&dave).await.is(200).text("token");
    story.goes_on(&["deletion_cancelled", "login_succeeded"]).await;
    app.delete_profile(&token, &dave.password).await.is(202);
    story.goes_on(&["deletion_requested"]).await;
    app.advance(TimeDelta::days(8));
    let state = &app.application.state;
    erase_due(&state.otp, &state.database, &state.entropy, app.now()).await.unwrap();
    story.goes_on(&["account_erased"]).await;
    let erased = only(app, "account_erased").await;
    assert_eq!((&erased["actor"], &erased["network"]), (&json!("system"), &Value::Null));
}

/// An authenticator app comes and goes.
async fn authenticator(app: &TestApp, story: &mut Story<'_>, token: &str, person: &Person) {
    let (path, body) = ("/api/v1/profile/totp", json!({ "password": person.password }));
    let begun = app.send_as(token, Method::POST, path, &body).await.is(201);
    let theirs = Authenticator::reading(&begun.text("secret"));
    let code = json!({ "totpCode": theirs.at(app.now()) });
    app.send_as(token, Method::POST, &format!("{path}/confirm"), &code).await.is(200);
    story.goes_on(&["totp_enabled"]).await;
    app.send_as(token, Method::DELETE, path, &body).await.is(204);
    story.goes_on(&["totp_disabled"]).await;
}

async fn administrators(app: &TestApp, story: &mut Story<'_>) {
    let (root, eve) = (Person::numbered(4), Person::numbered(5));
    let admin = app.admin(&root).await;
    story.goes_on(&SIGNED_UP).await;
    let token = app.verified(&eve).await;
    story.goes_on(&SIGNED_UP).await;
    app.get_as(&token, USERS).await.refused(403, "admin_required");
    story.goes_on(&["admin_refused"]).await;
    admin.get(USERS).await.is(200);
    story.goes_on(&["users_read"]).await;
    let new = Person::numbered(6);
    let body = json!({ "email": new.email, "phoneNumber": new.phone, "roles": ["auditor"] });
    admin.post(USERS, &body).await.is(201);
    story.goes_on(&["user_created", "roles_changed"]).await;
    let path = |rest: &'static str| app.path_of(&eve, rest);
    admin.post(&path("/lock").await, &json!({ "reason": "to see" })).await.is(200);
    story.goes_on(&["account_locked"]).await;
    let locked = only(app, "account_locked").await;
    assert_eq!(locked["actor"], "admin");
    assert_eq!(locked["actor_id"], id_of(app, &root).await);
    assert_eq!(locked["user_id"], id_of(app, &eve).await);
    assert_eq!(locked["detail"], json!({ "sessionsEnded": 1 }), "not the reason: people type it");
    app.login(&eve).await.refused(423, "account_locked");
    story.goes_on(&["login_failed"]).await;
    admin.poke(&path("/unlock").await).await.is(200);
    story.goes_on(&["account_unlocked"]).await;
    admin.put(&path("/roles").await, &json!({ "roles": ["ops"] })).await.is(200);
    story.goes_on(&["roles_changed"]).await;
    app.login(&eve).await.is(200);
    story.goes_on(&["login_succeeded"]).await;
    admin.send(admin.request(Method::DELETE, &path("/sessions").await)).await.is(204);
    story.goes_on(&["sessions_ended"]).await;
    admin.poke(&path("/reset-password").await).await.is(200);
    story.goes_on(&["password_reset"]).await;
    admin.delete(&path("").await).await.is(204);
    story.goes_on(&["account_deleted"]).await;
}

async fn budgets(app: &TestApp, story: &mut Story<'_>) {
    for number in 0..4 {
        app.register(&Person::numbered(number)).await.is(201);
        app.login(&Person::numbered(number)).await.is(200);
        let sent: &[&str] = match number {
            0 => &["registered", "code_sent"],
            1 => &["registered", "code_sent", "budget_warned"],
            2 => &["registered", "code_refused", "budget_exhausted"],
            _ => &["registered", "code_refused"],
        };
        story.goes_on(sent).await;
    }
    let exhausted = only(app, "budget_exhausted").await;
    assert_eq!(exhausted["detail"], json!({ "scope": "day" }));
}

#[tokio::test]
async fn an_event_tells_who_what_from_where_and_in_which_request() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let ada = Person::ada();
    let home = app.at("203.0.113.9").with_header("x-request-id", "the-first");
    home.register(&ada).await.is(201);
    let registered = only(&app, "registered").await;
    assert_eq!(registered["user_id"], id_of(&app, &ada).await);
    for (column, value) in [
        ("outcome", json!("success")),
        ("actor", json!("self")),
        ("actor_id", Value::Null),
        ("network", json!("203.0.113.0/24")),
        ("request_id", json!("the-first")),
        ("detail", json!({})),
    ] {
        assert_eq!(registered[column], value, "{column}");
    }
    let address = "SELECT host(address) FROM audit_addresses";
    let address: String = sqlx::query_scalar(address).fetch_one(app.database()).await.unwrap();
    assert_eq!(address, "203.0.113.9");

    let stranger = app.at("2001:db8:1:2:3::4");
    stranger.login(&Person::bob()).await.refused(401, "invalid_credentials");
    let failed = only(&app, "login_failed").await;
    assert_eq!((&failed["user_id"], &failed["outcome"]), (&Value::Null, &json!("failure")));
    assert_eq!(failed["network"], "2001:db8:1::/48");
    assert_eq!(failed["detail"], json!({ "reason": "invalid_credentials" }));
}

#[tokio::test]
async fn what_is_undone_has_never_happened() {
    let app = TestApp::new().await;
    let broken = "ALTER TABLE audit_addresses ADD CONSTRAINT closed CHECK (false) NOT VALID";
    sqlx::query(broken).execute(app.database()).await.unwrap();
    app.register(&Person::ada()).await.is(500);
    assert_eq!(app.count("SELECT count(*) FROM users").await, 0, "nobody without the event");
    let mended = "ALTER TABLE audit_addresses DROP CONSTRAINT closed";
    sqlx::query(mended).execute(app.database()).await.unwrap();
    app.register(&Person::ada()).await.is(201);
    assert_eq!(events(&app).await.len(), 1);
}

async fn id_of(app: &TestApp, person: &Person) -> String {
    let query = "SELECT id::text FROM users WHERE email = $1";
    sqlx::query_scalar(query).bind(&person.email).fetch_one(app.database()).await.unwrap()
}

/// Sends what is due: the token of the only e-mail to that address.
async fn mailed(app: &TestApp, smtp: &FakeSmtp, address: &str) -> String {
    let state = &app.application.state;
    state.emails.post_due(&state.database).await.unwrap();
    smtp.only_mail_to(address).token()
}
