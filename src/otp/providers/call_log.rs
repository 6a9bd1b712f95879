//! The one log line that every call to a provider leaves behind, with its metric and its span.
//!
//! Owns the names of its fields: `provider`, `operation`, `outcome`, `reason`, `http_status`,
//! `error_code`, `detail`, `latency_ms`. Never sees a phone number, a code or a secret.

use std::error::Error;

use tokio::time::Instant;
use tracing::{Span, field};

use crate::foundation::Metric;

use super::failure::ProviderFailure;
use super::hosted::{Finding, Reason};
use super::redaction::redact;

/// A call under way.
pub(super) struct Call {
    provider: &'static str,
    operation: &'static str,
    begun: Instant,
    /// For traces; ends with the call. The log line stays in the span of the request.
    span: Span,
}

/// What there is to say about a call that was answered.
#[derive(Default)]
struct Line<'a> {
    outcome: &'static str,
    reason: Option<&'static str>,
    http_status: Option<u16>,
    error_code: Option<&'a str>,
    detail: Option<&'a str>,
}

/// Emits `$line` at the level of `$emit`: levels must be known when the program is compiled.
macro_rules! emit {
    ($emit:ident, $call:expr, $line:expr) => {
        $call.measure(&$line);
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
        // At the highest level, so that the span is there whatever `LOG_LEVEL` leaves out.
        let span = tracing::error_span!(
            "provider_call",
            provider,
            operation,
            outcome = field::Empty,
            http_status = field::Empty
        );
        Self { provider, operation, begun: Instant::now(), span }
    }

    fn measure(&self, line: &Line<'_>) {
        let labels = [self.provider, self.operation, line.outcome];
        Metric::ProviderCallDuration.observe(&labels, self.begun.elapsed());
        self.span.record("outcome", line.outcome);
        if let Some(status) = line.http_status {
            self.span.record("http_status", status);
        }
    }

    /// An answer to a probe, by its status.
    pub(super) fn probed(
        &self,
        probed: Result<u16, ProviderFailure>,
    ) -> Result<(), ProviderFailure> {
        match probed {
            Ok(http_status) => {
                self.answered("accepted", http_status);
                Ok(())
            }
            Err(failure) => {
                self.failed(&failure);
                Err(failure)
            }
        }
    }

    /// An answer that says no more than its outcome.
    pub(super) fn answered(&self, outcome: &'static str, http_status: u16) {
        let line = Line { outcome, http_status: Some(http_status), ..Line::default() };
        emit!(info, self, line);
    }

    /// A message that was taken over; at level `warn` where the provider spoke of an error all the
    /// same.
    pub(super) fn accepted(&self, http_status: u16, detail: Option<&str>, is_odd: bool) {
        let line =
            Line { outcome: "accepted", http_status: Some(http_status), detail, ..Line::default() };
        if is_odd {
            emit!(warn, self, line);
        } else {
            emit!(info, self, line);
        }
    }

    /// A judgement on a code; at level `warn` where the provider used words that are not on its
    /// published list, so that somebody looks at them.
    pub(super) fn judged(&self, finding: &Finding) {
        let line = Line {
            outcome: finding.verdict.as_str(),
            reason: finding.verdict.reason().map(Reason::as_str),
            http_status: finding.http_status,
            error_code: finding.error_code.as_deref(),
            detail: finding.detail.as_deref(),
        };
        if line.detail.is_some() {
            emit!(warn, self, line);
        } else {
            emit!(info, self, line);
        }
    }

    /// A failure; at level `error` where only an operator can mend it.
    pub(super) fn failed(&self, failure: &ProviderFailure) {
        let cause = causes(failure);
        let line = Line::of(failure, cause.as_deref());
        if failure.kind().needs_operator() {
            emit!(error, self, line);
        } else {
            emit!(warn, self, line);
        }
    }

    /// A failure that nothing depends on, since what was to be done is done all the same.
    #[cfg(feature = "aws")]
    pub(super) fn passed_over(&self, failure: &ProviderFailure) {
        let cause = causes(failure);
        let line = Line::of(failure, cause.as_deref());
        emit!(debug, self, line);
    }
}

impl<'a> Line<'a> {
    fn of(failure: &'a ProviderFailure, cause: Option<&'a str>) -> Self {
        let kind = failure.kind();
        Self {
            outcome: kind.as_str(),
            reason: kind.reason().map(Reason::as_str),
            http_status: failure.http_status(),
            error_code: failure.error_code(),
            detail: failure.detail().or(cause),
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
