//! `DELETE /api/v1/profile`: the grace, and what is left after it.

use chrono::{DateTime, TimeDelta, Utc};
use ringfence::cli::erasure::erase_due;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::secrets::dump;
use crate::support::{Person, RACERS, TestApp};

const GRACE: TimeDelta = TimeDelta::days(7);
const INSTANT: TimeDelta = TimeDelta::microseconds(1);

async fn erase(app: &TestApp) -> u64 {
    let state = &app.application.state;
    erase_due(&state.otp, app.database(), &state.entropy, app.now()).await.unwrap()
}

#[tokio::test]
async fn leaving_takes_the_password_and_ends_every_session() {
    let app = TestApp::new().await;
    let (ada, bob) = (Person::ada(), Person::bob());
    app.verified(&bob).await;
    let token = app.verified(&ada).await;
    app.login(&ada).await.is(200);
    app.delete_profile(&token, "not hers at all").await.refused(403, "password_wrong");
    assert_eq!(app.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL").await, 3);
    let answer = app.delete_profile(&token, &ada.password).await.is(202);
    let erased_at: DateTime<Utc> = answer.text("erasedAt").parse().unwrap();
    assert_eq!(erased_at, app.now() + GRACE);
    let ended = "SELECT count(*) FROM sessions WHERE ended_as = 'delete'";
    assert_eq!(app.count(ended).await, 2);
    app.profile(&token).await.refused(401, "token_invalid");
    app.delete_profile(&token, &ada.password).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn a_login_within_the_grace_keeps_the_account_and_says_so() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    assert_eq!(app.login(&ada).await.is(200).json()["accountRestored"], Value::Null);
    app.delete_profile(&token, &ada.password).await.is(202);
    app.advance(GRACE - INSTANT);
    assert_eq!(erase(&app).await, 0);
    let wrong = Person { password: "not hers at all".to_owned(), ..ada.clone() };
    app.login(&wrong).await.refused(401, "invalid_credentials");
    let login = app.login(&ada).await.is(200);
    assert_eq!(login.json()["accountRestored"], true);
    assert_eq!(login.text("message"), "Logged in. Your account will not be deleted.");
    app.profile(&login.text("token")).await.is(200);
    app.advance(GRACE);
    assert_eq!(erase(&app).await, 0);
    assert_eq!(app.login(&ada).await.is(200).json()["accountRestored"], Value::Null);
}

#[tokio::test]
async fn where_a_code_is_due_the_password_alone_keeps_nothing() {
    let app = TestApp::with(&[("OTP_POLICY", "always"), ("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    app.delete_profile(&token, &ada.password).await.is(202);
    let login = app.login(&ada).await.is(200);
    assert_eq!(login.json()["accountRestored"], Value::Null);
    assert_eq!(app.count("SELECT count(*) FROM erasures").await, 1);
    let answer = app.verify(&login.text("loginTicket"), &app.code_for(&ada)).await.is(200);
    assert_eq!(answer.json()["accountRestored"], true);
    assert_eq!(app.count("SELECT count(*) FROM erasures").await, 0);
}

#[tokio::test]
async fn after_the_grace_nobody_comes_back_even_before_the_housekeeping() {
    let settings = [("OTP_POLICY", "always"), ("OTP_RESEND_SECONDS", "0")];
    let app = TestApp::with(&settings).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    app.delete_profile(&token, &ada.password).await.is(202);
    app.advance(GRACE - TimeDelta::minutes(1));
    let pending = app.login(&ada).await.is(200).text("loginTicket");
    let code = app.code_for(&ada);
    app.advance(TimeDelta::minutes(1));
    app.login(&ada).await.refused(401, "invalid_credentials");
    app.verify(&pending, &code).await.refused(401, "login_ticket_invalid");
    let ticket = app.forgot(&ada).await.is(202).text("resetTicket");
    assert_eq!(app.count("SELECT count(*) FROM reset_tickets WHERE user_id IS NULL").await, 1);
    app.reset(&ticket, &code, "a new and better staple").await.refused(401, "otp_invalid");
    assert_eq!(erase(&app).await, 1);
}

#[tokio::test]
async fn in_the_grace_the_address_and_the_number_are_still_taken() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    app.delete_profile(&token, &ada.password).await.is(202);
    let same_email = Person { phone: Person::bob().phone, ..ada.clone() };
    app.register(&same_email).await.refused(409, "email_taken");
    let same_phone = Person { email: Person::bob().email, ..ada };
    app.register(&same_phone).await.refused(409, "phone_taken");
}

#[tokio::test]
async fn after_it_nothing_tells_of_the_person_and_they_can_sign_up_anew() {
    let settings = [("OTP_POLICY", "new-device"), ("OTP_RESEND_SECONDS", "0")];
    let app = TestApp::with(&settings).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    app.verified(&bob).await;
    let token = app.verified(&ada).await;
    app.edit_profile(&token, &json!({ "displayName": "Countess Lovelace" })).await.is(200);
    app.forgotten(&ada).await;
    app.login(&ada).await.is(200);
    let id = app.user_row(&ada).await["id"].as_str().unwrap().to_owned();
    let mac: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT number_mac::text FROM messages WHERE user_id::text = $1",
    )
    .bind(&id)
    .fetch_all(app.database())
    .await
    .unwrap();
    let personal = ["ada@example.com", "+14155552671", "countess", &mac[0][2..], &id];
    app.delete_profile(&token, &ada.password).await.is(202);
    app.login(&bob).await.is(200);

    app.advance(GRACE - INSTANT);
    let before = dump(&app).await;
    for datum in personal {
        assert!(before.contains(datum), "{datum} is looked for in the wrong way");
    }
    let spent = "SELECT sum(price_micros)::int8 FROM messages";
    let (messages, price) =
        (app.count("SELECT count(*) FROM messages").await, app.count(spent).await);
    app.advance(INSTANT);
    assert_eq!(erase(&app).await, 1);
    let after = dump(&app).await;
    for datum in &personal[..4] {
        assert!(!after.contains(datum), "{datum} is still there");
    }
    // The id, which leads to nobody any more, is in the audit log alone.
    let logged = "SELECT string_agg(e::text, ' ') FROM audit_events e";
    let logged: String = sqlx::query_scalar(logged).fetch_one(app.database()).await.unwrap();
    assert_eq!(after.matches(&id).count(), logged.matches(&id).count());
    assert!(after.contains("bob@example.org"));
    assert_eq!(app.count("SELECT count(*) FROM messages").await, messages, "the books are whole");
    assert_eq!(app.count(spent).await, price);

    let token = app.verified(&ada).await;
    let profile = app.profile(&token).await.is(200);
    assert_ne!(profile.text("id"), id);
    assert_eq!(profile.json()["displayName"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_erase_at_once_erase_everybody_once() {
    let app = TestApp::with(&[("OTP_MAX_PER_ADDRESS_HOURLY", "1000")]).await;
    app.warm().await;
    for number in 0..RACERS {
        let person = Person::numbered(number);
        let token = app.verified(&person).await;
        app.delete_profile(&token, &person.password).await.is(202);
    }
    app.verified(&Person::bob()).await;
    app.advance(GRACE);
    let mut replicas = JoinSet::new();
    for _ in 0..4 {
        let (state, now) = (app.application.state.clone(), app.now());
        replicas.spawn(async move {
            erase_due(&state.otp, &state.database, &state.entropy, now).await.unwrap()
        });
    }
    assert_eq!(replicas.join_all().await.iter().sum::<u64>(), RACERS as u64);
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
}
