//! The samples that Infobip publishes, by the names that they have there.
//!
//! Sources: infobip-api-java-client, `TfaApiTest`, `ApiClientTest`, `ApiErrorResponsesTest`;
//! infobip-api-python-client, `test_tfa_api.py`; infobip-api-go-client, `tfa_api_test.go`;
//! infobip-api-rust-sdk (community), `sms.rs`; the OpenAPI description 3.210. Successes only:
//! Infobip publishes no answer to a wrong PIN.

use ringfence::otp::Channel;
use ringfence::otp::providers::failure::{FailureKind, ProviderFailure};
use ringfence::otp::providers::hosted::HostedVerifier as _;
use ringfence::otp::providers::hosted::{Started, Verdict, Wording};
use serde_json::{Value, json};

use crate::fake_infobip::{Mode, Operation};
use crate::world::{NUMBER, World, now, ok};

const PIN_ID: &str = "9C817C6F8AF3D48F9FE553282AFA2B67";

async fn start_answered(channel: Channel, body: Value) -> Result<Started, ProviderFailure> {
    let World { fake, infobip } = World::new().await;
    fake.once(Operation::Start, ok(body));
    infobip.start(now(), NUMBER, channel, "ref-1", &Wording::default()).await
}

async fn assert_started(channel: Channel, body: Value) {
    let started = start_answered(channel, body).await.unwrap();
    assert_eq!(started.reference_id, PIN_ID);
}

#[tokio::test]
async fn should_send_tfa_pin_code_via_sms() {
    let body = json!({
        "pinId": PIN_ID,
        "to": "41793026727",
        "ncStatus": "NC_DESTINATION_REACHABLE",
        "smsStatus": "MESSAGE_SENT",
    });
    assert_started(Channel::Sms, body).await;
}

#[tokio::test]
async fn send_pin_over_sms_with_delivery_report() {
    let body = json!({
        "pinId": PIN_ID,
        "to": "41793026727",
        "ncStatus": "NC_DESTINATION_REACHABLE",
        "smsStatus": "MESSAGE_SENT",
        "externalMessageId": "32ddd1a1-9ace-4b99-95c0-add44c3363af",
    });
    assert_started(Channel::Sms, body).await;
}

#[tokio::test]
async fn should_send_tfa_pin_code_via_voice() {
    let body = json!({
        "pinId": PIN_ID,
        "to": "41793026727",
        "callStatus": "PENDING_ACCEPTED",
    });
    assert_started(Channel::Call, body).await;
}

#[tokio::test]
async fn test_should_send_pin_over_voice_in_python() {
    let body = json!({
        "pinId": PIN_ID,
        "to": "41793026727",
        "ncStatus": "NC_DESTINATION_REACHABLE",
        "smsStatus": "MESSAGE_SENT",
        "callStatus": "PENDING_ACCEPTED",
    });
    assert_started(Channel::Call, body).await;
}

#[tokio::test]
async fn should_resend_tfa_pin_code_via_voice_has_the_shape_of_a_text() {
    let body = json!({
        "pinId": PIN_ID,
        "to": "41793026727",
        "ncStatus": "NC_DESTINATION_REACHABLE",
        "smsStatus": "MESSAGE_SENT",
    });
    assert_started(Channel::Call, body).await;
}

#[tokio::test]
async fn should_verify_tfa_call_with_no_attempts_remaining() {
    let world = World::new().await;
    let body = json!({
        "pinId": "9C817C6F8AF3D48F9FE553282AFA2B68",
        "msisdn": "41793026726",
        "verified": true,
        "attemptsRemaining": 0,
    });
    world.fake.once(Operation::Verify, ok(body));
    let verdict = world.check("9C817C6F8AF3D48F9FE553282AFA2B68", "1598").await.unwrap();
    assert_eq!(verdict, Verdict::Approved);
}

#[tokio::test]
async fn the_bad_request_of_api_client_test() {
    let world = World::new().await;
    let body = json!({ "requestError": { "serviceException": {
        "messageId": "BAD_REQUEST",
        "text": "Bad request",
        "validationErrors": { "message": ["must not be empty"] },
    } } });
    world.fake.once(Operation::Start, Mode::Json { http: 400, body });
    let failure = world.start().await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Configuration);
    assert_eq!(failure.error_code(), Some("BAD_REQUEST"));
    assert_eq!(failure.detail(), Some("Bad request; message: must not be empty"));
}

#[tokio::test]
async fn the_newer_errors_of_api_error_responses_test() {
    let world = World::new().await;
    let resource = json!({
        "name": "API endpoint documentation",
        "url": "https://www.infobip.com/docs/api/send-sms-messages",
    });
    for (http, code, description, action, kind) in [
        (
            400,
            "E400",
            "Request cannot be processed.",
            "Check the syntax, violations and adjust the request.",
            FailureKind::Configuration,
        ),
        (500, "E500", "Something went wrong.", "Contact the support.", FailureKind::Unavailable),
    ] {
        let body = json!({
            "errorCode": code,
            "description": description,
            "action": action,
            "violations": [],
            "resources": [resource],
        });
        world.fake.once(Operation::Start, Mode::Json { http, body });
        let failure = world.start().await.unwrap_err();
        assert_eq!(failure.kind(), kind);
        assert_eq!((failure.error_code(), failure.detail()), (Some(code), Some(description)));
    }
}
