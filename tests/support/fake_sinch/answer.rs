//! The bodies that the API answers, key for key as in the fixtures of Sinch's own SDKs.
//!
//! Sources: sinch-sdk-java, `openapi-contracts/src/test/resources/domains/verification/v1`.

use serde_json::{Value, json};

use super::ledger::{Outcome, Verification};

/// An error of the API.
#[derive(Debug, Clone)]
pub(super) struct ApiError {
    pub(super) http: u16,
    code: u32,
    message: &'static str,
    /// What the message is about; Sinch quotes phone numbers.
    subject: Option<String>,
}

impl ApiError {
    pub(super) const fn new(http: u16, code: u32, message: &'static str) -> Self {
        Self { http, code, message, subject: None }
    }

    pub(super) fn about(mut self, subject: &str) -> Self {
        self.subject = Some(subject.to_owned());
        self
    }

    pub(super) fn json(&self) -> Value {
        let message = match &self.subject {
            Some(subject) => format!("Number {subject} is invalid. {}.", self.message),
            None => format!("{}.", self.message),
        };
        json!({ "errorCode": self.code, "message": message, "reference": "a reference" })
    }
}

/// The answer to a start: no status in it, and links that lead to a regional host.
pub(super) fn started(id: &str, method: &str) -> Value {
    let href = format!(
        "https://dc-euc1-std.verification.api.sinch.com/verification/v1/verifications/id/{id}"
    );
    let mut body = json!({
        "id": id,
        "method": method,
        "_links": [
            { "rel": "status", "href": href, "method": "GET" },
            { "rel": "report", "href": href, "method": "PUT" },
        ],
    });
    if method == "sms" {
        body["sms"] = json!({
            "template": "Your verification code is {{CODE}}. Verified by Sinch",
            "interceptionTimeout": 298,
            "codeType": "Numeric",
        });
    }
    body
}

/// The answer to a report.
pub(super) fn reported(id: &str, method: &str, status: &str, reason: Option<&str>) -> Value {
    let mut body = json!({ "id": id, "method": method, "status": status });
    if let Some(reason) = reason {
        body["reason"] = json!(reason);
    }
    if method == "callout" {
        body["callComplete"] = json!(true);
    }
    body
}

/// The answer to a question about the status. The time-stamp has seven digits and no zone.
pub(super) fn status(id: &str, verification: &Verification) -> Value {
    let Outcome { status, reason } = verification.outcome;
    let mut body = reported(id, verification.method, status, reason);
    body["identity"] = json!({ "type": "number", "endpoint": verification.number });
    body["countryId"] = json!("SE");
    body["verificationTimestamp"] = json!("2024-05-22T09:38:59.5590437");
    body["price"] = json!({ "verificationPrice": { "currencyId": "EUR", "amount": 0.0312 } });
    if let Some(reference) = &verification.reference {
        body["reference"] = json!(reference);
    }
    if status == "SUCCESSFUL" {
        body["source"] = json!("manual");
    }
    body
}
