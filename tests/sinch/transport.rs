//! The wire going wrong: what is sent twice, what never, and what is said about it.

use std::time::Duration;

use ringfence::foundation::outbound::{TOTAL_TIMEOUT, http_client};
use ringfence::otp::Channel;
use ringfence::otp::providers::failure::FailureKind;
use ringfence::otp::providers::hosted::HostedVerifier as _;
use ringfence::otp::providers::hosted::{Verdict, Wording};
use ringfence::otp::providers::sinch::{Sinch, SinchAuth, SinchSettings, SinchSetupError};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

use crate::fake_sinch::{FakeConfig, FakeSinch, Mode, Operation};
use crate::world::{NUMBER, PATIENCE, World, adapter, config, now, settings, wrong};

const LATE: Mode = Mode::Delay(Duration::from_mins(1));

#[tokio::test]
async fn a_start_that_is_not_answered_in_time_may_have_sent_and_is_not_repeated() {
    let world = World::impatient(config()).await;
    world.fake.set_mode(Operation::Start, LATE);
    let begun = Instant::now();
    let failure = world.start().await.unwrap_err();
    assert!((PATIENCE..TOTAL_TIMEOUT).contains(&begun.elapsed()));
    assert_eq!(failure.kind(), FailureKind::OutcomeUnknown);
    assert!(failure.may_have_sent());
    assert!(!failure.may_fail_over());
    assert_eq!(world.fake.starts().len(), 1);
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_may_have_sent_and_is_not_repeated() {
    let world = World::new().await;
    for mode in [Mode::Close, Mode::BrokenOff] {
        let before = world.fake.starts().len();
        world.fake.once(Operation::Start, mode);
        let failure = world.start().await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::OutcomeUnknown);
        assert_eq!(world.fake.starts().len(), before + 1);
    }
}

#[tokio::test]
async fn a_start_whose_connection_is_reset_is_not_repeated() {
    let world = World::new().await;
    world.fake.reset_next(1);
    let failure = world.start().await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::OutcomeUnknown);
    assert_eq!(world.fake.received(Operation::Start), 0);
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let sinch = adapter(settings(&nobody().await, SinchAuth::Signed));
    let failure =
        sinch.start(now(), NUMBER, Channel::Sms, "r", &Wording::default()).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotSent);
    assert!(!failure.may_have_sent());
    assert!(failure.may_fail_over());

    let failure = sinch.check(now(), "id", Channel::Sms, "123456").await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotSent);
}

#[tokio::test]
async fn a_report_whose_connection_is_reset_is_sent_once_more() {
    let world = World::new().await;
    let (id, code) = world.under_way().await;
    world.fake.reset_next(1);
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Approved);
    assert_eq!(world.fake.received(Operation::Report), 1);
}

#[tokio::test]
async fn a_report_is_not_sent_a_third_time() {
    let world = World::new().await;
    let (id, code) = world.under_way().await;
    world.fake.reset_next(2);
    assert_eq!(world.check(&id, &code).await.unwrap_err().kind(), FailureKind::OutcomeUnknown);
    assert_eq!(world.fake.received(Operation::Report), 0);
    // Both resets are used up: it was sent twice and no more.
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Approved);
    assert_eq!(world.fake.received(Operation::Report), 1);
}

#[tokio::test]
async fn a_report_that_was_judged_and_lost_does_not_let_in_by_being_repeated() {
    let world = World::new().await;
    let (id, code) = world.under_way().await;
    world.fake.once(Operation::Report, Mode::Close);
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::NotFound);
    assert_eq!(world.fake.received(Operation::Report), 2);
}

#[tokio::test]
async fn a_report_is_not_repeated_once_an_answer_has_begun() {
    let world = World::new().await;
    let (id, code) = world.under_way().await;
    world.fake.once(Operation::Report, Mode::BrokenOff);
    assert_eq!(world.check(&id, &code).await.unwrap_err().kind(), FailureKind::OutcomeUnknown);
    assert_eq!(world.fake.received(Operation::Report), 1);
}

#[tokio::test]
async fn a_report_that_is_not_answered_in_time_is_not_repeated() {
    let world = World::impatient(config()).await;
    let (id, code) = world.under_way().await;
    world.fake.set_mode(Operation::Report, LATE);
    assert_eq!(world.check(&id, &code).await.unwrap_err().kind(), FailureKind::OutcomeUnknown);
    assert_eq!(world.fake.received(Operation::Report), 1);
}

