//! `POST /api/v1/auth/password/change`.

use reqwest::Method;
use serde_json::json;

use crate::support::{Person, TestApp};

const NEW: &str = "a new and better staple";

fn with_password(person: &Person, password: &str) -> Person {
    Person { password: password.to_owned(), ..person.clone() }
}

#[tokio::test]
async fn the_new_password_counts_and_the_old_one_does_not() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let answer = app.change_password(&token, &ada.password, NEW).await.is(204);
    assert!(answer.bytes().is_empty(), "{answer:?}");
    app.login(&ada).await.refused(401, "invalid_credentials");
    app.login(&with_password(&ada, NEW)).await.is(200).text("token");
}

#[tokio::test]
async fn this_session_stays_and_all_others_end() {
    let app = TestApp::new().await;
    let (ada, bob) = (Person::ada(), Person::bob());
    app.verified(&bob).await;
    let token = app.verified(&ada).await;
    for _ in 0..2 {
        app.login(&ada).await.is(200).text("token");
    }
    app.change_password(&token, &ada.password, NEW).await.is(204);
    app.profile(&token).await.is(200);
    let ended = "SELECT count(*) FROM sessions WHERE ended_as = 'password_change'";
    assert_eq!(app.count(ended).await, 2);
    assert_eq!(app.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL").await, 2);
    let live: String = sqlx::query_scalar(
        "SELECT s.id::text FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE ended_at IS NULL AND phone_number = $1",
    )
    .bind(&ada.phone)
    .fetch_one(app.database())
    .await
    .unwrap();
    assert_eq!(app.session(&token).await.is(200).text("sessionId"), live);
}

#[tokio::test]
async fn a_login_that_the_old_password_began_cannot_be_finished() {
    let app = TestApp::with(&[("OTP_POLICY", "always"), ("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let pending = app.login(&ada).await.is(200).text("loginTicket");
    let code = app.code_for(&ada);
    app.change_password(&token, &ada.password, NEW).await.is(204);
    app.verify(&pending, &code).await.refused(401, "login_ticket_invalid");
}

#[tokio::test]
async fn a_wrong_present_password_changes_nothing() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    app.login(&ada).await.is(200);
    let row = app.user_row(&ada).await;
    app.change_password(&token, "not hers at all", NEW).await.refused(403, "password_wrong");
    assert_eq!(app.user_row(&ada).await, row);
    assert_eq!(app.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL").await, 2);
}

#[tokio::test]
async fn a_new_password_is_refused_with_the_reason_before_anything_is_hashed() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let hashes = app.hashes();
    for (new, code) in [
        ("short", "password_too_short"),
        ("password123", "password_common"),
        ("ada@example.com!", "password_contains_email"),
        ("my number 5552671", "password_contains_phone"),
        (&*ada.password, "password_unchanged"),
    ] {
        let answer = app.change_password(&token, &ada.password, new).await;
        answer.finds_fault_with(&[("newPassword", code)]);
    }
    assert_eq!(app.hashes(), hashes);
}

#[tokio::test]
async fn fields_are_asked_for_and_others_refused() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    let path = "/api/v1/auth/password/change";
    let answer = app.send_as(&token, Method::POST, path, &json!({ "password": "x" })).await;
    answer.finds_fault_with(&[
        ("currentPassword", "required"),
        ("newPassword", "required"),
        ("password", "unknown_field"),
    ]);
}
