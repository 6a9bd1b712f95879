//! Claiming a number, and having it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{ROOM, begun, claim, has_it, heir, proves, quarantined, releases, standing};
use crate::support::{Person, TestApp, wrong};

#[tokio::test]
async fn a_claimed_number_that_nobody_has_is_had_by_its_code() {
    let app = TestApp::with(&ROOM).await;
    let ada = Person::ada();
    let signed_up = claim(&app, &ada).await.is(201);
    assert_eq!(signed_up.text("destination"), "+1•••••••2671");
    assert_eq!(standing(&app, &ada).await, (None, false));
    let ticket = signed_up.text("loginTicket");
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &wrong(&app.code_for(&ada))).await.refused(401, "otp_invalid");
    let token = app.verify(&ticket, &app.code_for(&ada)).await.is(200).text("token");
    assert!(has_it(&app, &ada).await);
    assert_eq!(app.count("SELECT count(*) FROM number_claims").await, 0);
    let profile = app.get_as(&token, "/api/v1/profile").await.is(200);
    assert_eq!(profile.text("phoneNumber"), ada.phone);
}

#[tokio::test]
async fn a_sign_up_without_a_claim_is_refused_as_ever() {
    let app = TestApp::with(&ROOM).await;
    app.verified(&Person::ada()).await;
    let bob = heir(&Person::ada(), 1);
    app.register(&bob).await.refused(409, "phone_taken");
    let body = json!({
        "email": bob.email, "password": bob.password, "phoneNumber": bob.phone, "claimNumber": "yes",
    });
    let answer = app.post("/api/v1/auth/register", &body).await;
    answer.finds_fault_with(&[("claimNumber", "wrong_type")]);
}

#[tokio::test]
async fn a_proven_number_opens_nothing_and_changes_hands_after_thirty_days_and_another_proof() {
    let app = TestApp::with(&ROOM).await;
    let ada = Person::ada();
    let bob = heir(&ada, 1);
    app.verified(&ada).await;
    claim(&app, &bob).await.is(201);
    let held = proves(&app, &bob).await.refused(409, "phone_taken");
    let release_at: DateTime<Utc> = held.text("releaseAt").parse().unwrap();
    assert_eq!(release_at, app.now() + TimeDelta::days(30));
    for member in ["token", "refreshToken", "userId"] {
        assert_eq!(held.json()[member], Value::Null, "{member}");
    }
    assert!(has_it(&app, &ada).await);
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 1, "that of Ada");

    // Proving it again does not put it off, nor does it come sooner.
    app.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    let held = proves(&app, &bob).await.refused(409, "phone_taken");
    assert_eq!(held.text("releaseAt").parse::<DateTime<Utc>>().unwrap(), release_at);
    assert!(has_it(&app, &ada).await);
    app.advance(TimeDelta::seconds(1));
    let bobs = proves(&app, &bob).await.is(200).text("token");
    assert!(has_it(&app, &bob).await);
    assert_eq!(standing(&app, &ada).await, (None, false));
    let profile = app.get_as(&bobs, "/api/v1/profile").await.is(200);
    assert_eq!(profile.text("email"), bob.email);
}

#[tokio::test]
async fn who_has_lost_a_number_names_another_one_once_the_password_is_proven() {
    let app = TestApp::with(&[ROOM.as_slice(), &[("OTP_POLICY", "always")]].concat()).await;
    let (ada, bob) = quarantined(&app).await;
    app.advance(TimeDelta::days(31));
    proves(&app, &bob).await.is(200);
    let login = app.login(&ada).await.is(200);
    assert_eq!(login.json()["otpError"]["code"], "phone_missing");
    assert_eq!(login.json()["destination"], Value::Null);
    let ticket = login.text("loginTicket");
    app.request_otp(&ticket).await.refused(409, "phone_missing");
    let moved = Person { phone: Person::numbered(7).phone, ..ada.clone() };
    let by_address = json!({ "email": ada.email, "newPhoneNumber": moved.phone });
    let answer = app.request_otp_with(&by_address).await;
    answer.finds_fault_with(&[("newPhoneNumber", "ticket_required")]);
    let named = json!({ "loginTicket": ticket, "newPhoneNumber": moved.phone });
    app.request_otp_with(&named).await.is(200);
    app.verify(&ticket, &app.code_for(&moved)).await.is(200);
    assert!(has_it(&app, &moved).await);

    let (ticket, _) = begun(&app, &bob).await;
    let named = json!({ "loginTicket": ticket, "newPhoneNumber": "+14155550177" });
    let answer = app.request_otp_with(&named).await;
    answer.finds_fault_with(&[("newPhoneNumber", "phone_not_missing")]);
}

#[tokio::test]
async fn a_sign_up_that_nobody_has_finished_holds_no_number() {
    let app = TestApp::with(&ROOM).await;
    let squatter = Person::ada();
    app.register(&squatter).await.is(201);
    let bob = heir(&squatter, 1);
    claim(&app, &bob).await.is(201);
    proves(&app, &bob).await.is(200);
    assert!(has_it(&app, &bob).await);
    assert_eq!(standing(&app, &squatter).await, (None, false));
}

#[tokio::test]
async fn an_administrator_does_not_lose_a_number() {
    let app = TestApp::with(&ROOM).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    sqlx::query("UPDATE users SET roles = '{admin}'").execute(app.database()).await.unwrap();
    let bob = heir(&ada, 1);
    claim(&app, &bob).await.is(201);
    let refused = proves(&app, &bob).await.refused(409, "phone_taken");
    assert_eq!(refused.json()["releaseAt"], Value::Null);
    assert_eq!(releases(&app).await, 0);
}

#[tokio::test]
async fn claims_that_come_to_nothing_are_deleted() {
    let app = TestApp::with(&ROOM).await;
    claim(&app, &Person::numbered(5)).await.is(201);
    quarantined(&app).await;
    let delete = || ringfence::number_claims::delete_expired(app.database(), app.now());
    app.advance(TimeDelta::days(7) - TimeDelta::minutes(2));
    assert_eq!(delete().await.unwrap(), 0);
    app.advance(TimeDelta::minutes(2));
    assert_eq!(delete().await.unwrap(), 1, "nobody has proven it");
    app.advance(TimeDelta::days(52));
    assert_eq!(delete().await.unwrap(), 0);
    app.advance(TimeDelta::days(1));
    assert_eq!(delete().await.unwrap(), 1, "nobody has fetched the number");
}