#[tokio::test]
async fn a_report_and_its_repetition_share_the_time() {
    let slow = FakeConfig { delay: PATIENCE * 2 / 3, ..config() };
    let world = World::impatient(slow).await;
    let (id, code) = world.under_way().await;
    world.fake.once(Operation::Report, Mode::Close);
    // Each alone is fast enough; with a time of its own the second would have said "not found".
    assert_eq!(world.check(&id, &code).await.unwrap_err().kind(), FailureKind::OutcomeUnknown);
    assert_eq!(world.fake.received(Operation::Report), 2);
}

#[tokio::test]
async fn the_question_after_a_wrong_code_shares_the_time() {
    let world = World::impatient(config()).await;
    let (id, code) = world.under_way().await;
    world.fake.set_mode(Operation::Status, LATE);
    let verdict = timeout(TOTAL_TIMEOUT, world.check(&id, &wrong(&code))).await.unwrap();
    assert_eq!(verdict.unwrap(), Verdict::WrongCode);
    assert_eq!(world.fake.received(Operation::Status), 1);
}

#[tokio::test]
async fn an_answer_that_is_not_the_apis_is_malformed() {
    let world = World::new().await;
    for mode in [
        Mode::Html(200),
        Mode::Empty,
        Mode::Truncated,
        Mode::NoId,
        Mode::Oversized,
        Mode::OtherId("../../elsewhere".to_owned()),
        Mode::OtherId(String::new()),
        Mode::OtherId("i".repeat(129)),
    ] {
        world.fake.once(Operation::Start, mode.clone());
        let failure = world.start().await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Malformed, "start, {mode:?}");
        assert!(failure.may_have_sent());
        assert!(!failure.may_fail_over());

        let (id, code) = world.under_way().await;
        world.fake.once(Operation::Report, mode.clone());
        let failure = world.check(&id, &code).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Malformed, "report, {mode:?}");
    }
}

#[tokio::test]
async fn a_gateways_web_page_is_an_outage() {
    let world = World::new().await;
    world.fake.once(Operation::Start, Mode::Html(502));
    let failure = world.start().await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Unavailable);
    assert_eq!(failure.http_status(), Some(502));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = FakeSinch::start(config()).await.unwrap();
    let target = format!("{}/verification/v1/verifications", elsewhere.base_url());
    let world = World::new().await;
    world.fake.set_mode(Operation::Start, Mode::Redirect(target));
    let failure = world.start().await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Configuration);
    assert_eq!(failure.http_status(), Some(307));
    assert_eq!(elsewhere.received(Operation::Start), 0);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_once() {
    let sound = |base_url: &str| settings(base_url, SinchAuth::Signed);
    let made = |settings: SinchSettings| Sinch::new(settings, http_client().unwrap()).err();
    for base_url in ["https://verification.api.sinch.com", "http://127.0.0.1:4010/"] {
        assert_eq!(made(sound(base_url)), None);
    }
    for base_url in [
        "https://verification.api.sinch.com/verification/v1",
        "https://host/?a",
        "https://host/#a",
        "https://user@host",
        "ftp://host",
        "data:text/plain,x",
    ] {
        assert_eq!(made(sound(base_url)), Some(SinchSetupError::BaseUrl), "{base_url}");
    }
    for app_key in ["", "a:b", "a b", "é"] {
        let settings = SinchSettings { app_key: app_key.to_owned(), ..sound("https://host") };
        assert_eq!(made(settings), Some(SinchSetupError::AppKey), "{app_key}");
    }
    let app_secret = SecretString::from("not base64!");
    let settings = SinchSettings { app_secret, ..sound("https://host") };
    assert!(matches!(made(settings), Some(SinchSetupError::AppSecret(_))));
}

#[tokio::test]
async fn neither_codes_nor_credentials_cross_the_network_in_the_clear() {
    for (base_url, fault) in [
        ("http://192.0.2.1", Some(SinchSetupError::InTheClear)),
        ("http://localhost.example", Some(SinchSetupError::InTheClear)),
        ("https://192.0.2.1", None),
        ("http://localhost:4010", None),
        ("http://127.0.0.1:4010", None),
        ("http://[::1]:4010", None),
    ] {
        for auth in [SinchAuth::Basic, SinchAuth::Signed] {
            let made = Sinch::new(settings(base_url, auth), http_client().unwrap());
            assert_eq!(made.err(), fault, "{base_url}");
        }
    }
}

/// A base URL at which nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
