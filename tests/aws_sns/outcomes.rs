//! What each answer comes to.

use ringfence::otp::providers::failure::FailureKind;
use ringfence::otp::providers::hosted::Reason;

use crate::peer::{ACCEPTED, MESSAGE_ID, REQUEST_ID, error};
use crate::world::{NUMBER, TEXT, World, now};

#[tokio::test]
async fn the_published_answer_is_an_acceptance() {
    let accepted = World::new().await.answered(200, ACCEPTED).await.unwrap();
    assert_eq!(accepted.reference, MESSAGE_ID);
}

#[tokio::test]
async fn without_an_id_no_answer_is_a_success() {
    let world = World::new().await;
    let with_id = |id: &str| ACCEPTED.replace(MESSAGE_ID, id);
    for body in [
        String::new(),
        "<html>".to_owned(),
        "{}".to_owned(),
        "<!doctype html><title>Welcome</title>".to_owned(),
        with_id(""),
        with_id("../../elsewhere"),
        with_id(&"i".repeat(129)),
        ACCEPTED.replace(&format!("<MessageId>{MESSAGE_ID}</MessageId>"), ""),
        ACCEPTED[..ACCEPTED.len() / 3].to_owned(),
        error("InternalError", "beside a success"),
    ] {
        let failure = world.answered(200, &body).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Malformed, "{body}");
        assert!(failure.may_have_sent() && !failure.may_fail_over(), "{body}");
        assert_eq!(failure.http_status(), Some(200));
    }
}

/// botocore's model of `Publish`, AWS's common errors, and what comes without being in the model.
#[tokio::test]
async fn every_code_has_its_place() {
    use FailureKind::{Capacity, Configuration, InvalidNumber, Refused, Unavailable};
    let world = World::new().await;
    let number = "Invalid parameter: PhoneNumber Reason: +46700000001 is not valid to publish to";
    let origin = "Invalid parameter: OriginationNumber is not a phone number of this account";
    for (http, code, words, kind) in [
        (400, "InvalidParameter", number, InvalidNumber),
        (400, "ParameterValueInvalid", number, InvalidNumber),
        (400, "ValidationException", number, InvalidNumber),
        (400, "InvalidParameter", "Phone number does not meet the E164 format", InvalidNumber),
        (400, "InvalidParameter", origin, Configuration),
        (400, "InvalidParameter", "Invalid parameter: Message too long", Configuration),
        (400, "ParameterValueInvalid", "no", Configuration),
        (400, "ValidationException", "no", Configuration),
        (500, "InternalError", "no", Unavailable),
        (500, "InternalFailure", "no", Unavailable),
        (503, "ServiceUnavailable", "no", Unavailable),
        (400, "RequestTimeout", "no", Unavailable),
        (404, "NotFound", "no", Configuration),
        (400, "EndpointDisabled", "no", Configuration),
        (400, "PlatformApplicationDisabled", "no", Configuration),
        (403, "AuthorizationError", "no", Configuration),
        (403, "AccessDenied", number, Configuration),
        (400, "KMSAccessDenied", "no", Configuration),
        (400, "KMSDisabled", "no", Configuration),
        (400, "KMSInvalidState", "no", Configuration),
        (400, "KMSNotFound", "no", Configuration),
        (403, "KMSOptInRequired", "no", Configuration),
        (400, "KMSThrottling", "no", Capacity),
        (403, "InvalidSecurity", "no", Configuration),
        (403, "InvalidClientTokenId", "no", Configuration),
        (403, "SignatureDoesNotMatch", "no", Configuration),
        (403, "ExpiredToken", "no", Configuration),
        (403, "OptInRequired", "no", Configuration),
        (400, "OptedOut", "no", Refused(Reason::Blocked)),
        (429, "Throttled", "no", Capacity),
        (400, "Throttling", "Rate exceeded", Capacity),
        (400, "ThrottlingException", "Rate exceeded", Capacity),
        (503, "RequestLimitExceeded", "no", Capacity),
        (503, "SlowDown", "no", Capacity),
    ] {
        let failure = world.answered(http, &error(code, words)).await.unwrap_err();
        assert_eq!(failure.kind(), kind, "{http} {code} {words}");
        assert_eq!(failure.error_code(), Some(code));
        assert_eq!(failure.http_status(), Some(http));
    }
}

#[tokio::test]
async fn every_status_without_a_code_has_its_place() {
    use FailureKind::{Billing, Capacity, Configuration, Conflict, Malformed, Unavailable};
    let world = World::new().await;
    let page = "<!doctype html><title>Bad gateway</title>";
    for (http, kind) in [
        (302, Configuration),
        (400, Configuration),
        (402, Billing),
        (403, Configuration),
        (404, Configuration),
        (408, Unavailable),
        (409, Conflict),
        (429, Capacity),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
        (600, Malformed),
    ] {
        for body in [page, ""] {
            let failure = world.answered(http, body).await.unwrap_err();
            assert_eq!(failure.kind(), kind, "{http} {body}");
            assert_eq!(failure.error_code(), None);
        }
    }
}

#[tokio::test]
async fn a_failure_tells_the_first_line_of_awss_words_and_its_id_of_the_request() {
    let world = World::new().await;
    let words = "The signature does not match.\n\nThe canonical string was\n'POST 5f3a'";
    let body = error("SignatureDoesNotMatch", words);
    let failure = world.answered(403, &body).await.unwrap_err();
    let detail = format!("The signature does not match. (request_id {REQUEST_ID})");
    assert_eq!(failure.detail(), Some(detail.as_str()));
}

#[tokio::test]
async fn what_is_wrong_from_the_start_is_not_sent() {
    let world = World::new().await;
    for number in
        ["", "46700000001", "+", "+0123", "+1234567890123456", "+46700000001,+46700000002"]
    {
        let failure = world.sns.send_text(now(), number, TEXT).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::InvalidNumber, "{number}");
    }
    let failure = world.sns.send_text(now(), NUMBER, "").await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Configuration);
    assert!(world.peer.asked().is_empty());
}
