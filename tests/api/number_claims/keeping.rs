//! Keeping a number that somebody else has proven.

use chrono::TimeDelta;
use serde_json::json;

use super::{ROOM, has_it, proves, quarantined, releases};
use crate::support::{Person, TestApp};

const ALWAYS: (&str, &str) = ("OTP_POLICY", "always");

#[tokio::test]
async fn who_signs_in_by_a_code_keeps_the_number_and_the_claim_starts_anew() {
    let app = TestApp::with(&[ROOM.as_slice(), &[ALWAYS]].concat()).await;
    let (ada, bob) = quarantined(&app).await;
    app.advance(TimeDelta::days(31));
    proves(&app, &ada).await.is(200);
    assert_eq!(releases(&app).await, 0);
    let held = proves(&app, &bob).await.refused(409, "phone_taken");
    let release_at = (app.now() + TimeDelta::days(30)).to_rfc3339();
    assert_eq!(held.text("releaseAt"), release_at);
    assert!(has_it(&app, &ada).await);
}

#[tokio::test]
async fn who_resets_the_password_by_a_code_keeps_the_number() {
    let app = TestApp::with(&ROOM).await;
    let (ada, _) = quarantined(&app).await;
    let ticket = app.forgotten(&ada).await;
    app.reset(&ticket, &app.code_for(&ada), "twelve slow swans at noon").await.is(204);
    assert_eq!(releases(&app).await, 0);
}

#[tokio::test]
async fn who_changes_to_the_number_by_a_code_keeps_it() {
    let app = TestApp::with(&ROOM).await;
    let (ada, bob) = quarantined(&app).await;
    let token = app.login(&ada).await.is(200).text("token");
    let change = async |person: &Person| {
        let body = json!({ "phoneNumber": person.phone, "password": person.password });
        app.post_as(&token, "/api/v1/profile/phone", &body).await.is(202);
        let body = json!({ "otpCode": app.code_for(person) });
        app.post_as(&token, "/api/v1/profile/phone/confirm", &body).await.is(200);
    };
    change(&Person { phone: Person::numbered(7).phone, ..ada.clone() }).await;
    assert_eq!(releases(&app).await, 1);
    proves(&app, &bob).await.refused(409, "phone_taken");
    change(&ada).await;
    assert_eq!(releases(&app).await, 0);
}

#[tokio::test]
async fn a_password_alone_keeps_nothing() {
    let app = TestApp::with(&ROOM).await;
    let (ada, bob) = quarantined(&app).await;
    app.login(&ada).await.is(200).text("token");
    assert_eq!(releases(&app).await, 1);
    app.advance(TimeDelta::days(30));
    proves(&app, &bob).await.is(200);
}
