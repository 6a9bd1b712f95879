//! `/api/v1/admin/users/{id}/sessions`.

use serde_json::{Value, json};

use super::scene;
use crate::support::USERS;

const OPEN: &str = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";

#[tokio::test]
async fn the_sessions_of_a_user_are_listed_with_those_that_have_ended() {
    let (app, admin, bob, token) = scene().await;
    app.advance(chrono::TimeDelta::minutes(1));
    app.with_header("user-agent", "curl/8.5.0").login(&bob).await.is(200);
    let first = app.session(&token).await.is(200).text("sessionId");
    let path = app.path_of(&bob, "/sessions").await;
    admin.delete(&format!("{path}/{first}")).await.is(204);

    let list = admin.get(&path).await.is(200);
    let sessions = list.json()["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2, "{list:?}");
    assert_eq!(sessions[0]["amr"], json!(["pwd"]));
    assert_eq!(sessions[0]["userAgent"], "curl/8.5.0");
    assert_eq!(sessions[0]["endedAt"], Value::Null);
    assert_eq!(sessions[1]["id"], first.as_str());
    assert_eq!(sessions[1]["amr"], json!(["pwd", "otp", "sms"]));
    assert_eq!(sessions[1]["endedAs"], "revoked");
    let newest = admin.get(&format!("{path}?limit=1")).await.is(200);
    assert_eq!(newest.json()["sessions"].as_array().unwrap().as_slice(), &sessions[..1]);
    let refused = admin.get(&format!("{path}?limit=0&after=x")).await;
    refused.finds_fault_with(&[("limit", "limit_invalid"), ("after", "unknown_field")]);
}

#[tokio::test]
async fn all_sessions_of_a_user_end_and_nobody_elses() {
    let (app, admin, bob, token) = scene().await;
    app.login(&bob).await.is(200);
    assert_eq!(app.count(OPEN).await, 3);
    let path = app.path_of(&bob, "/sessions").await;
    admin.delete(&path).await.is(204);
    assert_eq!(app.count(OPEN).await, 1);
    let ended = "SELECT count(*) FROM sessions WHERE ended_as = 'revoked'";
    assert_eq!(app.count(ended).await, 2);
    app.session(&token).await.refused(401, "token_invalid");
    admin.delete(&path).await.is(204);
    admin.get(USERS).await.is(200);
}

#[tokio::test]
async fn one_session_ends_once_and_only_as_its_users() {
    let (app, admin, bob, token) = scene().await;
    app.login(&bob).await.is(200);
    let session = app.session(&token).await.is(200).text("sessionId");
    let ada = crate::support::Person::ada();
    let of_ada = app.path_of(&ada, &format!("/sessions/{session}")).await;
    admin.delete(&of_ada).await.refused(404, "not_found");
    assert_eq!(app.count(OPEN).await, 3);
    let path = app.path_of(&bob, &format!("/sessions/{session}")).await;
    admin.delete(&path).await.is(204);
    assert_eq!(app.count(OPEN).await, 2);
    admin.delete(&path).await.refused(404, "not_found");
    admin.delete(&app.path_of(&bob, "/sessions/x").await).await.refused(404, "not_found");
}

#[tokio::test]
async fn nobody_has_no_sessions() {
    let (_app, admin, ..) = scene().await;
    let path = format!("{USERS}/01890000-0000-7000-8000-000000000000/sessions");
    admin.get(&path).await.refused(404, "user_not_found");
    admin.delete(&path).await.refused(404, "user_not_found");
}
