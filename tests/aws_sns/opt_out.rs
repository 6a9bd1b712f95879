//! The question before each text: whether the number has opted out. It never stands in the way of a
//! text, unless the answer is yes.

use std::time::Duration;

use ringfence::otp::providers::failure::FailureKind;
use ringfence::otp::providers::hosted::Reason;

use crate::peer::{Treatment, error, opted_out};
use crate::world::{NUMBER, PATIENCE, TEXT, World, now};

#[tokio::test]
async fn who_has_opted_out_is_not_sent_to_by_anybody() {
    let world = World::new().await;
    world.peer.next_opt_out(opted_out());
    let failure = world.send().await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused(Reason::Blocked));
    assert!(!failure.may_have_sent() && !failure.may_fail_over());
    assert!(world.peer.texts().is_empty());
}

#[tokio::test]
async fn a_question_that_fails_is_passed_over_and_not_asked_again() {
    let reply = |http, body| Treatment::Reply { http, body };
    let refusals = [
        reply(403, error("AuthorizationError", "not authorized to perform this")),
        reply(429, error("Throttled", "Rate exceeded")),
        reply(400, error("InvalidParameter", "Invalid parameter: PhoneNumber")),
        reply(500, error("InternalError", "no")),
        reply(200, "<html>".to_owned()),
        Treatment::Close,
        Treatment::BrokenOff,
    ];
    for refusal in refusals {
        let world = World::new().await;
        world.peer.next_opt_out(refusal.clone());
        world.send().await.unwrap();
        assert_eq!(world.peer.asked().len(), 2, "{refusal:?}");
        assert_eq!(world.peer.texts().len(), 1, "{refusal:?}");
    }
}

#[tokio::test]
async fn a_question_has_little_time_and_leaves_the_rest_to_the_text() {
    let World { peer, sns } = World::new().await;
    let sns = sns.with_timeouts(Duration::from_secs(30), PATIENCE);
    peer.next_opt_out(Treatment::Delay(Duration::from_mins(1)));
    let begun = tokio::time::Instant::now();
    sns.send_text(now(), NUMBER, TEXT).await.unwrap();
    assert!((PATIENCE..Duration::from_secs(15)).contains(&begun.elapsed()));
    assert_eq!(peer.texts().len(), 1);
}
