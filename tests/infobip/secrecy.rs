//! What may never be seen: numbers, codes and the key in logs, errors and debug output.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use ringfence::otp::Channel;
use ringfence::otp::providers::hosted::{HostedVerifier as _, Wording};
use serde_json::json;
use tokio::net::TcpListener;

use crate::fake_infobip::{FakeConfig, Mode, Operation};
use crate::log::{Log, assert_silent};
use crate::world::{DIGITS, NUMBER, World, adapter, config, error, now, ok, settings, wrong};

#[tokio::test]
async fn every_call_leaves_one_line_that_tells_the_outcome() {
    let world = World::new().await;
    let (log, _guard) = Log::listen();
    let (id, code) = world.under_way().await;
    world.check(&id, &wrong(&code)).await.unwrap();
    let odd = json!({ "pinId": id, "verified": false, "pinError": "LOST" });
    world.fake.once(Operation::Verify, ok(odd));
    world.check(&id, &code).await.unwrap();
    world.fake.once(Operation::Verify, error(400, "BAD_REQUEST"));
    world.check(&id, &code).await.unwrap();
    world.check(&id, &code).await.unwrap();
    for (http, code) in [(401, "UNAUTHORIZED"), (503, "E503")] {
        world.fake.once(Operation::Start, error(http, code));
        world.start().await.unwrap_err();
    }
    world.fake.once(Operation::Start, ok(json!({ "smsStatus": "MESSAGE_NOT_SENT" })));
    world.start().await.unwrap_err();
    assert_eq!(
        log.told("infobip"),
        [
            "INFO start started - 200",
            "INFO check wrong_code - 200",
            "WARN check wrong_code - 200",
            "WARN check wrong_code BAD_REQUEST 400",
            "INFO check approved - 200",
            "ERROR start configuration UNAUTHORIZED 401",
            "WARN start unavailable E503 503",
            "WARN start refused - 200",
        ]
    );
    assert_eq!(log.calls()[2]["detail"], "verified: false, LOST");
    assert_eq!(log.calls()[7]["detail"], "status: MESSAGE_NOT_SENT");
}

#[tokio::test]
async fn logs_and_errors_tell_no_number_no_code_and_no_key() {
    let FakeConfig { api_key, .. } = config();
    let world = World::new().await;
    let (log, _guard) = Log::listen();
    let (id, code) = world.under_way().await;
    let other = wrong(&code);
    world.check(&id, &other).await.unwrap();
    world.check(&id, &code).await.unwrap();
    let short =
        world.infobip.start(now(), "+4813", Channel::Sms, "ref-1", &Wording::default()).await;
    world.fake.set_mode(Operation::Start, Mode::Close);
    let lost = world.start().await;
    let private = [DIGITS, "4813", &code, &other, &api_key];
    for failure in [short.unwrap_err(), lost.unwrap_err()] {
        assert_silent(&format!("{failure} {failure:?}"), &private);
    }
    assert_eq!(log.calls().len(), 5);
    assert_silent(&log.text(), &private);
}

#[tokio::test]
async fn an_answer_that_repeats_the_request_is_not_quoted() {
    let echo = |headers: HeaderMap, body: String| async move {
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        let text = format!("{}: {body} by {}", text("user-agent"), text("authorization"));
        let exception = json!({ "messageId": "FORBIDDEN", "text": text });
        let body = json!({ "requestError": { "serviceException": exception } });
        (StatusCode::FORBIDDEN, body.to_string())
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let server =
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(echo)).await });

    let infobip = adapter(settings(&base_url));
    let (log, _guard) = Log::listen();
    let start =
        infobip.start(now(), NUMBER, Channel::Sms, "ref-1", &Wording::default()).await.unwrap_err();
    let check = infobip.check(now(), "id", Channel::Sms, "aB3x").await.unwrap_err();
    server.abort();

    assert!(start.detail().unwrap().starts_with("ringfence/"), "{start}");
    assert!(start.detail().unwrap().contains("messageId"), "{start}");
    assert!(check.detail().unwrap().ends_with("by App […]"), "{check}");
    let FakeConfig { api_key, .. } = config();
    let private = [DIGITS, "aB3x", &api_key];
    assert_silent(&format!("{start} {start:?} {check} {check:?} {}", log.text()), &private);
}

#[tokio::test]
async fn an_answer_of_a_wrong_kind_is_not_quoted() {
    let FakeConfig { api_key, .. } = config();
    let world = World::new().await;
    let (log, _guard) = Log::listen();
    let private = [DIGITS, "aB3x", &api_key];
    for word in private {
        let body = json!({ "pinId": "id", "verified": word, "smsStatus": 0, "to": [word] });
        world.fake.once(Operation::Start, ok(body.clone()));
        let start = world.start().await.unwrap_err();
        world.fake.once(Operation::Verify, ok(body));
        let check = world.check("id", "aB3x").await.unwrap_err();
        assert!(check.detail().unwrap().contains("expected a boolean"), "{check}");
        assert_silent(&format!("{start} {start:?} {check} {check:?}"), &private);
    }
    assert_silent(&log.text(), &private);
}

#[test]
fn debug_output_tells_no_key() {
    let FakeConfig { api_key, .. } = config();
    let settings = settings("http://127.0.0.1:1");
    assert_silent(&format!("{settings:?} {:?}", adapter(settings.clone())), &[&api_key]);
}
