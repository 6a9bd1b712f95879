//! What the way out comes to for an adapter: failures of a provider, and requests that may go twice.
//!
//! The way out itself is [`crate::foundation::outbound`].

use reqwest::RequestBuilder;
use serde::Deserialize;
use tokio::time::Instant;

pub(super) use crate::foundation::outbound::{Answer, ExchangeError, TOTAL_TIMEOUT, exchange};

use super::failure::{FailureKind, ProviderFailure};
use super::redaction::redact;

impl Answer {
    /// Reads the body as JSON. `private` is what must not be quoted; the reader's own words may
    /// quote the body, and are redacted, hence no source.
    pub(super) fn read<'a, T: Deserialize<'a>>(
        &'a self,
        provider: &'static str,
        private: &[&str],
    ) -> Result<T, ProviderFailure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let detail = format!("the answer is not the api's: {error}");
            ProviderFailure::new(provider, FailureKind::Malformed)
                .with_status(self.status)
                .with_detail(redact(&detail, private))
        })
    }
}

/// As [`exchange`], but a request that failed before any answer is sent a second time, prepared
/// anew. Only for requests that may reach the provider twice.
pub(super) async fn exchange_again(
    prepare: impl Fn() -> RequestBuilder,
    deadline: Instant,
) -> Result<Answer, ExchangeError> {
    match exchange(prepare(), deadline).await {
        Err(ExchangeError::NotSent(_) | ExchangeError::NoAnswer(_))
            if Instant::now() < deadline =>
        {
            exchange(prepare(), deadline).await
        }
        settled => settled,
    }
}

impl ExchangeError {
    /// What it means that no whole answer came.
    pub(super) fn into_failure(self, provider: &'static str) -> ProviderFailure {
        let kind = match self {
            Self::NotSent(_) => FailureKind::NotSent,
            Self::TooLarge => FailureKind::Malformed,
            Self::NoAnswer(_) | Self::TimedOut(_) | Self::BrokenOff(_) => {
                FailureKind::OutcomeUnknown
            }
        };
        ProviderFailure::new(provider, kind).with_source(self)
    }
}
