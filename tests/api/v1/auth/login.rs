//! `POST /api/v1/auth/login`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Person, TestApp};

const LOGIN: &str = "/api/v1/auth/login";

#[tokio::test]
async fn a_first_login_sends_a_code_and_says_where_to() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let user = app.register(&ada).await.is(201).text("userId");
    let answer = app.login(&ada).await.is(200);
    let seconds = |by| json!(app.now() + TimeDelta::seconds(by));
    let mut wanted = json!({
        "message": "Enter the code that was sent to your phone.",
        "userId": user,
        "requiresOtp": true,
        "methods": ["sms"],
        "channel": "sms",
        "destination": "+1•••••••2671",
        "expiresAt": seconds(300),
        "resendAfter": seconds(120),
    });
    wanted["loginTicket"] = answer.json()["loginTicket"].clone();
    assert_eq!(answer.json(), &wanted);
    assert_eq!(answer.text("loginTicket").len(), 43);
    let message = &app.messages_to(&ada)[0];
    assert_eq!(message["channel"], "sms");
    assert!(message["text"].as_str().unwrap().contains(&app.code_for(&ada)));
}

#[tokio::test]
async fn with_sinch_the_verification_id_is_saved_on_the_user_row() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let start = app.fake().starts().pop().unwrap();
    let row = app.user_row(&ada).await;
    assert_eq!(row["sinch_verification_id"], start.id.as_str());
    let last: chrono::DateTime<chrono::Utc> =
        row["last_otp_sent_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(last, app.now());
    assert_eq!((start.method, &start.number), ("sms", &ada.phone));

    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    let row = app.user_row(&ada).await;
    assert_eq!(row["sinch_verification_id"], Value::Null);
    assert_eq!(row["is_verified"], true);
}

#[tokio::test]
async fn a_verified_person_needs_no_second_code() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let answer = app.login(&ada).await.is(200);
    assert_eq!(answer.json()["requiresOtp"], false);
    assert_eq!(answer.json()["tokenType"], "Bearer");
    assert_eq!(answer.json()["expiresIn"], 900);
    assert_eq!(answer.json()["loginTicket"], Value::Null);
    let session = app.session(&answer.text("token")).await.is(200);
    assert_eq!(session.json()["amr"], json!(["pwd"]));
    assert_eq!(app.sends_to(&ada), 1);
}

#[tokio::test]
async fn a_person_logs_in_by_address_or_number_however_written() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    for (field, written) in [
        ("email", " ADA@Example.COM "),
        ("phoneNumber", "+14155552671"),
        ("phoneNumber", "+1 (415) 555-2671"),
    ] {
        app.post(LOGIN, &json!({ field: written, "password": ada.password })).await.is(200);
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_in_the_words_of_the_contract() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    for wrong in ["a horse, correctly stapleD", "a", " a horse, correctly stapled"] {
        let answer = app.login(&Person { password: wrong.to_owned(), ..ada.clone() }).await;
        let answer = answer.refused(401, "invalid_credentials");
        assert_eq!(answer.text("detail"), "Invalid email or password.");
    }
    assert_eq!(app.sends_to(&ada), 0);
}

#[tokio::test]
async fn the_same_password_is_right_in_every_unicode_form() {
    let app = TestApp::new().await;
    let composed = Person { password: "caf\u{e9} corner table".to_owned(), ..Person::ada() };
    let decomposed = Person { password: "cafe\u{301} corner table".to_owned(), ..Person::ada() };
    app.register(&composed).await.is(201);
    app.login(&decomposed).await.is(200);
}

#[tokio::test]
async fn a_login_names_one_person_and_a_password() {
    let app = TestApp::new().await;
    for (body, faults) in [
        (json!({}), vec![("email", "required"), ("password", "required")]),
        (
            json!({"email": "ada", "password": ""}),
            vec![("email", "email_invalid"), ("password", "password_too_short")],
        ),
        (
            json!({"email": "a@example.com", "phoneNumber": "+14155552671", "password": "x"}),
            vec![("phoneNumber", "ambiguous")],
        ),
        (
            json!({"email": "a@example.com", "password": "x".repeat(257)}),
            vec![("password", "password_too_long")],
        ),
        (
            json!({"email": "a@example.com", "password": "x", "otp": "1"}),
            vec![("otp", "unknown_field")],
        ),
        (
            json!({"email": "a@example.com", "password": "x", "deviceToken": 1}),
            vec![("deviceToken", "wrong_type")],
        ),
    ] {
        app.post(LOGIN, &body).await.finds_fault_with(&faults);
    }
    assert_eq!(app.hashes(), 0);
}
