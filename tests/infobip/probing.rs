//! Asking whether Infobip can be reached and takes our credentials, without sending anything.

use ringfence::otp::providers::failure::FailureKind;
use ringfence::otp::providers::hosted::HostedVerifier as _;
use secrecy::SecretString;
use serde_json::json;

use crate::fake_infobip::{Mode, Operation};
use crate::world::{World, adapter, error, now, ok, settings};

#[tokio::test]
async fn a_sound_set_up_is_accepted_and_nothing_is_sent() {
    let world = World::new().await;
    world.infobip.probe(now()).await.unwrap();
    assert_eq!(world.fake.received(Operation::Template), 1);
    assert!(world.fake.starts().is_empty());
}

#[tokio::test]
async fn a_wrong_key_and_an_unknown_template_are_ours_to_mend() {
    let world = World::new().await;
    let sound = || settings(world.fake.base_url());
    let mut wrong_key = sound();
    wrong_key.api_key = SecretString::from("another");
    let mut wrong_application = sound();
    wrong_application.application_id = "another".to_owned();
    let mut wrong_message = sound();
    wrong_message.message_id = "another".to_owned();
    for settings in [wrong_key, wrong_application, wrong_message] {
        let failure = adapter(settings).probe(now()).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Configuration);
    }
}

#[tokio::test]
async fn an_outage_a_web_page_and_an_empty_template_are_told_apart() {
    let world = World::new().await;
    for (mode, kind) in [
        (error(500, "GENERAL_ERROR"), FailureKind::Unavailable),
        (error(429, "TOO_MANY_REQUESTS"), FailureKind::Capacity),
        (Mode::Html(200), FailureKind::Malformed),
        (ok(json!({})), FailureKind::Malformed),
        (ok(json!({ "messageText": " " })), FailureKind::Configuration),
    ] {
        world.fake.once(Operation::Template, mode.clone());
        let failure = world.infobip.probe(now()).await.unwrap_err();
        assert_eq!(failure.kind(), kind, "{mode:?}");
    }
}
