//! What carriers send to us: a request as it came, what it says, and why it is not believed.
//!
//! Owns the list of carriers that call back. Each adapter has the reading of its own callbacks; none
//! of them asks the database.

use chrono::{DateTime, Utc};
use reqwest::Url;
use reqwest::header::HeaderMap;

use super::receipt::Receipt;
use super::{infobip, plivo, sinch};
use crate::otp::Channel;

/// A request of a carrier, unread.
#[derive(Clone, Copy, Debug)]
pub struct Callback<'a> {
    /// Its method: Sinch's signatures cover it.
    pub method: &'a str,
    /// Scheme, host and path as the carrier knows them, with the query: signatures cover it.
    pub url: &'a Url,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The raw body.
    pub body: &'a [u8],
}

/// What a callback says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// What became of messages; none where it tells nothing that we keep.
    Receipts(Vec<Receipt>),
    /// May this verification be sent?
    MaySend(Intended),
}

/// A verification that a provider is about to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intended {
    /// The reference that we gave, if any.
    pub reference: String,
    /// Where it goes, as the provider wrote it.
    pub number: String,
    /// By which way; `None` for one that we never ask for.
    pub channel: Option<Channel>,
}

/// Why a callback is not believed. For the log; the sender is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// See [`sinch::signature::SignatureFault`].
    #[error("the signature is not believed")]
    Sinch(#[from] sinch::signature::SignatureFault),
    /// No signature of the kind that this callback must have fits.
    #[error("no signature fits the request")]
    Signature,
    /// Signed, where it has to be, but not what the carrier is known to send.
    #[error("the body is not one of the carrier's")]
    Body,
}

/// One carrier that calls back.
#[derive(Clone, Debug)]
pub enum Receiver {
    /// Signs everything.
    Sinch(Box<sinch::Callbacks>),
    /// Signs everything, reports of messages less well than calls.
    Plivo(plivo::Callbacks),
    /// Signs nothing: only the secret path protects it.
    Infobip,
}

impl Receiver {
    /// Its name in `VERIFICATION_PROVIDER` and in the path.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sinch(_) => sinch::NAME,
            Self::Plivo(_) => plivo::NAME,
            Self::Infobip => infobip::NAME,
        }
    }

    /// Verifies and reads a callback.
    pub fn read(&self, callback: &Callback<'_>, now: DateTime<Utc>) -> Result<Event, Refusal> {
        match self {
            Self::Sinch(callbacks) => callbacks.read(callback, now),
            Self::Plivo(callbacks) => callbacks.read(callback),
            Self::Infobip => infobip::read_report(callback.body),
        }
    }
}

/// A header as text; empty where it is missing or not ASCII.
pub(super) fn header<'a>(callback: &Callback<'a>, name: &str) -> &'a str {
    callback.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
