//! Sinch's callbacks over HTTP: who is believed, what is allowed, and what every refusal looks like.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::Method;
use ringfence::otp::providers::sinch::signature::{Signed, SigningKey};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::fake_sinch::FakeConfig;
use crate::support::{Answer, Person, TestApp};

const BASE: (&str, &str) = ("BASE_URL", "https://auth.example.com");

fn path_of(app: &TestApp, provider: &str) -> String {
    app.application.state.webhooks.links.report_url(provider).path().to_owned()
}

async fn callback(app: &TestApp, path: &str, body: &Value, at: DateTime<Utc>) -> Answer {
    let FakeConfig { app_key, app_secret, .. } = FakeConfig::default();
    let key = SigningKey::decode(&SecretString::from(app_secret)).unwrap();
    let (body, timestamp) = (body.to_string(), at.to_rfc3339_opts(SecondsFormat::Millis, true));
    let authorization = key.authorization(
        &app_key,
        &Signed {
            method: "POST",
            content_type: "application/json",
            timestamp: &timestamp,
            path,
            body: body.as_bytes(),
        },
    );
    let request = app
        .request(Method::POST, path)
        .header("content-type", "application/json")
        .header("x-timestamp", timestamp)
        .header("authorization", authorization)
        .body(body);
    app.send(request).await
}

/// `sinchevents/VerificationRequestEvent`, for what was started for `person`.
fn question(app: &TestApp, person: &Person) -> Value {
    let start = app.fake().starts().pop().unwrap();
    json!({
        "id": "1234567890", "event": "VerificationRequestEvent", "method": "sms",
        "identity": { "type": "number", "endpoint": person.phone },
        "price": { "amount": 10.5, "currencyId": "USD" }, "reference": start.reference,
    })
}

#[tokio::test]
async fn only_what_we_have_started_may_be_sent() {
    let app = TestApp::sinch(&[BASE]).await;
    let ada = Person::ada();
    let path = path_of(&app, "sinch");
    let ticket = app.pending(&ada).await;
    let right = question(&app, &ada);
    for _replay in 0..2 {
        let answer = callback(&app, &path, &right, app.now()).await.is(200);
        assert_eq!(answer.json(), &json!({ "action": "allow" }));
    }
    let with = |key: &str, value: Value| {
        let mut changed = right.clone();
        changed[key] = value;
        changed
    };
    for other in [
        question(&app, &Person::bob()),
        with("method", json!("callout")),
        with("method", json!("flashcall")),
        with("reference", json!("01890000-0000-7000-8000-000000000000")),
        with("reference", json!("reference string")),
        with("reference", Value::Null),
    ] {
        let answer = callback(&app, &path, &other, app.now()).await.is(200);
        assert_eq!(answer.json(), &json!({ "action": "deny" }), "{other}");
    }
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    let answer = callback(&app, &path, &right, app.now()).await.is(200);
    assert_eq!(answer.json(), &json!({ "action": "deny" }), "it has ended");
}

#[tokio::test]
async fn a_start_is_expected_for_two_minutes() {
    let app = TestApp::sinch(&[BASE]).await;
    app.pending(&Person::ada()).await;
    let right = question(&app, &Person::ada());
    app.advance(TimeDelta::seconds(121));
    let answer = callback(&app, &path_of(&app, "sinch"), &right, app.now()).await.is(200);
    assert_eq!(answer.json(), &json!({ "action": "deny" }));
}

