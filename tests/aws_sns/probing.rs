//! Asking whether SNS can be reached and takes our credentials, without sending anything.

use ringfence::otp::providers::delivery::MessageSender as _;
use ringfence::otp::providers::failure::FailureKind;

use crate::peer::{Treatment, error};
use crate::world::{World, now};

#[tokio::test]
async fn a_key_that_may_ask_is_accepted_and_nothing_is_sent() {
    let world = World::new().await;
    world.sns.probe(now()).await.unwrap();
    assert_eq!(world.peer.asked().len(), 1);
    assert!(world.peer.texts().is_empty());
}

#[tokio::test]
async fn a_wrong_key_an_outage_and_a_web_page_are_told_apart() {
    let reply = |http, body| Treatment::Reply { http, body };
    for (treatment, kind) in [
        (
            reply(403, error("InvalidClientTokenId", "The security token is invalid")),
            FailureKind::Configuration,
        ),
        (reply(403, error("SignatureDoesNotMatch", "no")), FailureKind::Configuration),
        (reply(500, error("InternalError", "no")), FailureKind::Unavailable),
        (reply(200, "<html>".to_owned()), FailureKind::Malformed),
    ] {
        let world = World::new().await;
        world.peer.next_opt_out(treatment.clone());
        let failure = world.sns.probe(now()).await.unwrap_err();
        assert_eq!(failure.kind(), kind, "{treatment:?}");
        assert!(world.peer.texts().is_empty());
    }
}
