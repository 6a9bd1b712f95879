//! A fresh login for what logins depend on, where each takes a code; and what a login ends.

use chrono::TimeDelta;
use reqwest::Method;
use reqwest::header::{COOKIE, ORIGIN};
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp};

const ALWAYS: [(&str, &str); 2] = [("OTP_POLICY", "always"), ("OTP_RESEND_SECONDS", "0")];

/// Everything that a login depends on, and the ends of sessions: each with what it answers when it succeeds.
fn changes(other_session: &str) -> [(Method, String, Value, u16); 7] {
    let password = Person::ada().password;
    let end = format!("/api/v1/auth/sessions/{other_session}");
    let logout = "/api/v1/auth/logout".to_owned();
    [
        (Method::DELETE, end, Value::Null, 204),
        (Method::POST, logout.clone(), json!({ "scope": "others" }), 204),
        (
            Method::POST,
            "/api/v1/profile/email".to_owned(),
            json!({ "email": "ada@example.net", "password": password }),
            200,
        ),
        (
            Method::POST,
            "/api/v1/profile/phone".to_owned(),
            json!({ "phoneNumber": "+46701740605", "password": password }),
            202,
        ),
        (
            Method::POST,
            "/api/v1/auth/password/change".to_owned(),
            json!({ "currentPassword": password, "newPassword": "another horse, stapled" }),
            204,
        ),
        (
            Method::POST,
            "/api/v1/auth/password/change".to_owned(),
            json!({ "currentPassword": "another horse, stapled", "newPassword": password }),
            204,
        ),
        (Method::POST, logout, json!({ "scope": "all" }), 204),
    ]
}

async fn log_in_by_code(app: &TestApp, ada: &Person) -> Answer {
    let ticket = app.login(ada).await.is(200).text("loginTicket");
    app.verify(&ticket, &app.code_for(ada)).await.is(200)
}

#[tokio::test]
async fn with_a_code_at_each_login_what_concerns_the_account_takes_a_fresh_one() {
    let app = TestApp::with(&ALWAYS).await;
    let ada = Person::ada();
    let old = app.signed_in(&ada).await;
    app.advance(TimeDelta::minutes(14));
    let token = app.refresh(&old.text("refreshToken")).await.is(200);
    app.advance(TimeDelta::minutes(1) + TimeDelta::seconds(1));
    let other = app.session(&token.text("token")).await.is(200).text("sessionId");

    for (method, path, body, _) in changes(&other) {
        let refused = app.send_as(&token.text("token"), method, &path, &body).await;
        let challenge = refused.header("www-authenticate").to_owned();
        refused.refused(401, "step_up_required");
        assert!(challenge.contains("insufficient_user_authentication"), "{challenge}");
    }
    assert_eq!(app.user_row(&ada).await["email"], "ada@example.com");
    // What nobody can do harm with goes on.
    app.sessions(&token.text("token")).await.is(200);

    let fresh = log_in_by_code(&app, &ada).await.text("token");
    for (method, path, body, status) in changes(&other) {
        app.send_as(&fresh, method, &path, &body).await.is(status);
    }
}

#[tokio::test]
async fn where_a_login_takes_the_password_alone_the_password_is_enough() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let first = app.signed_in(&ada).await;
    let other = app.session(&first.text("token")).await.is(200).text("sessionId");
    app.advance(TimeDelta::minutes(20));
    let token = app.login(&ada).await.is(200).text("token");
    for (method, path, body, status) in changes(&other) {
        app.send_as(&token, method, &path, &body).await.is(status);
    }
}

/// An administrator's login takes a code whatever the policy: so does what that code depends on.
#[tokio::test]
async fn an_administrator_changes_what_a_login_depends_on_after_a_fresh_one_only() {
    for policy in ["enrollment", "new-device"] {
        let app = TestApp::with(&[("OTP_POLICY", policy), ("OTP_RESEND_SECONDS", "0")]).await;
        let ada = Person::ada();
        let old = app.signed_in(&ada).await;
        let other = app.session(&old.text("token")).await.is(200).text("sessionId");
        let by_password = json!({ "password": ada.password });
        let app_codes = "/api/v1/profile/totp".to_owned();
        let totp = [
            (Method::POST, app_codes.clone(), by_password.clone(), 201),
            (Method::DELETE, app_codes, by_password, 204),
        ];
        app.set_roles(&ada, "{admin}").await;
        app.advance(TimeDelta::minutes(14));
        let token = app.refresh(&old.text("refreshToken")).await.is(200).text("token");
        app.advance(TimeDelta::minutes(1) + TimeDelta::seconds(1));
        for (method, path, body, _) in changes(&other).into_iter().chain(totp.clone()) {
            let refused = app.send_as(&token, method, &path, &body).await;
            refused.refused(401, "step_up_required");
        }
        assert_eq!(app.count("SELECT count(*) FROM totp_seeds").await, 0, "{policy}");

        let fresh = log_in_by_code(&app, &ada).await.text("token");
        for (method, path, body, status) in totp.into_iter().chain(changes(&other)) {
            app.send_as(&fresh, method, &path, &body).await.is(status);
        }
    }
}

#[tokio::test]
async fn a_login_ends_the_session_that_it_brings_along() {
    let app = TestApp::with(&[("FRONTEND_URL", "https://app.example.com")]).await;
    let ada = Person::ada();
    let apart = app.signed_in(&ada).await.text("token");

    // By its bearer token, at a login without a code.
    let first = app.login(&ada).await.is(200).text("token");
    let second = app.bearing(&first).login(&ada).await.is(200).text("token");
    app.session(&first).await.refused(401, "token_invalid");

    // A login that fails ends nothing.
    let wrong = Person { password: "not hers, nor anybody's".to_owned(), ..ada.clone() };
    app.bearing(&second).login(&wrong).await.refused(401, "invalid_credentials");
    app.session(&second).await.is(200);

    // By its cookie.
    let credentials =
        json!({ "email": ada.email, "password": ada.password, "refreshTokenIn": "cookie" });
    let with_cookie = async |cookie: Option<&str>| {
        let request = app.request(Method::POST, "/api/v1/auth/login").json(&credentials);
        let request = request.header(ORIGIN, "https://app.example.com");
        let request = match cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        app.send(request).await.is(200)
    };
    let third = with_cookie(None).await;
    let cookie = third.header("set-cookie").split(';').next().unwrap().to_owned();
    let fourth = with_cookie(Some(&cookie)).await.text("token");
    app.session(&third.text("token")).await.refused(401, "token_invalid");

    // Whatever was not brought along goes on, on other devices.
    for token in [&apart, &second, &fourth] {
        app.session(token).await.is(200);
    }
}

#[tokio::test]
async fn a_login_by_code_ends_the_session_that_it_brings_along() {
    let app = TestApp::with(&ALWAYS).await;
    let ada = Person::ada();
    let first = app.signed_in(&ada).await.text("token");
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    app.session(&first).await.is(200);
    let visitor = app.bearing(&first);
    let second = visitor.verify(&ticket, &app.code_for(&ada)).await.is(200).text("token");
    app.session(&first).await.refused(401, "token_invalid");
    app.session(&second).await.is(200);
}
