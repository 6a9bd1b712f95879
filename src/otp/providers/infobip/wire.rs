//! The JSON of the 2FA API: what is sent, and as much of the answers as is needed.
//!
//! Owns the names on the wire. Reads leniently: every key of an answer is optional in Infobip's
//! own description, and keys that are not needed are not looked at.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest error code that is kept, in characters.
const MAX_CODE_CHARS: usize = 64;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartRequest<'a> {
    pub(super) application_id: &'a str,
    pub(super) message_id: &'a str,
    /// Without the plus sign.
    pub(super) to: &'a str,
}

#[derive(Serialize)]
pub(super) struct VerifyRequest<'a> {
    pub(super) pin: &'a str,
}

/// The answer to a start.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dispatch {
    pub(super) pin_id: Option<String>,
    pub(super) to: Option<String>,
    pub(super) nc_status: Option<String>,
    pub(super) sms_status: Option<String>,
    pub(super) call_status: Option<String>,
}

/// The answer to a question for a message template.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Template {
    /// Not optional: it tells a template from anything else.
    pub(super) message_text: String,
}

/// The answer to a verification.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verification {
    pub(super) pin_id: Option<String>,
    /// Not optional: without it there is no judgement.
    pub(super) verified: bool,
    /// 0 also in Infobip's sample of a success.
    pub(super) attempts_remaining: Option<i64>,
    pub(super) pin_error: Option<String>,
}

/// The body of an answer with an error status, of either of the two shapes that Infobip has.
pub(super) struct ApiError {
    code: Option<String>,
    text: Option<String>,
    complaints: Vec<Complaint>,
}

/// What is wrong with one field of the request.
struct Complaint {
    field: String,
    text: String,
}

impl ApiError {
    /// Reads `body`; `None` if it is not an error of the API.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let exception = &body["requestError"]["serviceException"];
        if exception.is_object() {
            Some(Self {
                code: code(&exception["messageId"]),
                text: text(&exception["text"]),
                complaints: validation_errors(&exception["validationErrors"]),
            })
        } else if body["errorCode"].is_string() {
            Some(Self {
                code: code(&body["errorCode"]),
                text: text(&body["description"]),
                complaints: violations(&body["violations"]),
            })
        } else {
            None
        }
    }

    /// `BAD_REQUEST` or `E400`, for instance.
    pub(super) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Whether the field `name` of the request is found fault with.
    pub(super) fn blames(&self, name: &str) -> bool {
        self.complaints.iter().any(|complaint| complaint.field == name)
    }

    /// Infobip's words, as they came, if there are any.
    pub(super) fn words(&self) -> Option<String> {
        let complaints = self.complaints.iter().map(|Complaint { field, text }| {
            if text.is_empty() { field.clone() } else { format!("{field}: {text}") }
        });
        let words: Vec<_> = self.text.iter().cloned().chain(complaints).collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}

/// A code has the form of a name, lest something else gets into the log unredacted.
fn code(value: &Value) -> Option<String> {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    text(value).filter(|code| {
        code.starts_with(|c: char| c.is_ascii_uppercase())
            && code.len() <= MAX_CODE_CHARS
            && code.bytes().all(plain)
    })
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// `{"to": ["must not be empty"]}`
fn validation_errors(value: &Value) -> Vec<Complaint> {
    let fields = value.as_object().into_iter().flatten();
    fields
        .map(|(field, texts)| {
            let texts = texts.as_array().into_iter().flatten().filter_map(Value::as_str);
            Complaint { field: field.clone(), text: texts.collect::<Vec<_>>().join(", ") }
        })
        .collect()
}

/// `[{"property": "to", "violation": "must not be empty"}]`
fn violations(value: &Value) -> Vec<Complaint> {
    let violations = value.as_array().into_iter().flatten();
    violations
        .filter_map(|violation| {
            let field = text(&violation["property"])?;
            Some(Complaint { field, text: text(&violation["violation"]).unwrap_or_default() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_published_form() {
        let start =
            StartRequest { application_id: "1234567", message_id: "7654321", to: "41793026727" };
        assert_eq!(
            serde_json::to_string(&start).unwrap(),
            r#"{"applicationId":"1234567","messageId":"7654321","to":"41793026727"}"#
        );
        let verify = serde_json::to_string(&VerifyRequest { pin: "1598" }).unwrap();
        assert_eq!(verify, r#"{"pin":"1598"}"#);
    }

    #[test]
    fn an_error_is_read_in_both_shapes() {
        for (body, code, words, blames_to) in [
            (
                r#"{"requestError":{"serviceException":{"messageId":"BAD_REQUEST",
                "text":"Bad request","validationErrors":{"to":["must not be empty","no"]}}}}"#,
                Some("BAD_REQUEST"),
                Some("Bad request; to: must not be empty, no"),
                true,
            ),
            (
                r#"{"requestError":{"serviceException":{"messageId":"NOT_FOUND","text":"Gone"}}}"#,
                Some("NOT_FOUND"),
                Some("Gone"),
                false,
            ),
            (
                r#"{"errorCode":"E400","description":"d","action":"a","resources":[],
                "violations":[{"property":"to","violation":"v"},{"property":"from"},7]}"#,
                Some("E400"),
                Some("d; to: v; from"),
                true,
            ),
            (r#"{"errorCode":"+46700000000"}"#, None, None, false),
            (r#"{"errorCode":"46700000000"}"#, None, None, false),
            (r#"{"requestError":{"serviceException":{}}}"#, None, None, false),
        ] {
            let error = ApiError::read(body.as_bytes()).unwrap();
            assert_eq!((error.code(), error.words().as_deref()), (code, words), "{body}");
            assert_eq!(error.blames("to"), blames_to, "{body}");
        }
    }

    #[test]
    fn what_is_no_error_of_the_api_is_none() {
        for body in ["", "<html>", "{}", "[]", r#"{"requestError":5}"#, r#"{"errorCode":400}"#] {
            assert!(ApiError::read(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn keys_that_are_not_needed_may_hold_anything() {
        let dispatch: Dispatch =
            serde_json::from_str(r#"{"externalMessageId":{},"new":[null]}"#).unwrap();
        assert!(dispatch.pin_id.is_none());
    }
}
