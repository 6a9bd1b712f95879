//! The JSON of the Verification API: what is sent, and as much of the answers as is needed.
//!
//! Owns the names on the wire. Reads leniently: keys that are not needed are not looked at, since
//! Sinch adds keys and its time-stamps come in several forms.

use serde::{Deserialize, Serialize};

use crate::otp::Channel;

/// What the API calls the way to the user: in the dashboard "phone call" is `callout` here.
pub(super) const fn method(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "sms",
        Channel::Call => "callout",
    }
}

#[derive(Serialize)]
pub(super) struct StartRequest<'a> {
    identity: Identity<'a>,
    method: &'static str,
    reference: &'a str,
    #[serde(rename = "smsOptions", skip_serializing_if = "Option::is_none")]
    sms_options: Option<SmsOptions<'a>>,
}

/// What a text is asked to be like. The Java and Node SDKs do not know these two: the template is
/// the .NET SDK's (`StartVerificationRequest.cs`), the hash the Android SDK's (`SmsOptions.kt`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SmsOptions<'a> {
    /// The whole text, with `{{CODE}}` where the code belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<&'a str>,
    /// Of the Android app that waits for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) application_hash: Option<&'a str>,
}

#[derive(Serialize)]
struct Identity<'a> {
    r#type: &'static str,
    endpoint: &'a str,
}

impl<'a> StartRequest<'a> {
    pub(super) const fn new(
        to_e164: &'a str,
        channel: Channel,
        reference: &'a str,
        sms_options: Option<SmsOptions<'a>>,
    ) -> Self {
        let identity = Identity { r#type: "number", endpoint: to_e164 };
        Self { identity, method: method(channel), reference, sms_options }
    }
}

#[derive(Serialize)]
pub(super) struct ReportRequest<'a> {
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sms: Option<Code<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callout: Option<Code<'a>>,
}

#[derive(Serialize)]
struct Code<'a> {
    code: &'a str,
}

impl<'a> ReportRequest<'a> {
    pub(super) const fn new(channel: Channel, code: &'a str) -> Self {
        let (sms, callout) = match channel {
            Channel::Sms => (Some(Code { code }), None),
            Channel::Call => (None, Some(Code { code })),
        };
        Self { method: method(channel), sms, callout }
    }
}

/// The answer to a start, a report or a question about the status, where it was not an error.
#[derive(Deserialize)]
pub(super) struct Verification {
    pub(super) id: String,
    pub(super) status: Option<String>,
    pub(super) reason: Option<String>,
}

/// The body of an answer with an error status.
#[derive(Deserialize)]
pub(super) struct ApiError {
    #[serde(rename = "errorCode")]
    code: Option<ErrorCode>,
    message: Option<String>,
}

/// An integer in the fixtures, a string in the documentation.
#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorCode {
    Integer(u32),
    Text(String),
}

impl ApiError {
    /// Reads `body`; what is not an error of the API has neither code nor message.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or(Self { code: None, message: None })
    }

    /// The five-digit code, where there is one.
    pub(super) fn code(&self) -> Option<u32> {
        let code = match self.code.as_ref()? {
            ErrorCode::Integer(code) => *code,
            ErrorCode::Text(text) => text.trim().parse().ok()?,
        };
        (10_000..=99_999).contains(&code).then_some(code)
    }

    pub(super) fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_published_form() {
        let start = StartRequest::new("+46700000000", Channel::Call, "ref", None);
        assert_eq!(
            serde_json::to_string(&start).unwrap(),
            r#"{"identity":{"type":"number","endpoint":"+46700000000"},"method":"callout","reference":"ref"}"#
        );
        for (channel, json) in [
            (Channel::Sms, r#"{"method":"sms","sms":{"code":"1234"}}"#),
            (Channel::Call, r#"{"method":"callout","callout":{"code":"1234"}}"#),
        ] {
            let report = ReportRequest::new(channel, "1234");
            assert_eq!(serde_json::to_string(&report).unwrap(), json);
        }
    }

    #[test]
    fn an_error_code_is_read_as_integer_and_as_text() {
        for (body, code) in [
            (r#"{"errorCode":40001,"message":"m","reference":"r"}"#, Some(40001)),
            (r#"{"errorCode":"40001","status":"400 ParameterValidation"}"#, Some(40001)),
            (r#"{"errorCode":"+46700000000"}"#, None),
            (r#"{"errorCode":7}"#, None),
            (r#"{"errorCode":{}}"#, None),
            (r#"{"message":"m"}"#, None),
            ("<html>", None),
        ] {
            assert_eq!(ApiError::read(body.as_bytes()).code(), code, "{body}");
        }
    }

    #[test]
    fn keys_that_are_not_needed_may_hold_anything() {
        let body = r#"{"id":"i","method":"sms","status":"FAIL","reason":"Fraud","identity":5,
            "verificationTimestamp":"2024-05-22T09:38:59.5590437","price":null,"new":[{}]}"#;
        let verification: Verification = serde_json::from_str(body).unwrap();
        assert_eq!(verification.status.as_deref(), Some("FAIL"));
    }
}
