//! How asking a provider can fail, in the same words for every provider.
//!
//! Owns two questions on which money and safety hang: may a message have gone out all the same,
//! and may another provider be asked instead. Never holds a phone number, a code or a secret.

use std::error::Error;
use std::fmt;

use super::hosted::Reason;

/// The kinds of failure that a caller, an operator or the ledger treats differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The phone number cannot be served. The user can mend this.
    InvalidNumber,
    /// Our credentials or our set-up at the provider are wrong. An operator must mend this.
    Configuration,
    /// The account cannot pay. An operator must mend this.
    Billing,
    /// Too much has gone to this destination lately.
    Velocity,
    /// The provider's fraud control, or a rule of the account, refused the destination.
    Refused(Reason),
    /// The provider is taking no more requests from us for now.
    Capacity,
    /// The provider says that it has failed.
    Unavailable,
    /// The request collides with another one.
    Conflict,
    /// The answer is not one that the provider's API gives.
    Malformed,
    /// No connection came about: the provider has received nothing.
    NotSent,
    /// The request went out and no whole answer came back.
    OutcomeUnknown,
}

impl FailureKind {
    /// A stable name for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidNumber => "invalid_number",
            Self::Configuration => "configuration",
            Self::Billing => "billing",
            Self::Velocity => "velocity",
            Self::Refused(_) => "refused",
            Self::Capacity => "capacity",
            Self::Unavailable => "unavailable",
            Self::Conflict => "conflict",
            Self::Malformed => "malformed",
            Self::NotSent => "not_sent",
            Self::OutcomeUnknown => "outcome_unknown",
        }
    }

    /// Whether the user may get a message, and the account a charge, in spite of the failure.
    ///
    /// In doubt the answer is yes, so that the caps and the budget count too much, never too
    /// little.
    pub const fn may_have_sent(self) -> bool {
        match self {
            Self::Unavailable | Self::Conflict | Self::Malformed | Self::OutcomeUnknown => true,
            Self::InvalidNumber
            | Self::Configuration
            | Self::Billing
            | Self::Velocity
            | Self::Refused(_)
            | Self::Capacity
            | Self::NotSent => false,
        }
    }

    /// Whether the same send may be given to another provider at once.
    ///
    /// Yes where this provider is out of order or not at our service. No where it has judged the
    /// destination (another provider would then serve to get round its fraud control), where the
    /// number itself is wrong, and where we cannot tell what became of the request: the user
    /// would get two codes, of which one works.
    pub const fn may_fail_over(self) -> bool {
        match self {
            Self::Configuration
            | Self::Billing
            | Self::Capacity
            | Self::Unavailable
            | Self::NotSent => true,
            Self::InvalidNumber
            | Self::Velocity
            | Self::Refused(_)
            | Self::Conflict
            | Self::Malformed
            | Self::OutcomeUnknown => false,
        }
    }

    /// Why the destination was refused, where it was.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Refused(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether nobody but an operator can mend this, so that the log line deserves to wake one.
    pub const fn needs_operator(self) -> bool {
        matches!(self, Self::Configuration | Self::Billing)
    }
}

/// One failed call to a provider.
#[derive(Debug, thiserror::Error)]
pub struct ProviderFailure {
    provider: &'static str,
    kind: FailureKind,
    http_status: Option<u16>,
    error_code: Option<String>,
    detail: Option<String>,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ProviderFailure {
    pub(in crate::otp) const fn new(provider: &'static str, kind: FailureKind) -> Self {
        Self { provider, kind, http_status: None, error_code: None, detail: None, source: None }
    }

    pub(super) const fn with_status(mut self, http_status: u16) -> Self {
        self.http_status = Some(http_status);
        self
    }

    pub(super) fn with_code(mut self, error_code: Option<String>) -> Self {
        self.error_code = error_code;
        self
    }

    /// `detail` must have been through [`super::redaction`] if any of it came from outside.
    pub(super) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub(super) fn with_source(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The provider that was asked, by its name in `VERIFICATION_PROVIDER`.
    pub const fn provider(&self) -> &'static str {
        self.provider
    }

    /// What went wrong.
    pub const fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The HTTP status of the answer, where one came.
    pub const fn http_status(&self) -> Option<u16> {
        self.http_status
    }

    /// The provider's own code for the error, where it gave one.
    pub fn error_code(&self) -> Option<&str> {
        self.error_code.as_deref()
    }

    /// The provider's words, shortened and with numbers blotted out. For the log, never for users.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// See [`FailureKind::may_have_sent`].
    pub const fn may_have_sent(&self) -> bool {
        self.kind.may_have_sent()
    }

    /// See [`FailureKind::may_fail_over`].
    pub const fn may_fail_over(&self) -> bool {
        self.kind.may_fail_over()
    }
}

impl fmt::Display for ProviderFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.provider, self.kind.as_str())?;
        if let Some(reason) = self.kind.reason() {
            write!(f, " ({})", reason.as_str())?;
        }
        if let Some(status) = self.http_status {
            write!(f, ", http {status}")?;
        }
        if let Some(code) = &self.error_code {
            write!(f, ", code {code}")?;
        }
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}
