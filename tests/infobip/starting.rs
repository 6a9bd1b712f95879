//! Starts: what is sent, and what each answer comes to.

use ringfence::otp::Channel;
use ringfence::otp::providers::failure::FailureKind;
use ringfence::otp::providers::hosted::HostedVerifier as _;
use ringfence::otp::providers::hosted::{Reason, Verdict, Wording};
use ringfence::otp::providers::infobip::InfobipSettings;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::fake_infobip::{Mode, Operation};
use crate::world::{DIGITS, NUMBER, World, adapter, error, now, ok, settings};

#[tokio::test]
async fn a_start_sends_a_pin_by_either_channel_and_buys_no_lookup() {
    for (channel, name) in [(Channel::Sms, "sms"), (Channel::Call, "voice")] {
        let World { fake, infobip } = World::new().await;
        let started =
            infobip.start(now(), NUMBER, channel, "ref-1", &Wording::default()).await.unwrap();
        let [recorded] = fake.starts().try_into().unwrap();
        assert_eq!(recorded.id, started.reference_id);
        assert_eq!((recorded.number.as_str(), recorded.channel), (DIGITS, name));
        assert!(!recorded.lookup);
        assert_eq!(fake.code_for(NUMBER).unwrap().len(), 6);
    }
}

#[tokio::test]
async fn a_resend_is_a_new_pin() {
    let world = World::new().await;
    let (first_id, first_code) = world.under_way().await;
    let (second_id, second_code) = world.under_way().await;
    assert_ne!(first_id, second_id);
    assert_ne!(first_code, second_code, "one in a million times by chance");
    assert_eq!(world.check(&second_id, &first_code).await.unwrap(), Verdict::WrongCode);
    assert_eq!(world.check(&second_id, &second_code).await.unwrap(), Verdict::Approved);
}

#[tokio::test]
async fn settings_that_infobip_does_not_know_are_a_fault_of_our_set_up() {
    let world = World::new().await;
    let right = settings(world.fake.base_url());
    let other_key = InfobipSettings { api_key: SecretString::from("other"), ..right.clone() };
    let other_application =
        InfobipSettings { application_id: "1234567".to_owned(), ..right.clone() };
    let other_message = InfobipSettings { message_id: "7654321".to_owned(), ..right };
    for (settings, http, code) in [
        (other_key, 401, "UNAUTHORIZED"),
        (other_application, 404, "NOT_FOUND"),
        (other_message, 404, "NOT_FOUND"),
    ] {
        let failure = adapter(settings)
            .start(now(), NUMBER, Channel::Sms, "ref-1", &Wording::default())
            .await
            .unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Configuration);
        assert_eq!((failure.http_status(), failure.error_code()), (Some(http), Some(code)));
    }
    assert!(world.fake.starts().is_empty());
}

#[tokio::test]
async fn a_number_that_cannot_be_one_is_not_even_asked_about() {
    let World { fake, infobip } = World::new().await;
    for number in ["", "+", "46700000001", "+0700000001", "+4670000000A", "+1234567890123456"] {
        let failure = infobip
            .start(now(), number, Channel::Sms, "ref-1", &Wording::default())
            .await
            .unwrap_err();
        assert_eq!(failure.kind(), FailureKind::InvalidNumber, "{number}");
    }
    assert_eq!(fake.received(Operation::Start), 0);
}

#[tokio::test]
async fn a_number_that_infobip_refuses_is_the_users_to_mend_and_is_not_repeated() {
    let World { fake, infobip } = World::new().await;
    let failure = infobip
        .start(now(), "+4813", Channel::Sms, "ref-1", &Wording::default())
        .await
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::InvalidNumber);
    assert_eq!(failure.error_code(), Some("BAD_REQUEST"));
    assert_eq!(
        failure.detail(),
        Some("Bad request; to: must be a phone number in international format")
    );
    assert_eq!(fake.received(Operation::Start), 1);

    let violation = json!({ "property": "to", "violation": "+4813 is not a number" });
    let body = json!({ "errorCode": "E400", "description": "No.", "violations": [violation] });
    fake.once(Operation::Start, Mode::Json { http: 400, body });
    let failure =
        infobip.start(now(), NUMBER, Channel::Sms, "ref-1", &Wording::default()).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::InvalidNumber);
    assert_eq!(failure.detail(), Some("No.; to: […] is not a number"));
}

