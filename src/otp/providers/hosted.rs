//! What a hosted verification is: the port to providers that make and judge the code themselves, and
//! the words in which every one of them is understood.
//!
//! Owns the closed lists of verdicts and reasons. Never decides what a user is told.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::failure::ProviderFailure;
use crate::otp::{Addressee, AppHash, Channel};

/// A provider that makes, carries and judges the code.
#[async_trait]
pub trait HostedVerifier: fmt::Debug + Send + Sync {
    /// Its name in `VERIFICATION_PROVIDER`, in the log and in the database.
    fn name(&self) -> &'static str;

    /// Asks whether the provider can be reached and takes our credentials. Sends nothing and costs
    /// nothing.
    async fn probe(&self, now: DateTime<Utc>) -> Result<(), ProviderFailure>;

    /// Has the provider make a code and send it to `to_e164`. Never sent twice.
    ///
    /// `reference` is ours for this start, 1 to 128 characters of `[A-Za-z0-9_-]`. Of `wording` a
    /// provider takes as much as it has a place for.
    async fn start(
        &self,
        now: DateTime<Utc>,
        to_e164: &str,
        channel: Channel,
        reference: &str,
        wording: &Wording<'_>,
    ) -> Result<Started, ProviderFailure>;

    /// Has the provider judge `code` for the verification `reference_id` that went out by `channel`.
    ///
    /// Every outcome but [`Verdict::Approved`] means that the code does not count.
    async fn check(
        &self,
        now: DateTime<Utc>,
        reference_id: &str,
        channel: Channel,
        code: &str,
    ) -> Result<Verdict, ProviderFailure>;
}

/// What stands in the place of the code in a text for a provider that makes the code.
pub const CODE_PLACEHOLDER: &str = "{{CODE}}";

/// How we would like a message to be worded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wording<'a> {
    /// The languages of its reader, in the form of an `Accept-Language` header.
    pub languages: Option<&'a str>,
    /// Our own text, with [`CODE_PLACEHOLDER`] where the code belongs.
    pub text: Option<&'a str>,
    /// The Android app that waits for the text.
    pub app_hash: Option<&'a AppHash>,
}

impl<'a> Wording<'a> {
    /// For `addressee`, who would get `text` from us.
    pub fn new(addressee: &'a Addressee, text: &'a str) -> Self {
        let Addressee { languages, app_hash, .. } = addressee;
        Self { languages: languages.as_deref(), text: Some(text), app_hash: app_hash.as_ref() }
    }

    /// Nothing but languages.
    pub const fn in_languages(languages: &'a str) -> Self {
        Self { languages: Some(languages), text: None, app_hash: None }
    }
}

/// A verification that a provider has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The provider's handle. At most 128 characters of `[A-Za-z0-9_-]`, so it can stand in a
    /// path. To be kept with the challenge; a code is checked against it.
    pub reference_id: String,
}

/// A provider's judgement on one code. Only [`Verdict::Approved`] lets anybody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The provider said in so many words that the code was right.
    Approved,
    /// The code was wrong; as far as is known another may be tried on the same verification.
    WrongCode,
    /// The code was wrong and that ended the verification: only a new code can help.
    Burnt,
    /// The code has grown too old.
    Expired,
    /// A newer verification of the same number has taken this one's place.
    Aborted,
    /// The provider, or the account's own rules there, refused the verification.
    Denied(Reason),
    /// Nothing is decided yet.
    Pending,
    /// The verification ended without a code having been judged.
    Failed(Reason),
    /// The provider does not know the verification, or no longer.
    NotFound,
    /// The provider answered something that is not on its published list.
    Unrecognised,
}

impl Verdict {
    /// A stable name for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::WrongCode => "wrong_code",
            Self::Burnt => "burnt",
            Self::Expired => "expired",
            Self::Aborted => "aborted",
            Self::Denied(_) => "denied",
            Self::Pending => "pending",
            Self::Failed(_) => "failed",
            Self::NotFound => "not_found",
            Self::Unrecognised => "unrecognised",
        }
    }

    /// Why, where the provider gave a reason that the verdict's name does not already tell.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Denied(reason) | Self::Failed(reason) => Some(reason),
            _ => None,
        }
    }
}

/// A verdict, with what the log should know about the answer behind it.
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    pub(super) http_status: Option<u16>,
    pub(super) error_code: Option<String>,
    /// The provider's own words, redacted, where they are not on its published list.
    pub(super) detail: Option<String>,
}

impl Finding {
    /// A verdict that needed no answer.
    pub(super) const fn unasked(verdict: Verdict) -> Self {
        Self { verdict, http_status: None, error_code: None, detail: None }
    }
}

/// Why a provider refused a verification or could not carry it through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Taken for fraud.
    Fraud,
    /// The account has no credit left.
    NoCredit,
    /// The number is blocked.
    Blocked,
    /// The account does not send to this destination.
    DestinationDenied,
    /// Our own webhook said no.
    DeniedByCallback,
    /// Our own webhook answered nothing that could be understood.
    InvalidCallback,
    /// The provider broke down.
    InternalError,
    /// The network failed, or the number cannot be reached.
    Unreachable,
    /// The text message could not be delivered.
    DeliveryFailure,
    /// The caller's number did not match.
    InvalidCaller,
    /// The person hung up without entering a code.
    HungUp,
    /// The verification ran out while it was pending.
    FailedPending,
    /// The provider gave no reason, or one that is not on its published list.
    Other,
}

impl Reason {
    /// A stable name for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fraud => "fraud",
            Self::NoCredit => "no_credit",
            Self::Blocked => "blocked",
            Self::DestinationDenied => "destination_denied",
            Self::DeniedByCallback => "denied_by_callback",
            Self::InvalidCallback => "invalid_callback",
            Self::InternalError => "internal_error",
            Self::Unreachable => "unreachable",
            Self::DeliveryFailure => "delivery_failure",
            Self::InvalidCaller => "invalid_caller",
            Self::HungUp => "hung_up",
            Self::FailedPending => "failed_pending",
            Self::Other => "other",
        }
    }
}
