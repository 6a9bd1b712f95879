//! The wire going wrong: a text is never sent twice, and never taken for sent.

use std::time::Duration;

use ringfence::foundation::outbound::TOTAL_TIMEOUT;
use ringfence::otp::providers::failure::FailureKind;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::fake_plivo::{FakeConfig, FakePlivo, Mode};
use crate::world::{NUMBER, PATIENCE, TEXT, World, adapter, settings};

#[tokio::test]
async fn a_text_that_is_not_answered_in_time_may_have_gone_and_is_not_repeated() {
    let world = World::impatient().await;
    world.fake.set_mode(Mode::Delay(Duration::from_mins(1)));
    let begun = Instant::now();
    let failure = world.send().await.unwrap_err();
    assert!((PATIENCE..TOTAL_TIMEOUT).contains(&begun.elapsed()));
    assert_eq!(failure.kind(), FailureKind::OutcomeUnknown);
    assert!(failure.may_have_sent());
    assert!(!failure.may_fail_over());
    assert_eq!(world.fake.messages().len(), 1);
    assert_eq!(world.fake.received(), 1);
}

#[tokio::test]
async fn a_text_whose_answer_is_lost_may_have_gone_and_is_not_repeated() {
    for mode in [Mode::Close, Mode::BrokenOff] {
        let world = World::new().await;
        world.fake.once(mode.clone());
        let failure = world.send().await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::OutcomeUnknown, "{mode:?}");
        assert!(failure.may_have_sent());
        assert!(!failure.may_fail_over());
        assert_eq!(world.fake.messages().len(), 1, "{mode:?}");
        assert_eq!(world.fake.received(), 1, "{mode:?}");
    }
}

#[tokio::test]
async fn a_connection_that_closes_after_an_answer_is_not_used_for_a_second_try() {
    // The pooled connection is dead by the second text: hyper may not send it again by itself
    // once it has left.
    let world = World::new().await;
    world.send().await.unwrap();
    world.fake.once(Mode::Close);
    world.send().await.unwrap_err();
    world.send().await.unwrap();
    assert_eq!(world.fake.messages().len(), 3);
    assert_eq!(world.fake.received(), 3);
}

#[tokio::test]
async fn an_outage_is_not_asked_a_second_time() {
    let world = World::new().await;
    for http in [429, 500, 502, 503, 504] {
        world.fake.once(Mode::Html(http));
        let failure = world.send().await.unwrap_err();
        let kind = if http == 429 { FailureKind::Capacity } else { FailureKind::Unavailable };
        assert_eq!(failure.kind(), kind);
        assert_eq!(failure.http_status(), Some(http));
    }
    assert_eq!(world.fake.received(), 5);
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let failure = adapter(settings(&nobody)).send_text(NUMBER, TEXT).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotSent);
    assert!(!failure.may_have_sent());
    assert!(failure.may_fail_over());
}

#[tokio::test]
async fn an_answer_that_is_not_the_apis_is_malformed() {
    let world = World::new().await;
    for mode in [Mode::Html(200), Mode::Html(202), Mode::Truncated, Mode::Oversized] {
        world.fake.once(mode.clone());
        let failure = world.send().await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Malformed, "{mode:?}");
        assert!(failure.may_have_sent());
        assert!(!failure.may_fail_over());
    }
    assert_eq!(world.fake.received(), 4);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = FakePlivo::start(FakeConfig::default()).await.unwrap();
    let FakeConfig { auth_id, .. } = FakeConfig::default();
    let target = format!("{}/v1/Account/{auth_id}/Message/", elsewhere.base_url());
    let world = World::new().await;
    world.fake.set_mode(Mode::Redirect(target));
    let failure = world.send().await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Configuration);
    assert_eq!(failure.http_status(), Some(307));
    assert_eq!(elsewhere.received(), 0);
}
