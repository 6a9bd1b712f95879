//! Against moto: what another's reading of SNS makes of our requests.

use std::time::Duration;

use ringfence::otp::providers::failure::FailureKind;
use ringfence::otp::providers::hosted::Reason;

use crate::moto::Moto;
use crate::world::{TEXT, adapter, now, settings};

const PATIENT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_text_is_accepted_and_can_be_read_back() {
    let Some(moto) = Moto::of_this_run().await else { return };
    let sns = adapter(&settings(&moto.base_url));
    let accepted = sns.send_text(now(), "+46700000011", TEXT).await.unwrap();
    let texts = moto.texts_to("+46700000011").await;
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(texts[0]["message"], TEXT);
    assert_eq!(texts[0]["message_id"], accepted.reference.as_str());
}

#[tokio::test]
async fn a_number_that_is_none_is_the_users_to_mend() {
    let Some(moto) = Moto::of_this_run().await else { return };
    let sns = adapter(&settings(&moto.base_url));
    // Passes for E.164 by our own check, not by moto's.
    let failure = sns.send_text(now(), "+4", TEXT).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::InvalidNumber, "{failure}");
    assert_eq!(failure.error_code(), Some("InvalidParameter"));
    assert_eq!(failure.http_status(), Some(400));
    assert!(moto.texts_to("+4").await.is_empty());
}

#[tokio::test]
async fn a_number_that_has_opted_out_gets_no_text() {
    let Some(moto) = Moto::of_this_run().await else { return };
    // A moto that has only just started may take longer than a text waits for that answer.
    let sns = adapter(&settings(&moto.base_url)).with_timeouts(PATIENT, PATIENT);
    let failure = sns.send_text(now(), "+46700000099", TEXT).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused(Reason::Blocked), "{failure}");
    assert!(!failure.may_fail_over());
    assert!(moto.texts_to("+46700000099").await.is_empty());
}

#[tokio::test]
async fn a_text_that_is_too_long_is_refused_and_is_nobodys_number() {
    let Some(moto) = Moto::of_this_run().await else { return };
    let sns = adapter(&settings(&moto.base_url));
    let failure = sns.send_text(now(), "+46700000012", &"a".repeat(1601)).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Configuration, "{failure}");
    assert_eq!(failure.error_code(), Some("InvalidParameter"));
    assert!(moto.texts_to("+46700000012").await.is_empty());
    sns.send_text(now(), "+46700000012", &"a".repeat(1600)).await.unwrap();
    assert_eq!(moto.texts_to("+46700000012").await.len(), 1);
}
