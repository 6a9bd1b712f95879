//! Whose words a text has, and what Sinch is asked of it.

use ringfence::otp::providers::hosted::{HostedVerifier as _, Wording};
use ringfence::otp::providers::sinch::{SinchAuth, SinchSettings, SmsText};
use ringfence::otp::{AppHash, Channel};
use serde_json::{Value, json};

use crate::fake_sinch::FakeSinch;
use crate::world::{NUMBER, adapter, config, now, settings};

const TEXT: &str = "{{CODE}} är din kod.\n@example.com #{{CODE}}";

/// The `smsOptions` of a start by an adapter set so, for an app with a hash.
async fn options(sms_text: SmsText, auth: SinchAuth, channel: Channel) -> Value {
    let fake = FakeSinch::start(config()).await.unwrap();
    let settings = SinchSettings { sms_text, ..settings(fake.base_url(), auth) };
    let sinch = adapter(settings);
    let hash: AppHash = "FA+9qCX9VSu".parse().unwrap();
    let wording = Wording { languages: None, text: Some(TEXT), app_hash: Some(&hash) };
    sinch.start(now(), NUMBER, channel, "r", &wording).await.unwrap();
    fake.starts()[0].sms_options.clone()
}

#[tokio::test]
async fn a_text_of_ours_is_sent_as_the_template_when_that_is_set() {
    let options = options(SmsText::Own, SinchAuth::Signed, Channel::Sms).await;
    assert_eq!(options, json!({ "template": TEXT }));
}

#[tokio::test]
async fn otherwise_sinch_is_told_the_app_only() {
    let options = options(SmsText::Sinch, SinchAuth::Signed, Channel::Sms).await;
    assert_eq!(options, json!({ "applicationHash": "FA+9qCX9VSu" }));
}

#[tokio::test]
async fn calls_and_requests_by_basic_have_no_options() {
    assert_eq!(options(SmsText::Own, SinchAuth::Signed, Channel::Call).await, Value::Null);
    assert_eq!(options(SmsText::Sinch, SinchAuth::Basic, Channel::Sms).await, Value::Null);
}

#[tokio::test]
async fn without_wishes_there_are_no_options() {
    for sms_text in [SmsText::Sinch, SmsText::Own] {
        let fake = FakeSinch::start(config()).await.unwrap();
        let settings = settings(fake.base_url(), SinchAuth::Signed);
        let sinch = adapter(SinchSettings { sms_text, ..settings });
        sinch.start(now(), NUMBER, Channel::Sms, "r", &Wording::default()).await.unwrap();
        assert_eq!(fake.starts()[0].sms_options, Value::Null);
    }
}
