//! `POST /api/v1/auth/password/reset`. Races are in `password_races.rs`, what nobody learns in
//! `uniformity.rs`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::fake_sinch::{Mode, Operation};
use crate::support::{Person, TestApp, wrong};

const NEW: &str = "a new and better staple";

/// Codes can be asked for one right after the other, so that a login's and a reset's live together.
const NO_WAIT: (&str, &str) = ("OTP_RESEND_SECONDS", "0");

fn renewed(person: &Person) -> Person {
    Person { password: NEW.to_owned(), ..person.clone() }
}

#[tokio::test]
async fn the_code_sets_the_password_ends_every_session_and_gives_no_token() {
    for app in [TestApp::with(&[NO_WAIT]).await, TestApp::sinch(&[NO_WAIT]).await] {
        let (ada, bob) = (Person::ada(), Person::bob());
        app.verified(&ada).await;
        app.login(&ada).await.is(200);
        app.verified(&bob).await;
        let ticket = app.forgotten(&ada).await;
        let answer = app.reset(&ticket, &app.code_for(&ada), NEW).await.is(204);
        assert!(answer.bytes().is_empty(), "{answer:?}");
        assert_eq!(answer.header("set-cookie"), "");
        let ended = "SELECT count(*) FROM sessions WHERE ended_as = 'password_reset'";
        assert_eq!(app.count(ended).await, 2);
        assert_eq!(app.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL").await, 1);
        app.login(&ada).await.refused(401, "invalid_credentials");
        app.login(&renewed(&ada)).await.is(200).text("token");
        assert_eq!(app.user_row(&ada).await["sinch_verification_id"], Value::Null);
    }
}

#[tokio::test]
async fn the_next_login_asks_for_its_code_all_the_same() {
    let app = TestApp::with(&[NO_WAIT, ("OTP_POLICY", "always")]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let ticket = app.forgotten(&ada).await;
    let code = app.code_for(&ada);
    app.reset(&ticket, &code, NEW).await.is(204);
    let login = app.login(&renewed(&ada)).await.is(200);
    assert_eq!(login.json()["requiresOtp"], true);
    assert_eq!(login.json()["token"], Value::Null);
    let login = login.text("loginTicket");
    app.verify(&login, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn no_device_is_known_any_more() {
    let app = TestApp::with(&[NO_WAIT, ("OTP_POLICY", "new-device")]).await;
    let ada = Person::ada();
    let login = app.pending(&ada).await;
    let device = app.verify(&login, &app.code_for(&ada)).await.is(200).text("deviceToken");
    let ticket = app.forgotten(&ada).await;
    app.reset(&ticket, &app.code_for(&ada), NEW).await.is(204);
    let mut body = renewed(&ada).credentials();
    body["deviceToken"] = json!(device);
    let login = app.post("/api/v1/auth/login", &body).await.is(200);
    assert_eq!(login.json()["requiresOtp"], true);
}

#[tokio::test]
async fn a_code_is_good_for_what_it_was_sent_for_and_for_nothing_else() {
    let app = TestApp::with(&[NO_WAIT, ("OTP_POLICY", "always")]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let login = app.login(&ada).await.is(200).text("loginTicket");
    let code_of_login = app.code_for(&ada);
    let reset = app.forgotten(&ada).await;
    let code_of_reset = app.code_for(&ada);
    assert_ne!(code_of_login, code_of_reset);
    app.reset(&reset, &code_of_login, NEW).await.refused(401, "otp_invalid");
    app.verify(&login, &code_of_reset).await.refused(401, "otp_invalid");
    app.reset(&login, &code_of_reset, NEW).await.refused(401, "reset_ticket_invalid");
    app.verify(&reset, &code_of_login).await.refused(401, "login_ticket_invalid");
    app.verify(&login, &code_of_login).await.is(200);
    app.reset(&reset, &code_of_reset, NEW).await.is(204);
}

#[tokio::test]
async fn without_a_code_for_it_the_code_of_a_login_is_none() {
    let app = TestApp::with(&[("OTP_POLICY", "always")]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    app.advance(TimeDelta::minutes(2));
    app.login(&ada).await.is(200);
    // Inside the wait: no code is sent for this ticket.
    let reset = app.forgot(&ada).await.is(202).text("resetTicket");
    app.reset(&reset, &app.code_for(&ada), NEW).await.refused(401, "otp_invalid");
    app.login(&ada).await.is(200);
}

#[tokio::test]
async fn a_refused_password_costs_neither_a_guess_nor_a_hash() {
    let app = TestApp::with(&[NO_WAIT]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let ticket = app.forgotten(&ada).await;
    let (code, hashes) = (app.code_for(&ada), app.hashes());
    for (password, fault) in [("short", "password_too_short"), ("password123", "password_common")] {
        let answer = app.reset(&ticket, &code, password).await;
        answer.finds_fault_with(&[("newPassword", fault)]);
    }
    assert_eq!(app.hashes(), hashes);
    assert_eq!(app.guesses_left_for(&ada, "password_reset").await, 5);
    app.reset(&ticket, &code, NEW).await.is(204);
}

#[tokio::test]
async fn whose_data_are_in_the_password_is_told_to_whoever_has_the_code_and_the_code_stays_good() {
    let app = TestApp::with(&[NO_WAIT]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let ticket = app.forgotten(&ada).await;
    let code = app.code_for(&ada);
    let with_her_address = "ada@example.com!";
    let guess = app.reset(&ticket, &wrong(&code), with_her_address).await;
    guess.refused(401, "otp_invalid");
    assert_eq!(app.guesses_left_for(&ada, "password_reset").await, 4);
    for (password, fault) in [
        (with_her_address, "password_contains_email"),
        ("my number 5552671", "password_contains_phone"),
    ] {
        let answer = app.reset(&ticket, &code, password).await;
        answer.finds_fault_with(&[("newPassword", fault)]);
    }
    assert_eq!(app.guesses_left_for(&ada, "password_reset").await, 4, "the guess is given back");
    app.reset(&ticket, &code, NEW).await.is(204);
}

#[tokio::test]
async fn wrong_codes_are_counted_together_whatever_they_are_for() {
    let settings = [
        NO_WAIT,
        ("OTP_POLICY", "always"),
        ("OTP_WRONG_PER_HOUR", "4"),
        ("OTP_MAX_PER_NUMBER_HOURLY", "100"),
    ];
    let app = TestApp::with(&settings).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let login = app.login(&ada).await.is(200).text("loginTicket");
    let code_of_login = app.code_for(&ada);
    let reset = app.forgotten(&ada).await;
    let code_of_reset = app.code_for(&ada);
    for _ in 0..2 {
        app.verify(&login, &wrong(&code_of_login)).await.refused(401, "otp_invalid");
        app.reset(&reset, &wrong(&code_of_reset), NEW).await.refused(401, "otp_invalid");
    }
    // Neither right code is taken now, and a reset does not even say why.
    app.verify(&login, &code_of_login).await.refused(429, "otp_guesses_exhausted");
    app.reset(&reset, &code_of_reset, NEW).await.refused(401, "otp_invalid");
    app.advance(TimeDelta::hours(1));
    let reset = app.forgotten(&ada).await;
    app.reset(&reset, &app.code_for(&ada), NEW).await.is(204);
}

#[tokio::test]
async fn a_code_that_went_to_another_number_is_refused() {
    let app = TestApp::with(&[NO_WAIT]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let ticket = app.forgotten(&ada).await;
    let code = app.code_for(&ada);
    sqlx::query("UPDATE users SET phone_number = '+46701234567'")
        .execute(app.database())
        .await
        .unwrap();
    app.reset(&ticket, &code, NEW).await.refused(401, "otp_invalid");
    app.login(&ada).await.is(200);
    assert_eq!(app.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL").await, 2);
}

#[tokio::test]
async fn a_ticket_is_good_once_and_for_ten_minutes() {
    let settings = [NO_WAIT, ("OTP_TTL_SECONDS", "600")];
    let app = TestApp::with(&settings).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    app.reset("no ticket of ours", "123456", NEW).await.refused(401, "reset_ticket_invalid");
    let late = app.forgotten(&ada).await;
    let code = app.code_for(&ada);
    app.advance(TimeDelta::minutes(10));
    app.reset(&late, &code, NEW).await.refused(401, "reset_ticket_invalid");
    let other = app.forgotten(&ada).await;
    let used = app.forgotten(&ada).await;
    let code = app.code_for(&ada);
    app.reset(&used, &code, NEW).await.is(204);
    for ticket in [used, other] {
        app.reset(&ticket, &code, NEW).await.refused(401, "reset_ticket_invalid");
    }
}

#[tokio::test]
async fn a_login_that_the_old_password_began_cannot_be_finished() {
    let app = TestApp::with(&[NO_WAIT, ("OTP_POLICY", "always")]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let pending = app.login(&ada).await.is(200).text("loginTicket");
    let code_of_login = app.code_for(&ada);
    let ticket = app.forgotten(&ada).await;
    app.reset(&ticket, &app.code_for(&ada), NEW).await.is(204);
    app.verify(&pending, &code_of_login).await.refused(401, "login_ticket_invalid");
}

#[tokio::test]
async fn once_the_password_has_changed_a_ticket_is_worth_nothing() {
    let app = TestApp::with(&[NO_WAIT]).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let ticket = app.forgotten(&ada).await;
    let code = app.code_for(&ada);
    app.change_password(&token, &ada.password, NEW).await.is(204);
    app.reset(&ticket, &code, "yet another staple").await.refused(401, "reset_ticket_invalid");
    app.login(&renewed(&ada)).await.is(200);
}

#[tokio::test]
async fn a_carrier_that_does_not_judge_is_no_wrong_code() {
    let app = TestApp::sinch(&[NO_WAIT]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let ticket = app.forgotten(&ada).await;
    let code = app.code_for(&ada);
    app.fake().set_mode(Operation::Report, Mode::Html(502));
    app.reset(&ticket, &code, NEW).await.refused(502, "provider_failed");
    assert_eq!(app.guesses_left_for(&ada, "password_reset").await, 5);
    app.fake().set_mode(Operation::Report, Mode::Normal);
    app.reset(&ticket, &code, NEW).await.is(204);
}

#[tokio::test]
async fn every_fault_is_told_at_once() {
    let app = TestApp::new().await;
    let body = json!({ "otpCode": "12", "newPassword": "short", "email": "ada@example.com" });
    let answer = app.post("/api/v1/auth/password/reset", &body).await;
    answer.finds_fault_with(&[
        ("resetTicket", "required"),
        ("otpCode", "otp_code_invalid"),
        ("newPassword", "password_too_short"),
        ("email", "unknown_field"),
    ]);
}
