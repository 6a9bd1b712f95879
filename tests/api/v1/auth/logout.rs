//! `POST /api/v1/auth/logout`.

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::json;

use crate::support::{Answer, Person, TestApp};

const LOGOUT: &str = "/api/v1/auth/logout";

/// Three sessions of Ada, and one of Bob.
async fn scene() -> (TestApp, [Answer; 3], Answer) {
    let app = TestApp::new().await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let first = app.signed_in(&ada).await;
    let second = app.login(&ada).await.is(200);
    let third = app.login(&ada).await.is(200);
    let of_bob = app.signed_in(&bob).await;
    (app, [first, second, third], of_bob)
}

async fn lives(app: &TestApp, answer: &Answer) -> bool {
    let session = app.session(&answer.text("token")).await.status();
    let profile = app.profile(&answer.text("token")).await.status();
    let refresh = app.refresh(&answer.text("refreshToken")).await.status();
    match (session, profile, refresh) {
        (200, 200, 200) => true,
        (401, 401, 401) => false,
        others => panic!("{others:?}"),
    }
}

#[tokio::test]
async fn a_session_ends_and_the_others_go_on() {
    let (app, [one, two, three], of_bob) = scene().await;
    app.logout(&one.text("token"), "current").await.is(204);
    assert!(!lives(&app, &one).await);
    for other in [&two, &three, &of_bob] {
        assert!(lives(&app, other).await);
    }
    app.logout(&one.text("token"), "all").await.refused(401, "token_invalid");
    assert!(lives(&app, &two).await);
}

#[tokio::test]
async fn the_others_end_and_the_session_goes_on() {
    let (app, [one, two, three], of_bob) = scene().await;
    app.logout(&two.text("token"), "others").await.is(204);
    assert!(lives(&app, &two).await && lives(&app, &of_bob).await);
    assert!(!lives(&app, &one).await && !lives(&app, &three).await);
}

#[tokio::test]
async fn all_sessions_of_one_person_end() {
    let (app, sessions, of_bob) = scene().await;
    app.logout(&sessions[0].text("token"), "all").await.is(204);
    for session in &sessions {
        assert!(!lives(&app, session).await);
    }
    assert!(lives(&app, &of_bob).await);
    let reasons = "SELECT count(*) FROM sessions WHERE ended_as = 'logout'";
    assert_eq!(app.count(reasons).await, 3);
}

#[tokio::test]
async fn without_a_body_it_is_the_current_session() {
    let (app, [one, two, _], _) = scene().await;
    let request = app.request(Method::POST, LOGOUT);
    let request = request.header(AUTHORIZATION, format!("Bearer {}", one.text("token")));
    app.send(request).await.is(204);
    assert!(!lives(&app, &one).await && lives(&app, &two).await);
    app.post_as(&two.text("token"), LOGOUT, &json!({})).await.is(204);
    assert!(!lives(&app, &two).await);
}

#[tokio::test]
async fn an_unknown_scope_ends_nothing() {
    let (app, [one, ..], _) = scene().await;
    let faults = [("scope", "scope_invalid")];
    app.logout(&one.text("token"), "everything").await.finds_fault_with(&faults);
    let body = json!({ "scope": "all", "force": "yes" });
    let faults = [("force", "unknown_field")];
    app.post_as(&one.text("token"), LOGOUT, &body).await.finds_fault_with(&faults);
    assert!(lives(&app, &one).await);
}
