//! `POST /api/v1/admin/users/{id}/lock` and `/unlock`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::scene;
use crate::support::USERS;

const OPEN: &str = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";

#[tokio::test]
async fn a_locked_user_has_no_session_and_cannot_log_in_until_unlocked() {
    let (app, admin, bob, token) = scene().await;
    assert_eq!(app.count(OPEN).await, 2);
    let reason = json!({ "reason": " reported stolen " });
    let locked = admin.post(&app.path_of(&bob, "/lock").await, &reason).await.is(200);
    assert_eq!(locked.json()["lockedReason"], "reported stolen");
    assert!(!locked.text("lockedAt").is_empty());
    assert_eq!(app.count(OPEN).await, 1, "the administrator's own");
    let ended = "SELECT count(*) FROM sessions WHERE ended_as = 'lock'";
    assert_eq!(app.count(ended).await, 1);
    app.login(&bob).await.refused(423, "account_locked");
    app.session(&token).await.refused(401, "token_invalid");

    let unlocked = admin.poke(&app.path_of(&bob, "/unlock").await).await.is(200);
    assert_eq!(unlocked.json()["lockedAt"], Value::Null);
    assert_eq!(unlocked.json()["lockedReason"], Value::Null);
    assert_eq!(app.login(&bob).await.is(200).json()["requiresOtp"], false);
    admin.poke(&app.path_of(&bob, "/unlock").await).await.is(200);
}

#[tokio::test]
async fn locking_again_changes_the_reason_and_not_since_when() {
    let (app, admin, bob, _) = scene().await;
    let path = app.path_of(&bob, "/lock").await;
    let first = admin.post(&path, &json!({ "reason": "one" })).await.is(200);
    app.advance(TimeDelta::minutes(1));
    let second = admin.post(&path, &json!({})).await.is(200);
    assert_eq!(second.text("lockedAt"), first.text("lockedAt"));
    assert_eq!(second.json()["lockedReason"], Value::Null);
    let third = admin.post(&path, &json!({ "reason": "ß".repeat(200) })).await.is(200);
    assert_eq!(third.text("lockedReason"), "ß".repeat(200));
}

#[tokio::test]
async fn a_reason_is_one_line_of_some_length() {
    let (app, admin, bob, _) = scene().await;
    let path = app.path_of(&bob, "/lock").await;
    for (body, code) in [
        (json!({ "reason": "" }), "reason_invalid"),
        (json!({ "reason": "  " }), "reason_invalid"),
        (json!({ "reason": "x".repeat(201) }), "reason_invalid"),
        (json!({ "reason": "a\0b" }), "reason_invalid"),
        (json!({ "reason": 7 }), "wrong_type"),
    ] {
        admin.post(&path, &body).await.finds_fault_with(&[("reason", code)]);
    }
    assert_eq!(app.user_row(&bob).await["locked_at"], Value::Null);
}

#[tokio::test]
async fn nobody_can_be_neither_locked_nor_unlocked() {
    let (_app, admin, ..) = scene().await;
    let path = format!("{USERS}/01890000-0000-7000-8000-000000000000");
    admin.post(&format!("{path}/lock"), &json!({})).await.refused(404, "user_not_found");
    admin.poke(&format!("{path}/unlock")).await.refused(404, "user_not_found");
}
