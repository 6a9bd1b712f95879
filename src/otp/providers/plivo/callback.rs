//! Plivo's callbacks: reports of messages and of calls, and the question what to say in a call.
//!
//! Owns the table from Plivo's words to fates. Source: docs.plivo.com, Messaging and Voice.

use std::fmt;

use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};

use super::settings::PlivoSettings;
use super::signature::{self, Pairs};
use crate::otp::providers::callback::{Callback, Event, Refusal, header};
use crate::otp::providers::preflight::is_plain_id;
use crate::otp::providers::receipt::{Fate, Price, Receipt, Subject};

/// [U] Reports name no currency; accounts are in US dollars unless they are for India alone.
const CURRENCY: &str = "USD";

/// What callbacks of one account are verified with.
#[derive(Clone)]
pub struct Callbacks {
    auth_token: SecretString,
}

impl Callbacks {
    /// With the token of `settings`.
    pub fn new(settings: &PlivoSettings) -> Self {
        Self { auth_token: settings.auth_token.clone() }
    }

    /// Whether Plivo's voice platform sent this: a V3 signature fits.
    pub fn is_of_a_call(&self, callback: &Callback<'_>) -> bool {
        let nonce = header(callback, "x-plivo-signature-v3-nonce");
        let query = callback.url.query_pairs().into_owned().collect();
        let text = signature::v3_text(&base(callback.url), query, form(callback.body), nonce);
        !nonce.is_empty()
            && self.is_signed(callback, &text, ["x-plivo-signature-v3", "x-plivo-signature-ma-v3"])
    }

    /// Whether Plivo sent something to this address, though perhaps not with this body.
    fn is_of_a_message(&self, callback: &Callback<'_>) -> bool {
        let nonce = header(callback, "x-plivo-signature-v2-nonce");
        let text = signature::v2_text(&base(callback.url), nonce);
        !nonce.is_empty()
            && self.is_signed(callback, &text, ["x-plivo-signature-v2", "x-plivo-signature-ma-v2"])
    }

    /// One header has the signature of the account or subaccount, the other that of the main account:
    /// ours may be either.
    fn is_signed(&self, callback: &Callback<'_>, text: &str, names: [&str; 2]) -> bool {
        let token = self.auth_token.expose_secret();
        names.iter().any(|name| signature::fits(token, text, header(callback, name)))
    }

    pub(in crate::otp::providers) fn read(
        &self,
        callback: &Callback<'_>,
    ) -> Result<Event, Refusal> {
        let form = form(callback.body);
        let receipt = if value(&form, "MessageUUID").is_empty() {
            if !self.is_of_a_call(callback) {
                return Err(Refusal::Signature);
            }
            call_receipt(&form)?
        } else {
            if !self.is_of_a_message(callback) && !self.is_of_a_call(callback) {
                return Err(Refusal::Signature);
            }
            message_receipt(&form)?
        };
        Ok(Event::Receipts(receipt.into_iter().collect()))
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callbacks(…)")
    }
}

/// Scheme, host and path.
fn base(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.into()
}

fn form(body: &[u8]) -> Pairs {
    let Ok(text) = str::from_utf8(body) else { return Vec::new() };
    // A form has the syntax of a query.
    let Ok(mut url) = Url::parse("http://form.invalid") else { return Vec::new() };
    url.set_query(Some(text));
    url.query_pairs().into_owned().collect()
}

fn value<'a>(form: &'a Pairs, name: &str) -> &'a str {
    form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

fn subject(id: &str) -> Result<Subject, Refusal> {
    is_plain_id(id).then(|| Subject::ProviderReference(id.to_owned())).ok_or(Refusal::Body)
}

fn message_receipt(form: &Pairs) -> Result<Option<Receipt>, Refusal> {
    let subject = subject(value(form, "MessageUUID"))?;
    let status = value(form, "Status");
    let fate = match status {
        "queued" => return Ok(None),
        "sent" => Fate::Sent,
        "delivered" | "read" => Fate::Delivered,
        "failed" | "undelivered" | "rejected" => match value(form, "ErrorCode") {
            "" => Fate::failed(status),
            code => Fate::failed(code),
        },
        _ => return Err(Refusal::Body),
    };
    let price = Price::parse(value(form, "TotalAmount"), CURRENCY);
    let segments = value(form, "Units").parse().ok();
    Ok(Some(Receipt { subject, fate, price, segments }))
}

/// [U] That the report of a call repeats the `RequestUUID` with which the call was accepted.
fn call_receipt(form: &Pairs) -> Result<Option<Receipt>, Refusal> {
    let id = match value(form, "RequestUUID") {
        "" => value(form, "CallUUID"),
        id => id,
    };
    let subject = subject(id)?;
    let status = value(form, "CallStatus");
    let fate = match status {
        "ringing" | "in-progress" => Fate::Sent,
        "completed" => Fate::Delivered,
        "busy" | "failed" | "timeout" | "no-answer" | "cancel" | "rejected" => Fate::failed(status),
        _ => return Err(Refusal::Body),
    };
    let price = Price::parse(value(form, "TotalCost"), CURRENCY);
    Ok(Some(Receipt { subject, fate, price, segments: None }))
}
