//! What time does: codes, tickets and tokens run out, to the moment.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Person, TestApp};

const MOMENT: TimeDelta = TimeDelta::microseconds(1);

#[tokio::test]
async fn a_code_is_good_for_five_minutes() {
    for provider in ["console", "sinch"] {
        let app = match provider {
            "sinch" => TestApp::sinch(&[]).await,
            _ => TestApp::new().await,
        };
        let (ada, bob) = (Person::ada(), Person::bob());
        let ticket_of_ada = app.pending(&ada).await;
        app.advance(MOMENT);
        let ticket_of_bob = app.pending(&bob).await;
        let (of_ada, of_bob) = (app.code_for(&ada), app.code_for(&bob));
        app.advance(TimeDelta::minutes(5) - MOMENT);
        let late = app.verify(&ticket_of_ada, &of_ada).await;
        late.refused(401, "otp_new_code_required");
        app.verify(&ticket_of_bob, &of_bob).await.is(200);
    }
}

#[tokio::test]
async fn the_life_of_a_code_is_a_setting() {
    let app = TestApp::with(&[("OTP_TTL_SECONDS", "60")]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    app.advance(TimeDelta::seconds(60));
    let late = app.verify(&ticket, &app.code_for(&ada)).await;
    late.refused(401, "otp_new_code_required");
}

#[tokio::test]
async fn a_ticket_is_good_for_ten_minutes() {
    let app = TestApp::with(&[("OTP_TTL_SECONDS", "600")]).await;
    let ada = Person::ada();
    let early = app.pending(&ada).await;
    app.advance(TimeDelta::minutes(5));
    app.request_otp(&early).await.is(200);
    let code = app.code_for(&ada);
    app.advance(TimeDelta::minutes(5) - MOMENT);
    app.request_otp(&early).await.is(200);
    let newer = app.code_for(&ada);
    app.advance(MOMENT);
    app.request_otp(&early).await.refused(401, "login_ticket_invalid");
    app.verify(&early, &newer).await.refused(401, "login_ticket_invalid");
    let body = json!({ "email": ada.email, "otpCode": newer });
    app.verify_with(&body).await.refused(401, "otp_invalid");
    assert_ne!(code, newer, "one in a million");
    let late = app.login(&ada).await.is(200).text("loginTicket");
    app.verify(&late, &newer).await.is(200);
}

#[tokio::test]
async fn a_ticket_is_good_to_its_last_moment() {
    let app = TestApp::with(&[("OTP_TTL_SECONDS", "600")]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    app.advance(TimeDelta::minutes(10) - MOMENT);
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn a_token_is_good_for_fifteen_minutes() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    app.advance(TimeDelta::seconds(15 * 60 - 1));
    app.session(&token).await.is(200);
    app.profile(&token).await.is(200);
    app.advance(TimeDelta::seconds(1));
    app.session(&token).await.refused(401, "token_invalid");
    app.profile(&token).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn the_life_of_a_token_is_a_setting() {
    for (setting, seconds) in [("3600", 3600), ("2h", 7200), ("7d", 604_800)] {
        let app = TestApp::with(&[("JWT_EXPIRES_IN", setting)]).await;
        let ada = Person::ada();
        let ticket = app.pending(&ada).await;
        let answer = app.verify(&ticket, &app.code_for(&ada)).await.is(200);
        assert_eq!(answer.json()["expiresIn"], seconds);
        app.advance(TimeDelta::seconds(seconds - 1));
        app.session(&answer.text("token")).await.is(200);
        app.advance(TimeDelta::seconds(1));
        app.session(&answer.text("token")).await.refused(401, "token_invalid");
    }
}
