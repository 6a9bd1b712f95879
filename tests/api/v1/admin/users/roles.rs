//! `PUT /api/v1/admin/users/{id}/roles`.

use chrono::TimeDelta;
use serde_json::json;

use super::scene;
use crate::support::{Person, USERS};

#[tokio::test]
async fn roles_are_in_the_tokens_that_are_issued_from_then_on() {
    let (app, admin, bob, before) = scene().await;
    let path = app.path_of(&bob, "/roles").await;
    let body = json!({ "roles": ["b:2", "a", "b:2"] });
    let user = admin.put(&path, &body).await.is(200);
    assert_eq!(user.json()["roles"], json!(["a", "b:2"]));
    assert_eq!(app.session(&before).await.is(200).json()["roles"], json!([]));
    assert_eq!(app.profile(&before).await.is(200).json()["roles"], json!(["a", "b:2"]));
    let after = app.login(&bob).await.is(200).text("token");
    assert_eq!(app.session(&after).await.is(200).json()["roles"], json!(["a", "b:2"]));

    admin.put(&path, &json!({ "roles": ["c"] })).await.is(200);
    assert_eq!(app.profile(&after).await.is(200).json()["roles"], json!(["c"]));
    admin.put(&path, &json!({ "roles": [] })).await.is(200);
    assert_eq!(app.profile(&after).await.is(200).json()["roles"], json!([]));
}

#[tokio::test]
async fn an_administrator_makes_another_and_may_then_go() {
    let (app, admin, bob, _) = scene().await;
    let body = json!({ "roles": ["admin"] });
    admin.put(&app.path_of(&bob, "/roles").await, &body).await.is(200);
    let own = app.path_of(&Person::ada(), "/roles").await;
    admin.put(&own, &json!({ "roles": [] })).await.is(200);
    admin.put(&own, &body).await.refused(403, "admin_required");
}

#[tokio::test]
async fn whoever_becomes_an_administrator_logs_in_anew() {
    let (app, admin, bob, by_code) = scene().await;
    let by_password = app.login(&bob).await.is(200).text("token");
    let path = app.path_of(&bob, "/roles").await;
    admin.put(&path, &json!({ "roles": ["ops"] })).await.is(200);
    app.session(&by_password).await.is(200);
    admin.put(&path, &json!({ "roles": ["admin", "ops"] })).await.is(200);
    for token in [&by_code, &by_password] {
        app.session(token).await.refused(401, "token_invalid");
    }
    let ended = "SELECT count(*) FROM audit_events
        WHERE event = 'sessions_ended' AND detail ->> 'sessionsEnded' = '2'";
    assert_eq!(app.count(ended).await, 1);

    // Who is one already goes on.
    app.advance(TimeDelta::minutes(2));
    let ticket = app.login(&bob).await.is(200).text("loginTicket");
    let token = app.verify(&ticket, &app.code_for(&bob)).await.is(200).text("token");
    admin.put(&path, &json!({ "roles": ["admin"] })).await.is(200);
    app.session(&token).await.is(200);
}

#[tokio::test]
async fn the_most_and_longest_roles_fit_into_a_token() {
    let (app, admin, bob, _) = scene().await;
    let roles: Vec<String> = (0..32).map(|number| format!("r{number:063}")).collect();
    let path = app.path_of(&bob, "/roles").await;
    admin.put(&path, &json!({ "roles": roles })).await.is(200);
    let token = app.login(&bob).await.is(200).text("token");
    assert!(token.len() > 3500, "{}", token.len());
    assert_eq!(app.session(&token).await.is(200).json()["roles"], json!(roles));
}

#[tokio::test]
async fn what_are_no_roles_is_refused() {
    let (app, admin, bob, _) = scene().await;
    let path = app.path_of(&bob, "/roles").await;
    let many: Vec<String> = (0..33).map(|number| format!("role{number}")).collect();
    for (body, code) in [
        (json!({}), "required"),
        (json!({ "roles": null }), "required"),
        (json!({ "roles": "admin" }), "wrong_type"),
        (json!({ "roles": ["admin", 7] }), "wrong_type"),
        (json!({ "roles": ["Admin"] }), "role_invalid"),
        (json!({ "roles": ["a,b"] }), "role_invalid"),
        (json!({ "roles": many }), "roles_too_many"),
    ] {
        admin.put(&path, &body).await.finds_fault_with(&[("roles", code)]);
    }
    let nobody = format!("{USERS}/01890000-0000-7000-8000-000000000000/roles");
    for roles in [json!({ "roles": [] }), json!({ "roles": ["admin"] })] {
        admin.put(&nobody, &roles).await.refused(404, "user_not_found");
    }
}