#[tokio::test]
async fn every_published_error_has_its_place_in_both_shapes() {
    use FailureKind::{Billing, Configuration, Conflict, Malformed, Unavailable, Velocity};
    let world = World::new().await;
    // Kind, may have sent, may fail over, HTTP status, codes.
    for (kind, may_have_sent, may_fail_over, http, codes) in [
        (Configuration, false, true, 400, ["BAD_REQUEST", "E400"]),
        (Configuration, false, true, 401, ["UNAUTHORIZED", "E401"]),
        (Configuration, false, true, 403, ["FORBIDDEN", "E403"]),
        (Configuration, false, true, 404, ["NOT_FOUND", "E404"]),
        (Velocity, false, false, 429, ["TOO_MANY_REQUESTS", "E429"]),
        (Unavailable, true, true, 500, ["GENERAL_ERROR", "E500"]),
        // Not published for this API, but for others of Infobip's or by gateways before it.
        (Billing, false, true, 402, ["PAYMENT_REQUIRED", "E402"]),
        (Configuration, false, true, 405, ["METHOD_NOT_ALLOWED", "E405"]),
        (Unavailable, true, true, 408, ["TIMEOUT", "E408"]),
        (Conflict, true, false, 409, ["CONFLICT", "E409"]),
        (Unavailable, true, true, 502, ["BAD_GATEWAY", "E502"]),
        (Unavailable, true, true, 503, ["UNAVAILABLE", "E503"]),
        (Configuration, false, true, 304, ["X", "E304"]),
        (Malformed, true, false, 299, ["X", "E299"]),
    ] {
        for code in codes {
            world.fake.once(Operation::Start, error(http, code));
            let failure = world.start().await.unwrap_err();
            assert_eq!(failure.kind(), kind, "{http} {code}");
            assert_eq!(failure.may_have_sent(), may_have_sent, "{http} {code}");
            assert_eq!(failure.may_fail_over(), may_fail_over, "{http} {code}");
            assert_eq!(failure.http_status(), Some(http));
            if http >= 400 {
                assert_eq!(failure.error_code(), Some(code));
            }
        }
    }
}

async fn assert_not_sent(channel: Channel, body: Value, kind: FailureKind) {
    let World { fake, infobip } = World::new().await;
    fake.once(Operation::Start, ok(body.clone()));
    let failure =
        infobip.start(now(), NUMBER, channel, "ref-1", &Wording::default()).await.unwrap_err();
    assert_eq!(failure.kind(), kind, "{body}");
    assert_eq!(failure.http_status(), Some(200));
    assert_eq!(fake.received(Operation::Start), 1, "asked once");
}

#[tokio::test]
async fn a_text_may_not_have_been_sent_in_a_successful_answer() {
    for (nc_status, reason) in [
        (None, Reason::Other),
        (Some("NC_DESTINATION_REACHABLE"), Reason::Other),
        (Some("NC_DESTINATION_UNKNOWN"), Reason::Other),
        (Some("NC_NOT_CONFIGURED"), Reason::Other),
        (Some("NC_DESTINATION_NOT_REACHABLE"), Reason::Unreachable),
        (Some("NC_NOT_REACHABLE"), Reason::Unreachable),
    ] {
        let body = json!({
            "pinId": "9C817C6F8AF3D48F9FE553282AFA2B67",
            "to": DIGITS,
            "ncStatus": nc_status,
            "smsStatus": "MESSAGE_NOT_SENT",
        });
        let kind = FailureKind::Refused(reason);
        assert!(!kind.may_have_sent());
        assert!(!kind.may_fail_over());
        assert_not_sent(Channel::Sms, body, kind).await;
    }
}

