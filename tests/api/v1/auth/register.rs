//! `POST /api/v1/auth/register`.

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};

use crate::support::{Person, TestApp};

#[tokio::test]
async fn somebody_signs_up_and_is_told_what_comes_next() {
    let app = TestApp::new().await;
    let answer = app.register(&Person::ada()).await.is(201);
    assert_eq!(answer.json()["requiresOtp"], true);
    assert_eq!(answer.text("destination"), "+1•••••••2671");
    assert_eq!(answer.text("loginTicket").len(), 43, "256 bits in base64url");
    let expires_at = DateTime::parse_from_rfc3339(&answer.text("loginTicketExpiresAt")).unwrap();
    assert_eq!(expires_at, app.now() + TimeDelta::minutes(10));

    let row = app.user_row(&Person::ada()).await;
    assert_eq!(row["id"], answer.json()["userId"]);
    assert_eq!(row["email"], "ada@example.com");
    assert_eq!(row["is_verified"], false);
    assert_eq!(row["sinch_verification_id"], Value::Null);
    assert_eq!(row["last_otp_sent_at"], Value::Null);
    assert_eq!(answer.text("userId").as_bytes()[14], b'7', "a UUIDv7");
}

#[tokio::test]
async fn signing_up_sends_no_text() {
    let app = TestApp::new().await;
    app.register(&Person::ada()).await.is(201);
    assert_eq!(app.sends_to(&Person::ada()), 0);
    let sinch = TestApp::sinch(&[]).await;
    sinch.register(&Person::ada()).await.is(201);
    assert_eq!(sinch.sends_to(&Person::ada()), 0);
}

#[tokio::test]
async fn the_ticket_of_a_registration_saves_the_first_login() {
    let app = TestApp::new().await;
    let ticket = app.register(&Person::ada()).await.is(201).text("loginTicket");
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &app.code_for(&Person::ada())).await.is(200);
}

#[tokio::test]
async fn an_address_is_taken_however_it_is_written() {
    let app = TestApp::new().await;
    app.register(&Person { email: "Ada@Bücher.example".to_owned(), ..Person::ada() }).await.is(201);
    assert_eq!(app.user_row(&Person::ada()).await["email"], "Ada@xn--bcher-kva.example");
    for written in ["Ada@Bücher.example", " aDA@BÜCHER.example ", "ada@xn--BCHER-kva.example"] {
        let again = Person { email: written.to_owned(), ..Person::bob() };
        app.register(&again).await.refused(409, "email_taken");
    }
}

#[tokio::test]
async fn a_number_is_taken_however_it_is_written() {
    let app = TestApp::new().await;
    app.register(&Person::ada()).await.is(201);
    for written in
        ["+14155552671", "+1 (415) 555-2671", "001.415.555.2671", "＋１ ４１５ ５５５ ２６７１"]
    {
        let again = Person { phone: written.to_owned(), ..Person::bob() };
        app.register(&again).await.refused(409, "phone_taken");
    }
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
}

#[tokio::test]
async fn everything_wrong_is_told_at_once() {
    let app = TestApp::new().await;
    let body = json!({
        "email": "ada", "password": "short", "phoneNumber": "12", "phonenumber": "+14155552671",
    });
    app.post("/api/v1/auth/register", &body).await.finds_fault_with(&[
        ("email", "email_invalid"),
        ("password", "password_too_short"),
        ("phoneNumber", "phone_invalid"),
        ("phonenumber", "unknown_field"),
    ]);
    app.post("/api/v1/auth/register", &json!({})).await.finds_fault_with(&[
        ("email", "required"),
        ("password", "required"),
        ("phoneNumber", "required"),
    ]);
    let body = json!({ "email": 1, "password": null, "phoneNumber": ["+14155552671"] });
    app.post("/api/v1/auth/register", &body).await.finds_fault_with(&[
        ("email", "wrong_type"),
        ("password", "required"),
        ("phoneNumber", "wrong_type"),
    ]);
    assert_eq!(app.count("SELECT count(*) FROM users").await, 0);
    assert_eq!(app.hashes(), 0, "nothing is hashed for a request that cannot succeed");
}

#[tokio::test]
async fn a_password_that_would_be_guessed_is_refused_with_the_reason() {
    let app = TestApp::new().await;
    let person = |email: &str, password: &str| Person {
        email: email.to_owned(),
        password: password.to_owned(),
        ..Person::ada()
    };
    let long = "é".repeat(257);
    for (email, password, reason) in [
        ("ada@example.com", "7 chars", "password_too_short"),
        ("ada@example.com", &*long, "password_too_long"),
        ("ada@example.com", "ILoveYou", "password_common"),
        ("lovelace@example.com", "my-lovelace-secret", "password_contains_email"),
        ("ada@example.com", "call 415-555-2671!", "password_contains_phone"),
    ] {
        let answer = app.register(&person(email, password)).await;
        answer.finds_fault_with(&[("password", reason)]);
    }
    let longest = "é".repeat(256);
    app.register(&person("ada@example.com", &longest)).await.is(201);
}

#[tokio::test]
async fn length_and_composition_are_settings() {
    let settings = [("PASSWORD_MIN_LENGTH", "15"), ("PASSWORD_COMPOSITION", "mixed")];
    let app = TestApp::with(&settings).await;
    let with = |password: &str| Person { password: password.to_owned(), ..Person::ada() };
    app.register(&with("stapled horses")).await.finds_fault_with(&[
        ("password", "password_too_short"),
        ("password", "password_composition"),
    ]);
    app.register(&with("Stapled 12 horses")).await.is(201);
}

#[tokio::test]
async fn a_number_that_cannot_receive_a_code_is_refused() {
    let app = TestApp::with(&[("ALLOWED_COUNTRIES", "us, GB")]).await;
    let with = |phone: &str| Person { phone: phone.to_owned(), ..Person::ada() };
    for (phone, fault) in [
        ("+1 415 555", "phone_invalid"),
        ("415 555 2671", "phone_invalid"),
        ("+44 909 879 0000", "phone_type_not_supported"),
        ("+1 800 253 0000", "phone_type_not_supported"),
        ("+46 70 123 45 67", "phone_country_not_supported"),
    ] {
        app.register(&with(phone)).await.finds_fault_with(&[("phoneNumber", fault)]);
    }
    app.register(&with("+44 20 7946 0958")).await.is(201);
}

#[tokio::test]
async fn national_notation_is_of_the_default_region() {
    let app = TestApp::with(&[("DEFAULT_REGION", "SE")]).await;
    let bob = Person { phone: "070-123 45 67".to_owned(), ..Person::bob() };
    app.register(&bob).await.is(201);
    assert_eq!(app.user_row(&Person::bob()).await["email"], bob.email.as_str());
}
