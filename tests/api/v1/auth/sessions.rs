//! `GET /api/v1/auth/sessions` and `DELETE /api/v1/auth/sessions/{id}`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Person, TestApp};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

async fn list(app: &TestApp, token: &str) -> Vec<Value> {
    let answer = app.sessions(token).await.is(200);
    answer.json()["sessions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn somebody_sees_where_and_when_they_signed_in() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let ada = Person::ada();
    let began = app.now();
    let first = app.signed_in(&ada).await;
    app.advance(TimeDelta::minutes(1));
    let visitor = app.at("2001:db8:1:2:3:4:5:6").with_header("user-agent", FIREFOX);
    let second = visitor.login(&ada).await.is(200);
    let then = app.now();
    app.advance(TimeDelta::minutes(1));
    app.refresh(&first.text("refreshToken")).await.is(200);

    let listed = list(&app, &second.text("token")).await;
    let id = |answer: &crate::support::Answer| {
        let token = answer.text("token");
        let app = &app;
        async move { app.session(&token).await.is(200).text("sessionId") }
    };
    let wanted = json!([
        {
            "id": id(&first).await, "device": "Unknown device", "address": "127.0.0.1",
            "createdAt": began, "lastSeenAt": app.now(), "current": false,
        },
        {
            "id": id(&second).await, "device": "Firefox on Linux", "address": "2001:db8:1:2::/64",
            "createdAt": then, "lastSeenAt": then, "current": true,
        },
    ]);
    assert_eq!(json!(listed), wanted);
}

#[tokio::test]
async fn somebody_ends_one_of_their_sessions() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let lost = app.signed_in(&ada).await;
    let here = app.login(&ada).await.is(200);
    let id = app.session(&lost.text("token")).await.text("sessionId");
    app.end_session(&here.text("token"), &id).await.is(204);
    app.session(&lost.text("token")).await.refused(401, "token_invalid");
    app.refresh(&lost.text("refreshToken")).await.refused(401, "refresh_invalid");
    app.end_session(&here.text("token"), &id).await.refused(404, "not_found");
    let listed = list(&app, &here.text("token")).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["current"], true);
    assert_eq!(app.count("SELECT count(*) FROM sessions WHERE ended_as = 'revoked'").await, 1);
}

#[tokio::test]
async fn nobody_sees_or_ends_the_sessions_of_others() {
    let app = TestApp::new().await;
    let of_ada = app.verified(&Person::ada()).await;
    let of_bob = app.verified(&Person::bob()).await;
    let id = app.session(&of_ada).await.text("sessionId");
    assert!(list(&app, &of_bob).await.iter().all(|it| it["id"] != id.as_str()));
    app.end_session(&of_bob, &id).await.refused(404, "not_found");
    for unknown in ["00000000-0000-7000-8000-000000000000", "nonsense", "%00", "%83"] {
        app.end_session(&of_bob, unknown).await.refused(404, "not_found");
    }
    app.session(&of_ada).await.is(200);
}

#[tokio::test]
async fn what_has_run_out_is_not_listed() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let of_before = "UPDATE sessions SET expires_at = NULL, last_seen_at = NULL,
        refresh_hash = NULL, refresh_generation = NULL, client_address = NULL";
    sqlx::query(of_before).execute(app.database()).await.unwrap();
    let second = app.login(&ada).await.is(200);
    assert_eq!(list(&app, &second.text("token")).await.len(), 2);
    app.advance(TimeDelta::minutes(15));
    let third = app.refresh(&second.text("refreshToken")).await.is(200);
    assert_eq!(list(&app, &third.text("token")).await.len(), 1, "no token of the first is good");
    app.advance(TimeDelta::days(14));
    let fourth = app.login(&ada).await.is(200);
    assert_eq!(list(&app, &fourth.text("token")).await.len(), 1);
}
