//! Sinch's callbacks: verified over the raw body, then read.
//!
//! Owns the names of the events. Never answers one: whether a verification may be sent is for
//! `otp/receive.rs`. Fixtures: sinch-sdk-java, `domains/verification/v1/sinchevents`.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::settings::{SinchSettings, SinchSetupError};
use super::signature::{Signed, SigningKey};
use crate::otp::Channel;
use crate::otp::providers::callback::{Callback, Event, Intended, Refusal, header};
use crate::otp::providers::preflight::is_plain_id;
use crate::otp::providers::receipt::{Fate, Receipt, Subject};

/// How old a callback may be. Sinch publishes no figure; its SDKs do not look at the age at all.
const MAX_AGE: TimeDelta = TimeDelta::minutes(5);

/// What callbacks of one application are verified with.
#[derive(Clone)]
pub struct Callbacks {
    app_key: String,
    key: SigningKey,
}

#[derive(Deserialize)]
struct Body {
    id: String,
    event: String,
    method: Option<String>,
    identity: Option<Identity>,
    reference: Option<String>,
    status: Option<String>,
    reason: Option<String>,
    #[serde(rename = "smsResult")]
    sms_result: Option<String>,
}

#[derive(Deserialize)]
struct Identity {
    endpoint: String,
}

impl Callbacks {
    /// With the credentials of `settings`: callbacks are signed whatever `SINCH_AUTH` says.
    pub fn new(settings: &SinchSettings) -> Result<Self, SinchSetupError> {
        let key = SigningKey::decode(&settings.app_secret)?;
        Ok(Self { app_key: settings.app_key.clone(), key })
    }

    pub(in crate::otp::providers) fn read(
        &self,
        callback: &Callback<'_>,
        now: DateTime<Utc>,
    ) -> Result<Event, Refusal> {
        let signed = Signed {
            method: callback.method,
            content_type: header(callback, "content-type"),
            timestamp: header(callback, "x-timestamp"),
            path: callback.url.path(),
            body: callback.body,
        };
        let authorization = header(callback, "authorization");
        self.key.verify(&self.app_key, authorization, &signed, now, MAX_AGE)?;
        let body: Body = serde_json::from_slice(callback.body).map_err(|_| Refusal::Body)?;
        body.event()
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callbacks(…)")
    }
}

impl Body {
    fn event(self) -> Result<Event, Refusal> {
        if self.event == "VerificationRequestEvent" {
            let channel = match self.method.as_deref() {
                Some("sms") => Some(Channel::Sms),
                Some("callout") => Some(Channel::Call),
                _ => None,
            };
            let number = self.identity.ok_or(Refusal::Body)?.endpoint;
            let reference = self.reference.unwrap_or_default();
            return Ok(Event::MaySend(Intended { reference, number, channel }));
        }
        let fate = self.fate();
        let subject = match self.reference.filter(|reference| is_plain_id(reference)) {
            Some(reference) => Subject::OurReference(reference),
            None if is_plain_id(&self.id) => Subject::ProviderReference(self.id),
            None => return Err(Refusal::Body),
        };
        let receipt = fate.map(|fate| Receipt { subject, fate, price: None, segments: None });
        Ok(Event::Receipts(receipt.into_iter().collect()))
    }

    /// A wrong code, or one that came too late, says nothing of the message: no fate.
    fn fate(&self) -> Option<Fate> {
        let is = |word: &Option<String>, wanted: &str| {
            word.as_ref().is_some_and(|word| word.eq_ignore_ascii_case(wanted))
        };
        let reason = || Fate::failed(self.reason.as_deref().unwrap_or_default());
        match self.event.as_str() {
            "VerificationSmsDeliveredEvent" if is(&self.sms_result, "Successful") => {
                Some(Fate::Delivered)
            }
            "VerificationSmsDeliveredEvent" if is(&self.sms_result, "Failed") => Some(reason()),
            // The code can only have been read off the message.
            "VerificationResultEvent" if is(&self.status, "SUCCESSFUL") => Some(Fate::Delivered),
            "VerificationResultEvent" if is(&self.status, "DENIED") => Some(reason()),
            "VerificationResultEvent" if is(&self.status, "ERROR") => Some(reason()),
            _ => None,
        }
    }
}
