//! Asking whether Sinch can be reached and takes our credentials, without sending anything.

use ringfence::otp::providers::failure::FailureKind;
use ringfence::otp::providers::hosted::HostedVerifier as _;
use ringfence::otp::providers::sinch::SinchAuth;
use secrecy::SecretString;

use crate::fake_sinch::{Mode, Operation};
use crate::world::{World, adapter, config, now, settings};

#[tokio::test]
async fn sound_credentials_are_accepted_in_both_ways_and_nothing_is_sent() {
    for auth in [SinchAuth::Signed, SinchAuth::Basic] {
        let world = World::with(config(), auth).await;
        world.sinch.probe(now()).await.unwrap();
        assert_eq!(world.fake.received(Operation::Status), 1);
        assert!(world.fake.starts().is_empty());
    }
}

#[tokio::test]
async fn wrong_credentials_an_outage_and_a_web_page_are_told_apart() {
    let world = World::new().await;
    let mut wrong = settings(world.fake.base_url(), SinchAuth::Signed);
    wrong.app_secret = SecretString::from("AAAAAAAAAAAAAAAAAAAAAA==");
    let failure = adapter(wrong).probe(now()).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Configuration);
    for (mode, kind) in [
        (Mode::Error { http: 402, code: 40200 }, FailureKind::Billing),
        (Mode::Error { http: 503, code: 50300 }, FailureKind::Unavailable),
        (Mode::Html(200), FailureKind::Malformed),
        (Mode::Html(404), FailureKind::Configuration),
        (Mode::Redirect("http://127.0.0.1:9/".to_owned()), FailureKind::Configuration),
    ] {
        world.fake.once(Operation::Status, mode.clone());
        let failure = world.sinch.probe(now()).await.unwrap_err();
        assert_eq!(failure.kind(), kind, "{mode:?}");
    }
}
