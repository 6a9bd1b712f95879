//! `POST /api/v1/auth/revoke` (RFC 7009).

use reqwest::Method;

use crate::support::{Answer, Person, TestApp};

async fn revoke(app: &TestApp, form: &[(&str, &str)]) -> Answer {
    app.send(app.form("/api/v1/auth/revoke", form)).await
}

#[tokio::test]
async fn a_token_of_either_kind_ends_its_session() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    for (kind, hint) in [("token", "access_token"), ("refreshToken", "access_token")] {
        let login = app.login(&ada).await.is(200);
        let form = [("token", &*login.text(kind)), ("token_type_hint", hint), ("x", "ignored")];
        let answer = revoke(&app, &form).await.is(200);
        assert_eq!(answer.bytes(), b"");
        app.session(&login.text("token")).await.refused(401, "token_invalid");
        app.refresh(&login.text("refreshToken")).await.refused(401, "refresh_invalid");
        revoke(&app, &form).await.is(200);
    }
    assert_eq!(app.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_a_success_and_ends_nothing() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    for unknown in ["x", &format!("{token}x"), &"A".repeat(112)] {
        revoke(&app, &[("token", unknown)]).await.is(200);
    }
    app.session(&token).await.is(200);
}

#[tokio::test]
async fn a_form_without_a_token_is_an_invalid_request() {
    let app = TestApp::new().await;
    for form in [&[][..], &[("token", "")], &[("token", "a"), ("token", "b")]] {
        let answer = revoke(&app, form).await.refused(400, "form_invalid");
        assert_eq!(answer.json()["error"], "invalid_request");
    }
    let json = serde_json::json!({ "token": "x" });
    app.post("/api/v1/auth/revoke", &json).await.refused(415, "content_type_not_supported");
    let huge = format!("token={}", "x".repeat(20_000));
    let request = app.request(Method::POST, "/api/v1/auth/revoke").body(huge);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    app.send(request).await.refused(413, "body_too_large");
}