#[tokio::test]
async fn what_is_not_believed_gets_the_answer_of_an_unknown_path() {
    let app = TestApp::sinch(&[BASE]).await;
    let (path, now) = (path_of(&app, "sinch"), app.now());
    let report = json!({
        "id": "1234567890", "event": "VerificationSmsDeliveredEvent", "method": "sms",
        "reference": "reference", "smsResult": "Successful",
    });
    for _replay in 0..2 {
        callback(&app, &path, &report, now).await.is(204);
    }
    let unsigned = app.request(Method::POST, &path).json(&report);
    app.send(unsigned).await.refused(404, "not_found");
    for at in [now - TimeDelta::seconds(301), now + TimeDelta::seconds(301)] {
        callback(&app, &path, &report, at).await.refused(404, "not_found");
    }
    callback(&app, &path, &json!([]), now).await.refused(404, "not_found");
    let infobip = path_of(&app, "infobip");
    let others_secret = infobip.replace("infobip", "sinch");
    // Found by fuzzing: a path that is not UTF-8.
    let (no_text, no_token) = ("/webhooks/sinch/%83", "/webhooks/plivo/AAAA/answer/%83");
    for wrong in [
        "/webhooks/sinch/AAAA",
        "/webhooks/nobody/AAAA",
        &infobip,
        &others_secret,
        no_text,
        no_token,
    ] {
        callback(&app, wrong, &report, now).await.refused(404, "not_found");
    }
    let oversized = json!({ "id": "x".repeat(17 * 1024) });
    callback(&app, &path, &oversized, now).await.refused(413, "body_too_large");
    app.get(&path).await.refused(405, "method_not_allowed");
}

#[tokio::test]
async fn carriers_meet_no_limit_by_address_and_no_cors() {
    let origin = "https://app.example.com";
    let settings = [BASE, ("RATE_LIMIT_MAX_REQUESTS", "2"), ("FRONTEND_URL", origin)];
    let app = TestApp::sinch(&settings).await;
    let path = path_of(&app, "sinch");
    let body = json!({ "id": "1", "event": "VerificationResultEvent", "status": "SUCCESSFUL" });
    for _ in 0..10 {
        callback(&app, &path, &body, app.now()).await.is(204);
    }
    let asked = app.with_header("origin", origin).get(&path).await;
    assert_eq!(asked.header("access-control-allow-origin"), "");
}

async fn states(app: &TestApp) -> Vec<(String, Option<String>)> {
    let query = "SELECT state, failure FROM messages ORDER BY created_at, id";
    sqlx::query_as(query).fetch_all(app.database()).await.unwrap()
}

#[tokio::test]
async fn what_sinch_reports_moves_the_ledger_once_and_lets_nobody_in() {
    let app = TestApp::sinch(&[BASE]).await;
    let (ada, path) = (Person::ada(), path_of(&app, "sinch"));
    app.pending(&ada).await;
    let reference = app.fake().starts().pop().unwrap().reference;
    let event = |event: &str, more: Value| {
        let mut body = json!({
            "id": "1234567890", "event": event, "method": "sms", "reference": reference,
            "identity": { "type": "number", "endpoint": ada.phone },
        });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    let delivered = event("VerificationSmsDeliveredEvent", json!({ "smsResult": "Successful" }));
    let lost = event("VerificationSmsDeliveredEvent", json!({ "smsResult": "Failed" }));
    for (body, state) in
        [(&delivered, "delivered"), (&delivered, "delivered"), (&lost, "delivered")]
    {
        callback(&app, &path, body, app.now()).await.is(204);
        assert_eq!(states(&app).await, [(state.to_owned(), None)], "{body}");
    }
    let success = event("VerificationResultEvent", json!({ "status": "SUCCESSFUL" }));
    callback(&app, &path, &success, app.now()).await.is(204);
    assert_eq!(app.user_row(&ada).await["is_verified"], false, "a hint proves nothing");

    app.advance(TimeDelta::minutes(3));
    app.login(&ada).await.is(200);
    let reference = app.fake().starts().pop().unwrap().reference;
    let mut denied = lost;
    denied["reference"] = json!(reference);
    callback(&app, &path, &denied, app.now()).await.is(204);
    let states = states(&app).await;
    assert_eq!(states[0].0, "delivered", "the first one is not meant");
    assert_eq!(states[1].0, "failed");
    assert!(states[1].1.is_some());
}
