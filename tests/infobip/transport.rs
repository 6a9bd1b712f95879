//! The wire going wrong: what is sent twice, what never, and what is said about it.

use std::time::Duration;

use ringfence::foundation::outbound::TOTAL_TIMEOUT;
use ringfence::otp::Channel;
use ringfence::otp::providers::failure::FailureKind;
use ringfence::otp::providers::hosted::HostedVerifier as _;
use ringfence::otp::providers::hosted::{Verdict, Wording};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::fake_infobip::{FakeConfig, FakeInfobip, Mode, Operation};
use crate::world::{NUMBER, PATIENCE, World, adapter, config, now, ok, settings, wrong};

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
    let infobip = adapter(settings(&nobody().await));
    let failure =
        infobip.start(now(), NUMBER, Channel::Sms, "ref-1", &Wording::default()).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotSent);
    assert!(!failure.may_have_sent());
    assert!(failure.may_fail_over());

    let failure = infobip.check(now(), "id", Channel::Sms, "123456").await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotSent);
}

#[tokio::test]
async fn a_check_whose_connection_is_reset_is_sent_once_more() {
    let world = World::new().await;
    let (id, code) = world.under_way().await;
    world.fake.reset_next(1);
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Approved);
    assert_eq!(world.fake.received(Operation::Verify), 1);
}

#[tokio::test]
async fn a_check_is_not_sent_a_third_time() {
    let world = World::new().await;
    let (id, code) = world.under_way().await;
    world.fake.reset_next(2);
    assert_eq!(world.check(&id, &code).await.unwrap_err().kind(), FailureKind::OutcomeUnknown);
    assert_eq!(world.fake.received(Operation::Verify), 0);
    // Both resets are used up: it was sent twice and no more.
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Approved);
    assert_eq!(world.fake.received(Operation::Verify), 1);
}

#[tokio::test]
async fn a_right_code_whose_approval_is_lost_is_approved_by_the_repetition() {
    let world = World::new().await;
    let (id, code) = world.under_way().await;
    world.fake.once(Operation::Verify, Mode::Close);
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Approved);
    assert_eq!(world.fake.verifications().len(), 2);
}

#[tokio::test]
async fn a_wrong_code_whose_answer_is_lost_may_cost_two_attempts() {
    let world = World::with(FakeConfig { pin_attempts: 2, ..config() }).await;
    let (id, code) = world.under_way().await;
    world.fake.once(Operation::Verify, Mode::Close);
    assert_eq!(world.check(&id, &wrong(&code)).await.unwrap(), Verdict::Burnt);
    assert_eq!(world.fake.verifications().len(), 2);
}

#[tokio::test]
async fn a_check_is_not_repeated_once_an_answer_has_begun() {
    let world = World::new().await;
    let (id, code) = world.under_way().await;
    world.fake.once(Operation::Verify, Mode::BrokenOff);
    assert_eq!(world.check(&id, &code).await.unwrap_err().kind(), FailureKind::OutcomeUnknown);
    assert_eq!(world.fake.received(Operation::Verify), 1);
}

#[tokio::test]
async fn a_check_that_is_not_answered_in_time_is_not_repeated() {
    let world = World::impatient(config()).await;
    let (id, code) = world.under_way().await;
    world.fake.set_mode(Operation::Verify, LATE);
    assert_eq!(world.check(&id, &code).await.unwrap_err().kind(), FailureKind::OutcomeUnknown);
    assert_eq!(world.fake.received(Operation::Verify), 1);
}

#[tokio::test]
async fn a_check_and_its_repetition_share_the_time() {
    let slow = FakeConfig { delay: PATIENCE * 2 / 3, ..config() };
    let world = World::impatient(slow).await;
    let (id, code) = world.under_way().await;
    world.fake.once(Operation::Verify, Mode::Close);
    // Each alone is fast enough; with a time of its own the second would have approved.
    assert_eq!(world.check(&id, &code).await.unwrap_err().kind(), FailureKind::OutcomeUnknown);
    assert_eq!(world.fake.received(Operation::Verify), 2);
}

#[tokio::test]
async fn an_answer_that_is_not_the_apis_is_malformed() {
    let world = World::new().await;
    for mode in [
        Mode::Html(200),
        Mode::Empty,
        Mode::Truncated,
        Mode::Oversized,
        ok(json!(5)),
        ok(json!({ "smsStatus": "MESSAGE_SENT" })),
        ok(json!({ "smsStatus": "MESSAGE_SENT", "pinId": "" })),
        ok(json!({ "smsStatus": "MESSAGE_SENT", "pinId": "../../elsewhere" })),
        ok(json!({ "smsStatus": "MESSAGE_SENT", "pinId": "i".repeat(129) })),
        ok(json!({ "smsStatus": "MESSAGE_SENT", "pinId": 7 })),
    ] {
        world.fake.once(Operation::Start, mode.clone());
        let failure = world.start().await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Malformed, "start, {mode:?}");
        assert!(failure.may_have_sent());
        assert!(!failure.may_fail_over());

        let (id, code) = world.under_way().await;
        world.fake.once(Operation::Verify, mode.clone());
        let failure = world.check(&id, &code).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Malformed, "verify, {mode:?}");
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
    let elsewhere = FakeInfobip::start(config()).await.unwrap();
    let target = format!("{}/2fa/2/pin?ncNeeded=false", elsewhere.base_url());
    let world = World::new().await;
    world.fake.set_mode(Operation::Start, Mode::Redirect(target));
    let failure = world.start().await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Configuration);
    assert_eq!(failure.http_status(), Some(307));
    assert_eq!(elsewhere.received(Operation::Start), 0);
}

/// A base URL at which nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
