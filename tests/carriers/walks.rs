//! Sign-up to token through each carrier that `VERIFICATION_PROVIDER` can name beside Sinch: a caller
//! cannot tell which one it was.

use serde_json::json;

use crate::fake_infobip::{self, FakeInfobip};
use crate::fake_plivo::{self, FakePlivo};
use crate::served::{NUMBER, Served};

#[tokio::test]
async fn infobip_carries_and_judges_the_code() {
    let config = fake_infobip::FakeConfig::default();
    let fake = FakeInfobip::start(config.clone()).await.unwrap();
    let served = Served::with(&[
        ("VERIFICATION_PROVIDER", "infobip"),
        ("INFOBIP_BASE_URL", fake.base_url()),
        ("INFOBIP_API_KEY", &config.api_key),
        ("INFOBIP_2FA_APP_ID", &config.application_id),
        ("INFOBIP_2FA_MSG_ID", &config.message_id),
    ])
    .await;
    let ticket = served.pending().await;
    assert_eq!(fake.starts().len(), 1);
    served.finish(&ticket, &fake.code_for(NUMBER).unwrap()).await;
    let id: Option<String> = sqlx::query_scalar("SELECT sinch_verification_id FROM users")
        .fetch_one(&served.database)
        .await
        .unwrap();
    assert_eq!(id, None, "that column is Sinch's");
}

#[tokio::test]
async fn plivo_carries_a_code_that_we_judge() {
    let config = fake_plivo::FakeConfig::default();
    let fake = FakePlivo::start(config.clone()).await.unwrap();
    let number = format!("+{}", config.phone_number);
    let served = Served::with(&[
        ("VERIFICATION_PROVIDER", "plivo"),
        ("PLIVO_BASE_URL", fake.base_url()),
        ("PLIVO_AUTH_ID", &config.auth_id),
        ("PLIVO_AUTH_TOKEN", &config.auth_token),
        ("PLIVO_PHONE_NUMBER", &number),
    ])
    .await;
    let ticket = served.pending().await;
    let messages = fake.messages();
    assert_eq!(messages.len(), 1);
    let (code, words) = messages[0].text.split_at(6);
    assert_eq!(words, " is your code to sign up. Never share it.");

    let by_call = json!({"loginTicket": ticket, "channel": "call"});
    let (status, refusal) = served.post("request-otp", by_call).await;
    assert_eq!((status, &refusal["code"]), (400, &json!("channel_not_supported")), "{refusal}");
    served.finish(&ticket, code).await;
}

#[cfg(feature = "aws")]
#[tokio::test]
async fn aws_sns_carries_a_code_that_we_judge() {
    let Some(moto) = crate::moto::Moto::of_this_run().await else { return };
    let served = Served::with(&[
        ("VERIFICATION_PROVIDER", "aws-sns"),
        ("AWS_ENDPOINT_URL", &moto.base_url),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    ])
    .await;
    let ticket = served.pending().await;
    let texts = moto.texts_to(NUMBER).await;
    assert_eq!(texts.len(), 1, "{texts:?}");
    let (code, words) = texts[0]["message"].as_str().unwrap().split_at(6);
    assert_eq!(words, " is your code to sign up. Never share it.");

    let by_call = json!({"loginTicket": ticket, "channel": "call"});
    let (status, refusal) = served.post("request-otp", by_call).await;
    assert_eq!((status, &refusal["code"]), (400, &json!("channel_not_supported")), "{refusal}");
    served.finish(&ticket, code).await;
}
