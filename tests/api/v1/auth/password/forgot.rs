//! `POST /api/v1/auth/password/forgot`. That nobody learns anything by it is tested in `uniformity.rs`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::fake_sinch::{Mode, Operation};
use crate::support::{Person, TestApp};

/// Longer than a send takes: nothing more comes after it.
const A_WHILE: Duration = Duration::from_millis(300);

/// Limits that are not those of resets.
const ROOM: [(&str, &str); 2] =
    [("OTP_MAX_PER_NUMBER_HOURLY", "1000"), ("OTP_MAX_PER_NUMBER_DAILY", "1000")];

#[tokio::test]
async fn a_code_goes_to_the_verified_phone_with_the_words_for_it() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    app.advance(TimeDelta::minutes(2));
    let answer = app.forgot(&ada).await.is(202);
    app.until("the code", || app.sends_to(&ada) == 2).await;
    let text = app.messages_to(&ada)[0]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("password"), "{text}");
    let at = |member: &str| answer.text(member).parse::<DateTime<Utc>>().unwrap();
    assert_eq!(at("resetTicketExpiresAt"), app.now() + TimeDelta::minutes(10));
    assert_eq!(at("resendAfter"), app.now() + TimeDelta::seconds(120));
    assert_eq!(answer.text("resetTicket").len(), 43, "256 bits in base64url");
    let purposes = "SELECT count(*) FROM messages WHERE purpose = 'password_reset'";
    assert_eq!(app.count(purposes).await, 1);
}

#[tokio::test]
async fn the_number_is_as_good_as_the_address() {
    let app = TestApp::with(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let body = json!({ "phoneNumber": "+1 (415) 555-2671" });
    app.post("/api/v1/auth/password/forgot", &body).await.is(202);
    app.until("the code", || app.sends_to(&ada) == 2).await;
}

#[tokio::test]
async fn whoever_has_the_number_of_a_quiet_account_must_know_its_address_too() {
    let app = TestApp::with(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let by_number = json!({ "phoneNumber": ada.phone });
    app.advance(TimeDelta::days(45) - TimeDelta::microseconds(1));
    app.post("/api/v1/auth/password/forgot", &by_number).await.is(202);
    app.until("the code", || app.sends_to(&ada) == 2).await;
    app.advance(TimeDelta::microseconds(1));
    let quiet = app.post("/api/v1/auth/password/forgot", &by_number).await.is(202);
    sleep(A_WHILE).await;
    assert_eq!(app.sends_to(&ada), 2);
    let (ticket, code) = (quiet.text("resetTicket"), app.code_for(&ada));
    let reset = app.reset(&ticket, &code, "a new and better staple").await;
    reset.refused(401, "otp_invalid");
    app.forgot(&ada).await.is(202);
    app.until("the code asked for by the address", || app.sends_to(&ada) == 3).await;
    app.login(&ada).await.is(200).text("token");
    app.post("/api/v1/auth/password/forgot", &by_number).await.is(202);
    app.until("the code for a number in use", || app.sends_to(&ada) == 4).await;
}

#[tokio::test]
async fn nothing_is_sent_to_a_number_that_nobody_has_proven() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    app.forgot(&ada).await.is(202);
    sleep(A_WHILE).await;
    assert_eq!(app.count("SELECT count(*) FROM messages").await, 0);
    let nobodys = "SELECT count(*) FROM reset_tickets WHERE user_id IS NULL";
    assert_eq!(app.count(nobodys).await, 1);
}

#[tokio::test]
async fn the_answer_does_not_wait_for_the_carrier() {
    let app = TestApp::sinch(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    app.fake().set_mode(Operation::Start, Mode::Delay(Duration::from_secs(4)));
    let began = Instant::now();
    app.forgot(&ada).await.is(202);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    app.until("the request to Sinch", || app.fake().received(Operation::Start) == 2).await;
}

#[tokio::test]
async fn a_carrier_that_is_out_of_order_does_not_show() {
    let app = TestApp::sinch(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    app.fake().set_mode(Operation::Start, Mode::Html(502));
    app.forgot(&ada).await.is(202);
    app.until("the request to Sinch", || app.fake().received(Operation::Start) == 2).await;
}

#[tokio::test]
async fn three_codes_an_hour_and_five_a_day_whoever_asks() {
    let settings = [ROOM.as_slice(), &[("OTP_RESEND_SECONDS", "0")]].concat();
    let app = TestApp::with(&settings).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let began = app.now();
    for (hour, sent) in [(0, 3), (1, 5), (2, 5), (23, 5), (24, 8)] {
        app.advance(began + TimeDelta::hours(hour) - app.now());
        for _ in 0..4 {
            app.forgot(&ada).await.is(202);
            sleep(A_WHILE).await;
        }
        assert_eq!(app.sends_to(&ada) - 1, sent, "after {hour} hours");
    }
}

#[tokio::test]
async fn a_code_within_the_wait_is_not_sent_and_the_ticket_joins_the_one_that_is_live() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    app.forgot(&ada).await.is(202);
    sleep(A_WHILE).await;
    assert_eq!(app.sends_to(&ada), 1, "the wait is over all codes of a person");
    app.advance(TimeDelta::minutes(2));
    app.forgotten(&ada).await;
    let second = app.forgot(&ada).await.is(202).text("resetTicket");
    sleep(A_WHILE).await;
    assert_eq!(app.sends_to(&ada), 2);
    app.reset(&second, &app.code_for(&ada), "a new and better staple").await.is(204);
}

#[tokio::test]
async fn somebody_is_to_be_named() {
    let app = TestApp::new().await;
    let path = "/api/v1/auth/password/forgot";
    app.post(path, &json!({})).await.finds_fault_with(&[("email", "required")]);
    let both = json!({ "email": "ada@example.com", "phoneNumber": "+14155552671", "x": 1 });
    let answer = app.post(path, &both).await;
    answer.finds_fault_with(&[("phoneNumber", "ambiguous"), ("x", "unknown_field")]);
}

#[tokio::test]
async fn tickets_that_have_run_out_are_deleted() {
    let app = TestApp::new().await;
    app.forgot(&Person::ada()).await.is(202);
    let delete = || ringfence::reset_tickets::delete_expired(app.database(), app.now());
    app.advance(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
    assert_eq!(delete().await.unwrap(), 0);
    app.advance(TimeDelta::microseconds(1));
    assert_eq!(delete().await.unwrap(), 1);
}
