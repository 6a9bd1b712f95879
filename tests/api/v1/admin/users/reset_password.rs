//! `POST /api/v1/admin/users/{id}/reset-password`.

use serde_json::json;

use super::scene;
use crate::support::{Person, TestApp, USERS};

#[tokio::test]
async fn the_password_that_is_told_opens_the_account_and_the_old_one_does_not() {
    let (app, admin, bob, token) = scene().await;
    let path = app.path_of(&bob, "/reset-password").await;
    let reset = admin.poke(&path).await.is(200);
    assert_eq!(reset.text("id"), app.id_of(&bob).await);
    assert_eq!(reset.json()["sessionsEnded"], 1);
    app.login(&bob).await.refused(401, "invalid_credentials");
    app.session(&token).await.refused(401, "token_invalid");
    let ended = "SELECT count(*) FROM sessions WHERE ended_as = 'password_reset'";
    assert_eq!(app.count(ended).await, 1);
    let given = reset.text("password");
    let first = json!({ "email": bob.email, "password": given, "newPassword": "bob's own staple" });
    let login = app.post("/api/v1/auth/login", &first).await.is(200);
    assert_eq!(login.json()["requiresOtp"], false);
    let again = admin.poke(&path).await.is(200).text("password");
    assert_ne!(again, given);
    let stored = app.user_row(&bob).await["password_hash"].as_str().unwrap().to_owned();
    assert!(stored.starts_with("$argon2id$") && !stored.contains(&again), "{stored}");
}

#[tokio::test]
async fn a_login_that_waits_for_its_code_and_a_known_device_are_worth_nothing_after_it() {
    let app = TestApp::with(&[("OTP_POLICY", "new-device")]).await;
    let admin = app.admin(&Person::ada()).await;
    let bob = Person::bob();
    let ticket = app.pending(&bob).await;
    let answer = app.verify(&ticket, &app.code_for(&bob)).await.is(200);
    app.advance(chrono::TimeDelta::minutes(3));
    let ticket = app.login(&bob).await.is(200).text("loginTicket");
    let code = app.code_for(&bob);
    let reset = admin.poke(&app.path_of(&bob, "/reset-password").await).await.is(200);
    app.verify(&ticket, &code).await.refused(401, "login_ticket_invalid");
    let mut body = Person { password: reset.text("password"), ..bob }.credentials();
    body["newPassword"] = json!("bob's own staple");
    body["deviceToken"] = answer.json()["deviceToken"].clone();
    let login = app.post("/api/v1/auth/login", &body).await.is(200);
    assert_eq!(login.json()["requiresOtp"], true);
}

#[tokio::test]
async fn nobody_has_no_password() {
    let (_app, admin, ..) = scene().await;
    let path = format!("{USERS}/01890000-0000-7000-8000-000000000000/reset-password");
    admin.poke(&path).await.refused(404, "user_not_found");
}
