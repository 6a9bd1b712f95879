//! What may never be seen: numbers, codes and secrets in logs, errors and debug output.

use std::io;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use ringfence::otp::Channel;
use ringfence::otp::providers::hosted::{HostedVerifier as _, Wording};
use ringfence::otp::providers::sinch::SinchAuth;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::fake_sinch::{FakeConfig, Mode, Operation};
use crate::log::{Log, assert_silent};
use crate::world::{NUMBER, World, adapter, config, now, settings, wrong};

#[tokio::test]
async fn every_call_leaves_one_line_that_tells_the_outcome() {
    let world = World::new().await;
    let (log, _guard) = Log::listen();
    let (id, code) = world.under_way().await;
    world.check(&id, &wrong(&code)).await.unwrap();
    world.fake.once(Operation::Report, Mode::Status { status: "LOST".to_owned(), reason: None });
    world.check(&id, &code).await.unwrap();
    for (http, code) in [(401, 40102), (503, 50300)] {
        world.fake.once(Operation::Start, Mode::Error { http, code });
        world.start().await.unwrap_err();
    }
    assert_eq!(
        log.told("sinch"),
        [
            "INFO start started - 200",
            "INFO status ended - 200",
            "INFO check burnt - 200",
            "WARN check unrecognised - 200",
            "ERROR start configuration 40102 401",
            "WARN start unavailable 50300 503",
        ]
    );
}

#[tokio::test]
async fn logs_and_errors_tell_no_number_no_code_and_no_secret() {
    let FakeConfig { app_secret, .. } = config();
    for auth in [SinchAuth::Signed, SinchAuth::Basic] {
        let world = World::with(config(), auth).await;
        let (log, _guard) = Log::listen();
        let (id, code) = world.under_way().await;
        let other = wrong(&code);
        world.check(&id, &other).await.unwrap();
        world.check(&id, &code).await.unwrap();
        let short = world.sinch.start(now(), "+4813", Channel::Sms, "r", &Wording::default()).await;
        world.fake.set_mode(Operation::Start, Mode::Close);
        let lost = world.start().await;
        let private = [&NUMBER[1..], "4813", &code, &other, app_secret.trim_end_matches('=')];
        for failure in [short.unwrap_err(), lost.unwrap_err()] {
            assert_silent(&format!("{failure} {failure:?}"), &private);
        }
        assert_eq!(log.calls().len(), 6);
        assert_silent(&log.text(), &private);
    }
}

#[tokio::test]
async fn an_answer_that_repeats_the_request_is_not_quoted() {
    let echo = |headers: HeaderMap, body: String| async move {
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        let message = format!("{}: {body} by {}", text("user-agent"), text("authorization"));
        (StatusCode::FORBIDDEN, json!({ "errorCode": 40300, "message": message }).to_string())
    };
    let (base_url, server) = serve(Router::new().fallback(echo)).await;
    let sinch = adapter(settings(&base_url, SinchAuth::Basic));
    let (log, _guard) = Log::listen();
    let start =
        sinch.start(now(), NUMBER, Channel::Sms, "r", &Wording::default()).await.unwrap_err();
    let check = sinch.check(now(), "id", Channel::Sms, "aB3-x").await.unwrap_err();
    server.abort();

    assert!(start.detail().unwrap().starts_with("ringfence/"), "{start}");
    assert!(start.detail().unwrap().contains("identity"), "{start}");
    assert!(check.detail().unwrap().contains("by Basic […]"), "{check}");
    let token = "NjY5ZTM2N2U"; // how the credentials begin in base64
    let private = [&NUMBER[1..], "aB3-x", token];
    assert_silent(&format!("{start} {start:?} {check} {check:?} {}", log.text()), &private);
}

#[tokio::test]
async fn an_answer_of_a_wrong_kind_is_not_quoted() {
    let body = format!(r#"{{"id":{}}}"#, &NUMBER[1..]);
    let (base_url, server) = serve(Router::new().fallback(async || body)).await;
    let sinch = adapter(settings(&base_url, SinchAuth::Signed));
    let (log, _guard) = Log::listen();
    let start =
        sinch.start(now(), NUMBER, Channel::Sms, "r", &Wording::default()).await.unwrap_err();
    server.abort();

    assert_silent(&format!("{start} {start:?} {}", log.text()), &[&NUMBER[1..]]);
    assert!(start.detail().unwrap().contains("expected a string"), "{start}");
}

/// An API of its own, at the base URL that is returned.
async fn serve(api: Router) -> (String, JoinHandle<io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    (base_url, tokio::spawn(async { axum::serve(listener, api).await }))
}

#[test]
fn debug_output_tells_no_secret() {
    let FakeConfig { app_secret, .. } = config();
    for auth in [SinchAuth::Signed, SinchAuth::Basic] {
        let settings = settings("http://127.0.0.1:1", auth);
        let text = format!("{settings:?} {:?}", adapter(settings.clone()));
        assert_silent(&text, &[app_secret.trim_end_matches('='), "NjY5ZTM2N2U"]);
    }
}
