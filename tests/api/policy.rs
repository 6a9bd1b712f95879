//! `OTP_POLICY`: when a login asks for a code.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp};

async fn login_on(app: &TestApp, device: &str, person: &Person) -> Answer {
    let mut body = person.credentials();
    body["deviceToken"] = json!(device);
    app.post("/api/v1/auth/login", &body).await.is(200)
}

async fn finish(app: &TestApp, login: &Answer, person: &Person) -> Answer {
    assert_eq!(login.json()["requiresOtp"], true, "{login:?}");
    app.verify(&login.text("loginTicket"), &app.code_for(person)).await.is(200)
}

#[tokio::test]
async fn enrollment_asks_until_the_phone_is_verified() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    let unfinished = app.login(&ada).await.is(200);
    assert_eq!(unfinished.json()["requiresOtp"], true);
    app.advance(TimeDelta::minutes(10));
    let login = app.login(&ada).await.is(200);
    let finished = finish(&app, &login, &ada).await;
    assert_eq!(finished.text("deviceToken").len(), 43);
    assert_eq!(app.login(&ada).await.is(200).json()["requiresOtp"], false);
}

#[tokio::test]
async fn always_asks_each_time() {
    let app = TestApp::with(&[("OTP_POLICY", "always")]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    for _ in 0..2 {
        app.advance(TimeDelta::minutes(2));
        let login = app.login(&ada).await.is(200);
        assert_eq!(login.json()["token"], Value::Null);
        finish(&app, &login, &ada).await;
    }
    assert_eq!(app.sends_to(&ada), 3);
}

#[tokio::test]
async fn a_known_device_is_asked_no_more() {
    let app = TestApp::with(&[("OTP_POLICY", "new-device")]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let answer = app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    let device = answer.text("deviceToken");
    assert_eq!(device.len(), 43, "256 bits in base64url");
    let login = login_on(&app, &device, &ada).await;
    assert_eq!(login.json()["requiresOtp"], false);
    assert_eq!(app.session(&login.text("token")).await.is(200).json()["amr"], json!(["pwd"]));

    app.advance(TimeDelta::minutes(2));
    let login = app.login(&ada).await.is(200);
    let second = finish(&app, &login, &ada).await.text("deviceToken");
    assert_ne!(second, device);
    assert_eq!(login_on(&app, &second, &ada).await.json()["requiresOtp"], false);
    assert_eq!(login_on(&app, &device, &ada).await.json()["requiresOtp"], false);
}

#[tokio::test]
async fn a_device_is_known_for_its_own_person_only() {
    let app = TestApp::with(&[("OTP_POLICY", "new-device")]).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let ticket = app.pending(&ada).await;
    let answer = app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    let device_of_ada = answer.text("deviceToken");
    app.verified(&bob).await;
    for device in [&*device_of_ada, "", "x", &"A".repeat(43)] {
        assert_eq!(login_on(&app, device, &bob).await.json()["requiresOtp"], true);
    }
    let wrong_password = json!({
        "email": ada.email, "password": "not hers at all", "deviceToken": device_of_ada,
    });
    let answer = app.post("/api/v1/auth/login", &wrong_password).await;
    answer.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn a_device_is_forgotten_after_ninety_days() {
    let app = TestApp::with(&[("OTP_POLICY", "new-device")]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let answer = app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    let device = answer.text("deviceToken");
    // A login on it makes it known anew.
    for _ in 0..2 {
        app.advance(TimeDelta::days(90) - TimeDelta::microseconds(1));
        assert_eq!(login_on(&app, &device, &ada).await.json()["requiresOtp"], false);
    }
    app.advance(TimeDelta::days(90));
    assert_eq!(login_on(&app, &device, &ada).await.json()["requiresOtp"], true);
}
