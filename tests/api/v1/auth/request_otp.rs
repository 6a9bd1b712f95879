//! `POST /api/v1/auth/request-otp`. Its limits are tested in `sending.rs`.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Person, TestApp};

#[tokio::test]
async fn another_code_is_sent_and_described() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    let answer = app.request_otp(&ticket).await.is(200);
    let seconds = |by| json!(app.now() + TimeDelta::seconds(by));
    let wanted = json!({
        "message": "A code is on its way.",
        "channel": "sms",
        "destination": "+1•••••••2671",
        "expiresAt": seconds(300),
        "resendAfter": seconds(120),
    });
    assert_eq!(answer.json(), &wanted);
    assert_eq!(app.sends_to(&ada), 1);
}

#[tokio::test]
async fn a_new_code_kills_the_old_one() {
    let app = TestApp::with(&[("OTP_LENGTH", "10")]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let old = app.code_for(&ada);
    app.advance(TimeDelta::seconds(120));
    app.request_otp(&ticket).await.is(200);
    let new = app.code_for(&ada);
    assert_ne!(old, new);
    app.verify(&ticket, &old).await.refused(401, "otp_invalid");
    app.verify(&ticket, &new).await.is(200);
}

#[tokio::test]
async fn a_call_can_be_asked_for() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    let body = json!({ "loginTicket": ticket, "channel": "call" });
    let answer = app.request_otp_with(&body).await.is(200);
    assert_eq!(answer.text("channel"), "call");
    assert_eq!(app.fake().starts()[0].method, "callout");
    let answer = app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    let session = app.session(&answer.text("token")).await.is(200);
    assert_eq!(session.json()["amr"], json!(["pwd", "otp", "tel"]));
}

#[tokio::test]
async fn the_carrier_is_told_the_language_and_our_reference() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    app.with_header("accept-language", "sv-SE, en;q=0.8").request_otp(&ticket).await.is(200);
    let start = app.fake().starts().pop().unwrap();
    assert_eq!(start.languages.as_deref(), Some("sv-SE, en;q=0.8"));
    let challenge: String = sqlx::query_scalar("SELECT challenge_id::text FROM messages")
        .fetch_one(app.database())
        .await
        .unwrap();
    assert_eq!(start.reference, Some(challenge));
}

#[tokio::test]
async fn a_simple_client_asks_by_address_or_number_after_its_login() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.pending(&ada).await;
    app.advance(TimeDelta::seconds(120));
    app.request_otp_with(&json!({ "email": ada.email })).await.is(200);
    app.advance(TimeDelta::seconds(120));
    app.request_otp_with(&json!({ "phoneNumber": ada.phone })).await.is(200);
    assert_eq!(app.sends_to(&ada), 3);
}

#[tokio::test]
async fn an_unknown_ticket_gets_nothing() {
    let app = TestApp::new().await;
    for ticket in ["", "x", &"A".repeat(43), &"A".repeat(4000)] {
        app.request_otp(ticket).await.refused(401, "login_ticket_invalid");
    }
}

#[tokio::test]
async fn a_used_ticket_gets_nothing() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    app.advance(TimeDelta::seconds(120));
    app.request_otp(&ticket).await.refused(401, "login_ticket_invalid");
    app.request_otp_with(&json!({ "email": ada.email })).await.refused(401, "login_required");
    assert_eq!(app.sends_to(&ada), 1);
}

#[tokio::test]
async fn a_request_names_one_login_and_a_known_channel() {
    let app = TestApp::new().await;
    for (body, faults) in [
        (json!({}), vec![("email", "required")]),
        (json!({"loginTicket": "x", "channel": "pigeon"}), vec![("channel", "channel_unknown")]),
        (json!({"loginTicket": "x", "email": "a@example.com"}), vec![("loginTicket", "ambiguous")]),
        (
            json!({"email": "a@example.com", "phoneNumber": "+14155552671"}),
            vec![("phoneNumber", "ambiguous")],
        ),
        (json!({"loginTicket": "x", "password": "x"}), vec![("password", "unknown_field")]),
    ] {
        app.request_otp_with(&body).await.finds_fault_with(&faults);
    }
}
