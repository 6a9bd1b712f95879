//! What people are told of what happens to their account.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use super::Post;
use crate::support::Person;
use crate::totp::add_app;

const NEW: &str = "nine loud geese at dawn";

impl Post {
    /// The templates of the e-mails to `person` that were written down, without that of signing up.
    async fn told(&self, person: &Person) -> Vec<String> {
        let rows = self.rows().await;
        let to = rows.iter().filter(|row| row["recipient"] == person.email.as_str());
        let templates = to.map(|row| row["template"].as_str().unwrap().to_owned());
        templates.filter(|template| template != "address_verification").collect()
    }
}

#[tokio::test]
async fn whose_password_was_changed_or_reset_is_told() {
    let post = Post::with(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let token = post.app.verified(&ada).await;
    post.app.change_password(&token, "not the password", NEW).await.refused(403, "password_wrong");
    assert!(post.told(&ada).await.is_empty(), "nothing has happened");
    post.app.change_password(&token, &ada.password, NEW).await.is(204);
    assert_eq!(post.told(&ada).await, ["password_changed"]);

    post.app.advance(TimeDelta::minutes(1));
    let ticket = post.app.forgotten(&ada).await;
    let code = post.app.code_for(&ada);
    post.app.reset(&ticket, &code, "twelve slow swans at noon").await.is(204);
    assert_eq!(post.told(&ada).await, ["password_changed", "password_reset"]);
}

#[tokio::test]
async fn who_leaves_is_told_until_when_that_can_be_undone() {
    let post = Post::new().await;
    let ada = Person::ada();
    let token = post.app.verified(&ada).await;
    post.app.delete_profile(&token, &ada.password).await.is(202);
    assert_eq!(post.told(&ada).await, ["deletion_begun"]);
}

#[tokio::test]
async fn whose_refresh_token_was_copied_is_told_once() {
    let post = Post::new().await;
    let ada = Person::ada();
    let first = post.app.signed_in(&ada).await.text("refreshToken");
    let second = post.app.refresh(&first).await.is(200).text("refreshToken");
    post.app.refresh(&second).await.is(200);
    for _ in 0..3 {
        post.app.refresh(&first).await.refused(401, "refresh_invalid");
    }
    assert_eq!(post.told(&ada).await, ["refresh_token_reused"]);
}

#[tokio::test]
async fn a_device_is_news_unless_it_is_the_first_or_known() {
    let post = Post::with(&[("OTP_POLICY", "new-device"), ("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let device = post.app.signed_in(&ada).await.text("deviceToken");
    assert!(post.told(&ada).await.is_empty(), "the first device of all");

    let mut known = ada.credentials();
    known["deviceToken"] = json!(device);
    post.app.post("/api/v1/auth/login", &known).await.is(200).text("token");
    assert!(post.told(&ada).await.is_empty(), "a known device");

    post.app.advance(TimeDelta::minutes(1));
    let ticket = post.app.login(&ada).await.is(200).text("loginTicket");
    post.app.verify(&ticket, &post.app.code_for(&ada)).await.is(200);
    assert_eq!(post.told(&ada).await, ["new_device"]);
}

#[tokio::test]
async fn who_is_locked_is_told() {
    let post = Post::new().await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let admin = post.app.admin(&ada).await;
    post.app.verified(&bob).await;
    let lock = post.app.path_of(&bob, "/lock").await;
    admin.post(&lock, &json!({ "reason": "a secret one" })).await.is(200);
    assert_eq!(post.told(&bob).await, ["account_locked"]);
    assert!(post.told(&ada).await.is_empty());
}

#[tokio::test]
async fn whose_number_somebody_else_proves_is_told_when_the_release_begins_and_when_it_ends() {
    let post = Post::with(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let bob = Person { phone: ada.phone.clone(), ..Person::bob() };
    post.app.verified(&ada).await;
    let body = json!({
        "email": bob.email, "password": bob.password, "phoneNumber": bob.phone, "claimNumber": true,
    });
    post.app.post("/api/v1/auth/register", &body).await.is(201);
    let proves = async || {
        let ticket = post.app.login(&bob).await.is(200).text("loginTicket");
        post.app.verify(&ticket, &post.app.code_for(&bob)).await
    };
    proves().await.refused(409, "phone_taken");
    assert_eq!(post.told(&ada).await, ["number_claimed"]);
    post.app.advance(TimeDelta::days(1));
    proves().await.refused(409, "phone_taken");
    assert_eq!(post.told(&ada).await, ["number_claimed"], "once for a release");
    post.app.advance(TimeDelta::days(29));
    proves().await.is(200);
    assert_eq!(post.told(&ada).await, ["number_claimed", "number_released"]);
    assert!(post.told(&bob).await.is_empty());
}

#[tokio::test]
async fn who_gets_or_loses_an_authenticator_app_is_told() {
    let post = Post::new().await;
    let ada = Person::ada();
    let token = post.app.verified(&ada).await;
    let (path, body) = ("/api/v1/profile/totp", json!({ "password": ada.password }));
    post.app.post_as(&token, path, &body).await.is(201);
    post.app.send_as(&token, Method::DELETE, path, &body).await.is(204);
    assert!(post.told(&ada).await.is_empty(), "none has counted yet");
    add_app(&post.app, &token, &ada).await;
    assert_eq!(post.told(&ada).await, ["totp_enabled"]);
    post.app.advance(TimeDelta::minutes(1));
    post.app.send_as(&token, Method::DELETE, path, &body).await.is(204);
    post.app.send_as(&token, Method::DELETE, path, &body).await.is(204);
    assert_eq!(post.told(&ada).await, ["totp_enabled", "totp_disabled"]);
}
