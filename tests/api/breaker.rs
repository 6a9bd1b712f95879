//! The circuit breaker: a carrier that is out of order is left alone, and tried again.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::fake_sinch::{Mode, Operation};
use crate::support::{Person, TestApp};

const PAUSE: TimeDelta = TimeDelta::seconds(30);

/// Five sends fail: enough to tell.
async fn break_sinch(app: &TestApp) {
    app.fake().set_mode(Operation::Start, Mode::Error { http: 401, code: 40102 });
    for number in 0..5 {
        app.register(&Person::numbered(number)).await.is(201);
        app.login(&Person::numbered(number)).await.is(200);
    }
}

async fn breakers(app: &TestApp) -> Value {
    app.get("/readyz").await.is(200).json()["checks"]["providers"].clone()
}

#[tokio::test]
async fn a_carrier_that_is_out_of_order_is_left_alone_and_tried_again() {
    let app = TestApp::sinch(&[]).await;
    break_sinch(&app).await;
    assert_eq!(app.fake().received(Operation::Start), 5);
    assert_eq!(breakers(&app).await, json!([{ "name": "sinch", "breaker": "open" }]));

    let ada = Person::ada();
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    let refusal = app.request_otp(&ticket).await.refused(503, "provider_unavailable");
    assert_eq!(refusal.seconds_to_wait(), 30);
    assert_eq!(app.fake().received(Operation::Start), 5, "it was left alone");

    // The one try fails: another pause.
    app.advance(PAUSE);
    app.request_otp(&ticket).await.refused(503, "provider_unavailable");
    assert_eq!(app.fake().received(Operation::Start), 6);
    app.request_otp(&ticket).await.refused(503, "provider_unavailable");
    assert_eq!(app.fake().received(Operation::Start), 6);

    // The next one works. No refusal has counted against her.
    app.advance(PAUSE);
    app.fake().set_mode(Operation::Start, Mode::Normal);
    app.request_otp(&ticket).await.is(200);
    assert_eq!(breakers(&app).await, json!([{ "name": "sinch", "breaker": "closed" }]));
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn a_request_that_is_refused_takes_nobody_the_one_try() {
    let app = TestApp::sinch(&[]).await;
    // It may have sent all the same: whoever asked has to wait for two minutes.
    app.fake().set_mode(Operation::Start, Mode::Error { http: 503, code: 50300 });
    let mut tickets = Vec::new();
    for number in 0..5 {
        let ticket = app.register(&Person::numbered(number)).await.is(201).text("loginTicket");
        app.request_otp(&ticket).await.refused(502, "provider_failed");
        tickets.push(ticket);
    }
    assert_eq!(breakers(&app).await, json!([{ "name": "sinch", "breaker": "open" }]));
    app.fake().set_mode(Operation::Start, Mode::Normal);
    let ticket = app.register(&Person::ada()).await.is(201).text("loginTicket");

    app.advance(PAUSE);
    for waiting in &tickets {
        app.request_otp(waiting).await.refused(429, "otp_cooldown");
    }
    app.request_otp(&ticket).await.is(200);
    assert_eq!(breakers(&app).await, json!([{ "name": "sinch", "breaker": "closed" }]));
}

#[tokio::test]
async fn the_next_carrier_is_asked_at_once_while_the_first_is_left_alone() {
    let app = TestApp::sinch(&[("VERIFICATION_PROVIDER", "sinch,console")]).await;
    break_sinch(&app).await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    let login = app.login(&ada).await.is(200);
    assert_eq!(app.fake().received(Operation::Start), 5);
    let open = json!([
        { "name": "sinch", "breaker": "open" }, { "name": "console", "breaker": "closed" },
    ]);
    assert_eq!(breakers(&app).await, open);
    let code = app.messages_to(&ada)[0]["code"].as_str().unwrap().to_owned();
    app.verify(&login.text("loginTicket"), &code).await.is(200);
}

#[tokio::test]
async fn a_carrier_that_refuses_numbers_is_in_order() {
    let app = TestApp::sinch(&[]).await;
    app.fake().set_mode(Operation::Start, Mode::Error { http: 429, code: 42901 });
    for number in 0..10 {
        let ticket = app.register(&Person::numbered(number)).await.is(201).text("loginTicket");
        app.request_otp(&ticket).await.refused(429, "otp_refused");
    }
    assert_eq!(breakers(&app).await, json!([{ "name": "sinch", "breaker": "closed" }]));
}
