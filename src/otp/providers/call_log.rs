//! The one log line that every call to a provider leaves behind.
//!
//! Owns the names of its fields: `provider`, `operation`, `outcome`, `reason`, `http_status`,
//! `error_code`, `detail`, `latency_ms`. Never sees a phone number, a code or a secret.

use std::error::Error;

use tokio::time::Instant;

use super::failure::ProviderFailure;
use super::hosted::Reason;
use super::redaction::redact;

/// A call under way.
pub(super) struct Call {
    provider: &'static str,
    operation: &'static str,
    begun: Instant,
}

/// What there is to say about a call that was answered.
#[derive(Default)]
pub(super) struct Line<'a> {
    pub(super) outcome: &'static str,
    pub(super) reason: Option<&'static str>,
    pub(super) http_status: Option<u16>,
    pub(super) error_code: Option<&'a str>,
    pub(super) detail: Option<&'a str>,
}

/// Emits `$line` at the level of `$emit`: levels must be known when the program is compiled.
macro_rules! emit {
    ($emit:ident, $call:expr, $line:expr) => {
        tracing::$emit!(
            provider = $call.provider,
            operation = $call.operation,
            outcome = $line.outcome,
            reason = $line.reason,
            http_status = $line.http_status,
            error_code = $line.error_code,
            detail = $line.detail,
            latency_ms = u64::try_from($call.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            "provider call"
        )
    };
}

impl Call {
    pub(super) fn begin(provider: &'static str, operation: &'static str) -> Self {
        Self { provider, operation, begun: Instant::now() }
    }

    /// An answer that belongs to the day's work.
    pub(super) fn answered(&self, line: &Line<'_>) {
        emit!(info, self, line);
    }

    /// An answer that somebody should look at.
    pub(super) fn puzzled(&self, line: &Line<'_>) {
        emit!(warn, self, line);
    }

    /// A failure; at level `error` where only an operator can mend it.
    pub(super) fn failed(&self, failure: &ProviderFailure) {
        let kind = failure.kind();
        let cause = causes(failure);
        let line = Line {
            outcome: kind.as_str(),
            reason: kind.reason().map(Reason::as_str),
            http_status: failure.http_status(),
            error_code: failure.error_code(),
            detail: failure.detail().or(cause.as_deref()),
        };
        if kind.needs_operator() {
            emit!(error, self, line);
        } else {
            emit!(warn, self, line);
        }
    }
}

/// The chain of causes on one line.
fn causes(failure: &ProviderFailure) -> Option<String> {
    let mut cause = failure.source()?;
    let mut line = cause.to_string();
    while let Some(deeper) = cause.source() {
        line.push_str(": ");
        line.push_str(&deeper.to_string());
        cause = deeper;
    }
    Some(redact(&line, &[]))
}