#[tokio::test]
async fn a_call_may_have_been_refused_in_a_successful_answer() {
    use FailureKind::{Billing, Configuration, InvalidNumber, Refused, Velocity};
    for (status, kind) in [
        ("REJECTED_NOT_ENOUGH_CREDITS", Billing),
        ("REJECTED_PREPAID_PACKAGE_EXPIRED", Billing),
        ("REJECTED_SOURCE", Configuration),
        ("REJECTED_SENDER", Configuration),
        ("REJECTED_PREFIX_MISSING", InvalidNumber),
        ("REJECTED_FLOODING_FILTER", Velocity),
        ("SIGNALS_BLOCKED", Refused(Reason::Fraud)),
        ("REJECTED_DESTINATION_BLOCKLISTED", Refused(Reason::Blocked)),
        ("REJECTED_DND", Refused(Reason::Blocked)),
        ("REJECTED_NETWORK", Refused(Reason::DestinationDenied)),
        ("REJECTED_DESTINATION", Refused(Reason::DestinationDenied)),
        ("REJECTED_DESTINATION_NOT_REGISTERED", Refused(Reason::DestinationDenied)),
        ("REJECTED_ROUTE_NOT_AVAILABLE", Refused(Reason::Other)),
        ("REJECTED", Refused(Reason::Other)),
        ("UNDELIVERABLE_NOT_SENT", Refused(Reason::Other)),
        ("MESSAGE_NOT_SENT", Refused(Reason::Other)),
    ] {
        assert!(!kind.may_have_sent(), "{status}");
        // What the text of the same answer would have come to does not count.
        let body = json!({ "pinId": "A", "callStatus": status, "smsStatus": "MESSAGE_SENT" });
        assert_not_sent(Channel::Call, body, kind).await;
    }
}

#[tokio::test]
async fn a_status_that_is_on_no_list_is_no_success_and_may_have_sent() {
    assert!(FailureKind::Malformed.may_have_sent());
    for body in [
        json!({ "pinId": "A", "smsStatus": "SENT" }),
        json!({ "pinId": "A", "smsStatus": "" }),
        json!({ "pinId": "A", "smsStatus": null }),
        json!({ "pinId": "A" }),
        json!({ "pinId": "A", "callStatus": "PENDING_ACCEPTED" }),
        json!({}),
    ] {
        assert_not_sent(Channel::Sms, body, FailureKind::Malformed).await;
    }
    for status in ["PROCESSING", "BAD_REQUEST", "EXPIRED_EXPIRED"] {
        let body = json!({ "pinId": "A", "callStatus": status });
        assert_not_sent(Channel::Call, body, FailureKind::Malformed).await;
    }
}

#[tokio::test]
async fn every_pending_call_is_under_way() {
    let World { fake, infobip } = World::new().await;
    for status in ["PENDING_ACCEPTED", "PENDING_ENROUTE", "PENDING_WAITING_DELIVERY"] {
        fake.once(Operation::Start, ok(json!({ "pinId": "A", "callStatus": status })));
        let started = infobip
            .start(now(), NUMBER, Channel::Call, "ref-1", &Wording::default())
            .await
            .unwrap();
        assert_eq!(started.reference_id, "A");
    }
}

#[tokio::test]
async fn a_pin_that_went_to_another_number_is_nobodys() {
    let World { fake, infobip } = World::new().await;
    for (echo, taken) in [
        (json!(DIGITS), true),
        (json!(NUMBER), true),
        (json!(null), true),
        (json!("41793026726"), false),
        (json!(""), false),
    ] {
        let body = json!({ "pinId": "A", "to": echo, "smsStatus": "MESSAGE_SENT" });
        fake.once(Operation::Start, ok(body));
        let started =
            infobip.start(now(), NUMBER, Channel::Sms, "ref-1", &Wording::default()).await;
        assert_eq!(started.is_ok(), taken, "{echo}");
        if let Err(failure) = started {
            assert_eq!(failure.kind(), FailureKind::Malformed);
        }
    }
}
