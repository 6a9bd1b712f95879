//! `/api/v1/admin/users/{id}/sessions`.

use super::scene;
use crate::support::USERS;

const OPEN: &str = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";

#[tokio::test]
async fn all_sessions_of_a_user_end_and_nobody_elses() {
    let (app, admin, bob, _) = scene().await;
    app.login(&bob).await.is(200);
    assert_eq!(app.count(OPEN).await, 3);
    let path = app.path_of(&bob, "/sessions").await;
    admin.delete(&path).await.is(204);
    assert_eq!(app.count(OPEN).await, 1);
    let ended = "SELECT count(*) FROM sessions WHERE ended_as = 'revoked'";
    assert_eq!(app.count(ended).await, 2);
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
    admin.delete(&path).await.refused(404, "user_not_found");
}
