//! `GET /api/v1/auth/session`. What makes a token good or bad is tested in `tokens.rs`.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use reqwest::header::AUTHORIZATION;

use crate::support::{Person, TestApp};

const SESSION: &str = "/api/v1/auth/session";

#[tokio::test]
async fn the_session_is_what_the_token_says() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let session = app.session(&token).await.is(200);
    assert_eq!(session.json()["userId"], app.user_row(&ada).await["id"]);
    assert_eq!(session.json()["email"], "ada@example.com");
    assert_eq!(session.json()["isVerified"], true);
    let expires_at: DateTime<Utc> = session.text("expiresAt").parse().unwrap();
    assert_eq!(expires_at.timestamp(), (app.now() + TimeDelta::minutes(15)).timestamp());
    let stored: String = sqlx::query_scalar("SELECT id::text FROM sessions")
        .fetch_one(app.database())
        .await
        .unwrap();
    assert_eq!(session.text("sessionId"), stored);
}

#[tokio::test]
async fn the_session_is_told_without_the_database() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    app.application.state.database.close().await;
    app.session(&token).await.is(200);
    app.profile(&token).await.refused(503, "database_unavailable");
}

#[tokio::test]
async fn without_a_token_the_challenge_names_no_error() {
    let app = TestApp::new().await;
    let answer = app.get(SESSION).await.refused(401, "token_missing");
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="ringfence""#);
}

#[tokio::test]
async fn what_is_no_token_is_challenged_as_rfc_6750_says() {
    let app = TestApp::new().await;
    for value in ["Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Basic YTpi", "bearer ..", "x"] {
        let request = app.request(Method::GET, SESSION).header(AUTHORIZATION, value);
        let answer = app.send(request).await.refused(401, "token_invalid");
        let challenge = r#"Bearer realm="ringfence", error="invalid_token""#;
        assert_eq!(answer.header("www-authenticate"), challenge, "{value:?}");
    }
}
