//! Asking whether Plivo can be reached and takes our credentials, without sending anything.

use chrono::DateTime;
use ringfence::otp::providers::delivery::MessageSender as _;
use ringfence::otp::providers::failure::FailureKind;
use secrecy::SecretString;

use crate::fake_plivo::Mode;
use crate::world::{World, adapter, reply, settings};

#[tokio::test]
async fn sound_credentials_are_accepted_and_nothing_is_sent() {
    let world = World::new().await;
    world.plivo.probe(DateTime::UNIX_EPOCH).await.unwrap();
    assert_eq!(world.fake.received(), 1);
    assert!(world.fake.messages().is_empty());
}

#[tokio::test]
async fn wrong_credentials_an_outage_and_an_answer_about_others_are_told_apart() {
    let world = World::new().await;
    let mut wrong = settings(world.fake.base_url());
    wrong.auth_token = SecretString::from("another");
    let failure = adapter(wrong).probe(DateTime::UNIX_EPOCH).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Configuration);
    for (mode, kind) in [
        (reply(500, "{}"), FailureKind::Unavailable),
        (reply(429, "{}"), FailureKind::Capacity),
        (reply(200, "{}"), FailureKind::Malformed),
        (reply(200, r#"{"auth_id":"ANOTHERACCOUNT"}"#), FailureKind::Malformed),
        (Mode::Html(200), FailureKind::Malformed),
    ] {
        world.fake.once(mode.clone());
        let failure = world.plivo.probe(DateTime::UNIX_EPOCH).await.unwrap_err();
        assert_eq!(failure.kind(), kind, "{mode:?}");
    }
}
