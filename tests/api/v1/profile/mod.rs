//! `GET /api/v1/profile`.

mod delete;
mod edit;
mod export;

use serde_json::json;

use crate::support::{Person, TestApp};

#[tokio::test]
async fn the_profile_is_read_fresh() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let signed_up = app.now();
    let token = app.verified(&ada).await;
    sqlx::query("UPDATE users SET email = 'countess@example.com'")
        .execute(app.database())
        .await
        .unwrap();
    let profile = app.profile(&token).await.is(200);
    let wanted = json!({
        "id": app.user_row(&ada).await["id"],
        "email": "countess@example.com",
        "emailVerified": false,
        "phoneNumber": "+14155552671",
        "isVerified": true,
        "displayName": null,
        "locale": null,
        "roles": [],
        "createdAt": signed_up,
        "updatedAt": app.now(),
    });
    assert_eq!(profile.json(), &wanted);
}

#[tokio::test]
async fn nobody_sees_a_profile_without_a_token() {
    let app = TestApp::new().await;
    app.get("/api/v1/profile").await.refused(401, "token_missing");
    app.profile("x.y.z").await.refused(401, "token_invalid");
}

#[tokio::test]
async fn an_unverified_phone_closes_the_profile_whatever_the_token_says() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    sqlx::query("UPDATE users SET is_verified = false").execute(app.database()).await.unwrap();
    let answer = app.profile(&token).await.refused(403, "phone_verification_required");
    assert_eq!(answer.text("detail"), "Phone verification required.");
}

#[tokio::test]
async fn the_token_of_somebody_who_is_gone_is_worth_nothing() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    sqlx::query("DELETE FROM users").execute(app.database()).await.unwrap();
    app.profile(&token).await.refused(401, "token_invalid");
}
