//! Accounts that an operator has locked.

use ringfence::foundation::UserId;
use ringfence::sessions::{self, EndReason, Which};
use ringfence::users;
use serde_json::json;

use crate::support::{Person, TestApp, Visitor, wrong};

/// Locks as the command line does.
async fn lock(app: &TestApp, id: UserId) {
    let mut transaction = app.database().begin().await.unwrap();
    let locked = users::lock(&mut transaction, id, Some("a reason"), app.now()).await.unwrap();
    assert!(locked.is_some());
    let (all, why) = (Which::All, EndReason::Lock);
    sessions::end(&mut transaction, id, all, why, app.now()).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn id_of(app: &TestApp, person: &Person) -> UserId {
    UserId::parse(app.user_row(person).await["id"].as_str().unwrap()).unwrap()
}

async fn live_sessions(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL").await
}

#[tokio::test]
async fn a_locked_account_is_told_to_whoever_knows_the_password_and_to_nobody_else() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let id = id_of(&app, &ada).await;
    let mistaken = Person { password: "another horse".to_owned(), ..ada.clone() };
    let before = app.login(&mistaken).await.is(401);
    lock(&app, id).await;
    let after = app.login(&mistaken).await.is(401);
    assert_eq!(after.code(), before.code());
    let told = app.login(&ada).await.is(423);
    assert_eq!(told.code(), "account_locked");
    assert!(!told.json().to_string().contains("reason"), "{}", told.json());
    assert_eq!(live_sessions(&app).await, 0);
    users::unlock(app.database(), id, app.now()).await.unwrap();
    app.login(&ada).await.is(200);
}

#[tokio::test]
async fn a_lock_stops_a_login_that_waits_for_its_code() {
    let app = TestApp::with(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    let id = id_of(&app, &ada).await;
    lock(&app, id).await;
    let texts = app.sends_to(&ada);
    assert_eq!(app.request_otp(&ticket).await.is(423).code(), "account_locked");
    assert_eq!(app.sends_to(&ada), texts, "nothing is sent to who is locked");
    assert_eq!(app.verify(&ticket, &wrong(&code)).await.is(401).code(), "otp_invalid");
    assert_eq!(app.verify(&ticket, &code).await.is(423).code(), "account_locked");
    assert_eq!(live_sessions(&app).await, 0);
    assert_eq!(app.user_row(&ada).await["is_verified"], json!(false), "nothing of it has happened");
}

/// Whichever comes first: a login that is through is ended by the lock, one that comes after is refused.
#[tokio::test]
async fn no_session_outlives_a_lock_however_they_race() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let id = id_of(&app, &ada).await;
    app.warm().await;
    for round in 0..40 {
        let logins: Vec<_> = (0..6)
            .map(|_| {
                let (visitor, ada) = (Visitor::clone(&app), ada.clone());
                tokio::spawn(async move { visitor.login(&ada).await.status() })
            })
            .collect();
        // At another moment of their way each time.
        tokio::time::sleep(std::time::Duration::from_micros(round * 250)).await;
        lock(&app, id).await;
        for login in logins {
            let status = login.await.unwrap();
            assert!([200, 423].contains(&status), "{status}");
        }
        assert_eq!(live_sessions(&app).await, 0, "round {round}");
        users::unlock(app.database(), id, app.now()).await.unwrap();
    }
}
