//! What an answer of SNS means.
//!
//! Owns the table from codes and statuses to failures. The codes count first: AWS gives some of them
//! with more than one status, and not all of them are in the SDK's model of the operation.

use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use uuid::Uuid;

use super::NAME;
use super::connector::exchange_error;
use crate::otp::providers::failure::{FailureKind, ProviderFailure};
use crate::otp::providers::hosted::Reason;
use crate::otp::providers::redaction::redact;

/// The longest code that is told; AWS's have up to 40 characters.
const MAX_CODE_CHARS: usize = 64;

/// The header in which AWS's id of a request comes, also where the answer has no body.
const REQUEST_ID: &str = "x-amzn-requestid";

/// What went wrong with a request. `private` is what must not be quoted.
///
/// The SDK's own error is not kept: it holds the whole answer, which may repeat the text.
pub(super) fn failure<E>(error: SdkError<E, HttpResponse>, private: &[&str]) -> ProviderFailure
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match &error {
        SdkError::ServiceError(_) | SdkError::ResponseError(_) => refused(&error, private),
        SdkError::DispatchFailure(_) => undelivered(error),
        SdkError::TimeoutError(_) => ProviderFailure::new(NAME, FailureKind::OutcomeUnknown)
            .with_detail("no answer came in time"),
        // Before anything was built, and whatever a later SDK adds.
        SdkError::ConstructionFailure(_) => {
            unsent(FailureKind::Configuration, "the request cannot be built")
        }
        _ => ProviderFailure::new(NAME, FailureKind::OutcomeUnknown)
            .with_detail("the SDK does not tell what went wrong"),
    }
}

/// A failure before anything was sent.
pub(super) fn unsent(kind: FailureKind, detail: &'static str) -> ProviderFailure {
    ProviderFailure::new(NAME, kind).with_detail(detail)
}

/// No whole answer came.
fn undelivered<E>(error: SdkError<E, HttpResponse>) -> ProviderFailure
where
    E: std::error::Error + Send + Sync + 'static,
{
    let connector = error.into_source().ok().and_then(|cause| cause.downcast().ok());
    let Some(connector) = connector.map(|error: Box<ConnectorError>| *error) else {
        return ProviderFailure::new(NAME, FailureKind::OutcomeUnknown);
    };
    // Ours, where the request had no form in which it could be sent.
    let kind =
        if connector.is_user() { FailureKind::Configuration } else { FailureKind::OutcomeUnknown };
    exchange_error(connector)
        .map_or_else(|| ProviderFailure::new(NAME, kind), |error| error.into_failure(NAME))
}

/// An answer came, and it is no success.
fn refused<E: ProvideErrorMetadata>(
    error: &SdkError<E, HttpResponse>,
    private: &[&str],
) -> ProviderFailure {
    let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
    let code = error.code().filter(|code| is_code(code));
    let words = error.message().unwrap_or_default();
    let kind = kind_of(status, code.unwrap_or_default(), words);
    let words = told(words, private)
        .or_else(|| code.is_none().then(|| "the answer is not the api's".to_owned()));
    let request_id = error.raw_response().and_then(|answer| answer.headers().get(REQUEST_ID));
    let note = note(request_id);
    let failure =
        ProviderFailure::new(NAME, kind).with_status(status).with_code(code.map(str::to_owned));
    match (words, note) {
        (Some(words), Some(note)) => failure.with_detail(format!("{words} ({note})")),
        (Some(told), None) | (None, Some(told)) => failure.with_detail(told),
        (None, None) => failure,
    }
}

/// AWS's id of the request, which its support asks for: a UUID and nothing else, so that it can be
/// logged unread.
pub(super) fn note(request_id: Option<&str>) -> Option<String> {
    let id: Uuid = request_id?.parse().ok()?;
    Some(format!("request_id {id}"))
}

/// The first line of AWS's words. Where a signature is wrong, the lines after it repeat what was
/// signed, and with it a digest that a code can be guessed from.
fn told(words: &str, private: &[&str]) -> Option<String> {
    let first = words.trim().lines().next().filter(|line| !line.is_empty())?;
    Some(redact(first, private))
}

/// Letters and dots only, so that it can be logged unread.
fn is_code(code: &str) -> bool {
    (1..=MAX_CODE_CHARS).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_alphabetic() || b == b'.')
}

/// The models of `Publish` and `CheckIfPhoneNumberIsOptedOut`, AWS's common errors, and the statuses.
fn kind_of(http_status: u16, code: &str, words: &str) -> FailureKind {
    match (http_status, code) {
        // A success that cannot be read.
        (0..=299, _) => FailureKind::Malformed,
        // Also with the statuses 400 and 503.
        (
            _,
            "Throttled"
            | "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "LimitExceededException"
            | "BandwidthLimitExceeded"
            | "SlowDown"
            | "PriorRequestNotComplete"
            | "KMSThrottling"
            | "KMSThrottlingException",
        ) => FailureKind::Capacity,
        (408 | 500..=599, _)
        | (_, "RequestTimeout" | "RequestTimeoutException" | "InternalError" | "InternalFailure") => {
            FailureKind::Unavailable
        }
        (400..=499, "OptedOut") => FailureKind::Refused(Reason::Blocked),
        (
            400..=499,
            "InvalidParameter"
            | "InvalidParameterValue"
            | "ParameterValueInvalid"
            | "ValidationException"
            | "ValidationError",
        ) if names_the_number(words) => FailureKind::InvalidNumber,
        (402, _) => FailureKind::Billing,
        (409, _) => FailureKind::Conflict,
        (429, _) => FailureKind::Capacity,
        // Rights, keys, the clock, attributes that SNS does not take; and redirects: the endpoint is
        // not that of the API.
        (300..=499, _) => FailureKind::Configuration,
        _ => FailureKind::Malformed,
    }
}

/// "Invalid parameter: `PhoneNumber` Reason: +… is not valid to publish to", however it is spaced. The
/// number that texts come from is called otherwise, and no user can mend it.
fn names_the_number(words: &str) -> bool {
    let words = words.to_ascii_lowercase().replace(' ', "");
    words.contains("phonenumber") && !words.contains("origination")
}
