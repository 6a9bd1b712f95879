//! Where codes go: which countries, by which channel to which kind of number, and the numbers of
//! `TEST_PHONE_NUMBERS`, where none goes.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Person, TestApp, wrong};

fn fixed_line() -> Person {
    Person { phone: "+442079460958".to_owned(), ..Person::ada() }
}

#[tokio::test]
async fn a_country_that_is_allowed_no_more_gets_no_more_codes() {
    let before = TestApp::new().await;
    let bob = Person::bob();
    let ticket = before.register(&bob).await.is(201).text("loginTicket");
    let app = before.replica(&[("ALLOWED_COUNTRIES", "US,GB")]).await;
    let answer = app.login(&bob).await.is(200);
    assert_eq!(answer.json()["otpError"]["code"], "country_not_supported");
    app.request_otp(&ticket).await.refused(400, "country_not_supported");
    assert_eq!(app.sends_to(&bob), 0);
    let ticket = before.login(&bob).await.is(200).text("loginTicket");
    assert_eq!(before.sends_to(&bob), 1, "the refusals have cost nothing");
    before.verify(&ticket, &before.code_for(&bob)).await.is(200);
}

#[tokio::test]
async fn a_star_allows_every_country() {
    let app = TestApp::with(&[("ALLOWED_COUNTRIES", "US,*")]).await;
    app.pending(&Person::bob()).await;
}

#[tokio::test]
async fn a_fixed_line_is_called() {
    let app = TestApp::sinch(&[]).await;
    let ticket = app.register(&fixed_line()).await.is(201).text("loginTicket");
    let text = json!({ "loginTicket": ticket, "channel": "sms" });
    app.request_otp_with(&text).await.refused(400, "channel_not_supported");
    assert_eq!(app.fake().received(crate::fake_sinch::Operation::Start), 0);
    let answer = app.login(&fixed_line()).await.is(200);
    assert_eq!(answer.text("channel"), "call");
    assert_eq!(app.fake().starts()[0].method, "callout");
    let code = app.code_for(&fixed_line());
    app.verify(&answer.text("loginTicket"), &code).await.is(200);
}

#[tokio::test]
async fn the_usual_channel_is_a_setting() {
    let app = TestApp::sinch(&[("SINCH_VERIFICATION_METHOD", "callout")]).await;
    let ada = Person::ada();
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    let answer = app.login(&ada).await.is(200);
    assert_eq!(answer.text("channel"), "call");
    app.advance(TimeDelta::seconds(120));
    let text = json!({ "loginTicket": ticket, "channel": "sms" });
    assert_eq!(app.request_otp_with(&text).await.is(200).text("channel"), "sms");
    let methods: Vec<_> = app.fake().starts().iter().map(|start| start.method).collect();
    assert_eq!(methods, ["callout", "sms"]);
}

const TEST_NUMBERS: (&str, &str) = ("TEST_PHONE_NUMBERS", "+15550100=123456, +15550101=654321");

fn tester() -> Person {
    Person { phone: "+15550100".to_owned(), ..Person::ada() }
}

#[tokio::test]
async fn a_test_number_gets_no_text_and_has_no_wait() {
    for app in [TestApp::with(&[TEST_NUMBERS]).await, TestApp::sinch(&[TEST_NUMBERS]).await] {
        let ticket = app.pending(&tester()).await;
        for _ in 0..12 {
            let answer = app.request_otp(&ticket).await.is(200);
            assert_eq!(answer.json()["resendAfter"], json!(app.now()));
        }
        assert_eq!(app.sends_to(&tester()), 0);
        app.verify(&ticket, "123456").await.is(200);
        assert_eq!(app.user_row(&tester()).await["is_verified"], true);
    }
}

#[tokio::test]
async fn the_code_of_a_test_number_is_good_for_that_number_only() {
    let app = TestApp::with(&[TEST_NUMBERS]).await;
    let ticket = app.pending(&tester()).await;
    app.verify(&ticket, "654321").await.refused(401, "otp_invalid");
    let (ada, bob) = (tester(), Person::bob());
    let ticket_of_bob = app.pending(&bob).await;
    assert_ne!(app.code_for(&bob), "123456", "one in a million");
    app.verify(&ticket_of_bob, "123456").await.refused(401, "otp_invalid");
    assert_eq!(app.user_row(&ada).await["is_verified"], false);
}

#[tokio::test]
async fn guesses_at_a_test_number_are_counted_like_any() {
    let app = TestApp::with(&[TEST_NUMBERS]).await;
    let ticket = app.pending(&tester()).await;
    for _ in 0..5 {
        app.verify(&ticket, &wrong("123456")).await.is(401);
    }
    app.verify(&ticket, "123456").await.refused(401, "otp_new_code_required");
}
