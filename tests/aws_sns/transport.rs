//! The wire going wrong: a text is never sent twice, and never taken for sent.

use std::time::Duration;

use ringfence::foundation::outbound::{MAX_BODY_BYTES, TOTAL_TIMEOUT};
use ringfence::otp::providers::failure::FailureKind;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::peer::{Treatment, error};
use crate::world::{NUMBER, PATIENCE, TEXT, World, adapter, now, settings};

#[tokio::test]
async fn a_text_that_is_not_answered_in_time_may_have_gone_and_is_not_repeated() {
    let World { peer, sns } = World::new().await;
    let sns = sns.with_timeouts(PATIENCE, PATIENCE);
    peer.next_text(Treatment::Delay(Duration::from_mins(1)));
    let begun = Instant::now();
    let failure = sns.send_text(now(), NUMBER, TEXT).await.unwrap_err();
    assert!((PATIENCE..TOTAL_TIMEOUT).contains(&begun.elapsed()));
    assert_eq!(failure.kind(), FailureKind::OutcomeUnknown);
    assert!(failure.may_have_sent() && !failure.may_fail_over());
    assert_eq!(peer.texts().len(), 1);
}

#[tokio::test]
async fn a_text_whose_answer_is_lost_may_have_gone_and_is_not_repeated() {
    for treatment in [Treatment::Close, Treatment::BrokenOff] {
        let world = World::new().await;
        world.peer.next_text(treatment.clone());
        let failure = world.send().await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::OutcomeUnknown, "{treatment:?}");
        assert!(failure.may_have_sent() && !failure.may_fail_over());
        assert_eq!(world.peer.texts().len(), 1, "{treatment:?}");
    }
}

/// Each of these is something that the SDK would try again, were it left to itself.
#[tokio::test]
async fn an_outage_is_not_asked_a_second_time() {
    let world = World::new().await;
    let mut sent = 0;
    for (http, code) in [
        (429, "Throttled"),
        (400, "Throttling"),
        (400, "RequestTimeout"),
        (500, "InternalError"),
        (502, ""),
        (503, "ServiceUnavailable"),
        (504, ""),
    ] {
        world.answered(http, &error(code, "no")).await.unwrap_err();
        sent += 1;
        assert_eq!(world.peer.texts().len(), sent, "{http} {code}");
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let failure = adapter(&settings(&nobody)).send_text(now(), NUMBER, TEXT).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotSent);
    assert!(!failure.may_have_sent() && failure.may_fail_over());
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let world = World::new().await;
    let failure = world.answered(200, &" ".repeat(MAX_BODY_BYTES + 1)).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Malformed);
    assert!(failure.may_have_sent() && !failure.may_fail_over());
}

#[tokio::test]
async fn redirects_are_not_followed() {
    // The peer's Location leads to a port that nobody listens at: following it would be `NotSent`.
    let world = World::new().await;
    let failure = world.answered(307, "").await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Configuration);
    assert_eq!(failure.http_status(), Some(307));
}
