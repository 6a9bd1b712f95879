//! `POST /api/v1/auth/introspect` (RFC 7662).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp};

const PATH: &str = "/api/v1/auth/introspect";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const CLIENTS: (&str, &str) = ("INTROSPECTION_CLIENTS", "orders:0123456789abcdef0123456789abcdef");

async fn ask(app: &TestApp, token: &str) -> Answer {
    let request = app.form(PATH, &[("token", token), ("token_type_hint", "anything")]);
    app.send(request.basic_auth("orders", Some(SECRET))).await
}

async fn is_inactive(app: &TestApp, token: &str) {
    let answer = ask(app, token).await.is(200);
    assert_eq!(answer.json(), &json!({ "active": false }));
}

#[tokio::test]
async fn an_access_token_is_told_with_all_its_claims() {
    let app = TestApp::with(&[CLIENTS]).await;
    let token = app.verified(&Person::ada()).await;
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let mut wanted: Value = serde_json::from_slice(&claims).unwrap();
    wanted["active"] = true.into();
    wanted["token_type"] = "Bearer".into();
    wanted["token_use"] = "access".into();
    assert_eq!(ask(&app, &token).await.is(200).json(), &wanted);
    app.advance(TimeDelta::minutes(15));
    is_inactive(&app, &token).await;
}

#[tokio::test]
async fn a_refresh_token_is_told_apart_and_is_not_used_up_by_it() {
    let app = TestApp::with(&[CLIENTS]).await;
    let first = app.signed_in(&Person::ada()).await;
    let refresh = first.text("refreshToken");
    let session = app.session(&first.text("token")).await;
    let told = ask(&app, &refresh).await.is(200);
    let wanted = json!({
        "active": true,
        "token_use": "refresh",
        "sub": session.json()["userId"],
        "sid": session.json()["sessionId"],
        "exp": (app.now() + TimeDelta::days(14)).timestamp(),
        "auth_time": app.now().timestamp(),
    });
    assert_eq!(told.json(), &wanted);
    let next = app.refresh(&refresh).await.is(200).text("refreshToken");
    assert_eq!(ask(&app, &refresh).await.json()["active"], true, "it can still be repeated");
    let last = app.refresh(&next).await.is(200).text("refreshToken");
    is_inactive(&app, &refresh).await;
    assert_eq!(ask(&app, &last).await.json()["active"], true, "asking ends nothing");
    app.advance(TimeDelta::days(14));
    is_inactive(&app, &last).await;
}

#[tokio::test]
async fn of_a_session_that_has_ended_nothing_is_told() {
    let app = TestApp::with(&[CLIENTS]).await;
    let first = app.signed_in(&Person::ada()).await;
    app.logout(&first.text("token"), "current").await.is(204);
    for token in [&*first.text("token"), &*first.text("refreshToken"), "x", "a.b.c"] {
        is_inactive(&app, token).await;
    }
}

#[tokio::test]
async fn only_known_clients_may_ask() {
    let app = TestApp::with(&[CLIENTS]).await;
    let token = app.verified(&Person::ada()).await;
    let form = [("token", &*token)];
    for (id, secret) in [("orders", "wrong"), ("mail", SECRET), ("", ""), ("orders", "")] {
        let request = app.form(PATH, &form).basic_auth(id, Some(secret));
        let answer = app.send(request).await.refused(401, "client_invalid");
        assert_eq!(answer.json()["error"], "invalid_client");
    }
    let bearer = app.form(PATH, &form).bearer_auth(&token);
    app.send(bearer).await.refused(401, "client_invalid");
    app.send(app.form(PATH, &form)).await.refused(401, "client_invalid");
    let nobody = TestApp::new().await;
    let request = nobody.form(PATH, &form).basic_auth("", Some(""));
    nobody.send(request).await.refused(401, "client_invalid");
}

#[tokio::test]
async fn a_question_without_a_token_is_an_invalid_request() {
    let app = TestApp::with(&[CLIENTS]).await;
    let request = app.form(PATH, &[("tokn", "x")]).basic_auth("orders", Some(SECRET));
    let answer = app.send(request).await.refused(400, "form_invalid");
    assert_eq!(answer.json()["error"], "invalid_request");
}
