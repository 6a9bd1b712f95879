//! The bodies that the API answers, key for key as in Infobip's own description and clients.
//!
//! Sources: the samples of the OpenAPI description 3.210; infobip-api-java-client, `TfaApiTest`,
//! `ApiClientTest` and `ApiErrorResponsesTest`.

use serde_json::{Value, json};

use super::ledger::{Judgement, SentPin};

/// An error of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) http: u16,
    code: String,
    text: String,
    /// The field of the request that is found fault with, and what the fault is.
    complaint: Option<(&'static str, &'static str)>,
}

impl ApiError {
    pub(super) fn new(http: u16, code: &str, text: &str) -> Self {
        Self { http, code: code.to_owned(), text: text.to_owned(), complaint: None }
    }

    pub(super) fn bad_request(field: &'static str, fault: &'static str) -> Self {
        let complaint = Some((field, fault));
        Self { complaint, ..Self::new(400, "BAD_REQUEST", "Bad request") }
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "Not found")
    }

    /// In the newer shape for codes like `E400`, in the older one for all others.
    pub(super) fn json(&self) -> Value {
        let Self { code, text, complaint, .. } = self;
        if code.starts_with('E') && code[1..].parse::<u16>().is_ok() {
            let violations = complaint.map(
                |(property, violation)| json!({ "property": property, "violation": violation }),
            );
            return json!({
                "errorCode": code,
                "description": text,
                "action": "Check the syntax, violations and adjust the request.",
                "violations": violations.into_iter().collect::<Vec<_>>(),
                "resources": [],
            });
        }
        let mut exception = json!({ "messageId": code, "text": text });
        if let Some((field, fault)) = complaint {
            exception["validationErrors"] = json!({ *field: [fault] });
        }
        json!({ "requestError": { "serviceException": exception } })
    }
}

/// The answer to a start. Without a number lookup there is no status of one.
pub(super) fn started(sent: &SentPin, lookup: bool) -> Value {
    let mut body = json!({ "pinId": sent.id, "to": sent.number });
    if sent.channel == "voice" {
        body["callStatus"] = json!("PENDING_ACCEPTED");
        return body;
    }
    body["smsStatus"] = json!("MESSAGE_SENT");
    if lookup {
        body["ncStatus"] = json!("NC_DESTINATION_REACHABLE");
    }
    body
}

/// The answer to a verification. The sample of a success has no attempts left.
pub(super) fn verified(id: &str, number: &str, judgement: Judgement) -> Value {
    let (attempts, error) = match judgement {
        Judgement::Right => (0, None),
        Judgement::Wrong { attempts_left } => (attempts_left, Some("WRONG_PIN")),
        Judgement::Expired { attempts_left } => (attempts_left, Some("TTL_EXPIRED")),
        Judgement::Spent => (0, Some("NO_MORE_PIN_ATTEMPTS")),
    };
    let mut body = json!({
        "pinId": id,
        "msisdn": number,
        "verified": error.is_none(),
        "attemptsRemaining": attempts,
    });
    if let Some(error) = error {
        body["pinError"] = json!(error);
    }
    body
}
