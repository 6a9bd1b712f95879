//! The way out: the HTTP client that all providers share, and one bounded exchange over it.
//!
//! Owns the time-outs, the bound on an answer's size, and the distinction between a request that
//! never left and one whose fate is unknown. Never follows a redirect, and repeats nothing unless
//! asked to: whether a request may be sent twice is for the adapter to say.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, redirect, retry};
use serde::Deserialize;
use tokio::time::Instant;

use super::failure::{FailureKind, ProviderFailure};
use super::redaction::redact;

/// How long a connection, with its TLS handshake, may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long one call to a provider may take, its retry and follow-up question included.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(8);

/// The largest answer that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// An idle connection is given up before usual servers and balancers do so (60 s and more), since
/// a request that meets a closing connection has an unknown outcome.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(20);

const USER_AGENT: &str = concat!("ringfence/", env!("CARGO_PKG_VERSION"));

/// The client for all providers; made once, cloned freely.
///
/// It uses no proxy, whatever the environment says, and follows no redirect, so that credentials
/// go to the configured host and nowhere else.
pub fn http_client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .build()
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    #[cfg_attr(
        not(feature = "aws"),
        expect(dead_code, reason = "the SDK of AWS alone reads them")
    )]
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Whether the status says that what was asked for was done.
    pub(super) fn is_success(&self) -> bool {
        (200..=299).contains(&self.status)
    }

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

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    /// Nothing has left.
    #[error("the request could not be sent")]
    NotSent(#[source] reqwest::Error),
    /// The connection broke before the first byte of an answer.
    #[error("the connection was lost before an answer came")]
    NoAnswer(#[source] reqwest::Error),
    /// The time ran out.
    #[error("no answer came in time")]
    TimedOut(#[source] reqwest::Error),
    /// The connection broke in the middle of the answer.
    #[error("the answer broke off")]
    BrokenOff(#[source] reqwest::Error),
    /// The answer is larger than [`MAX_BODY_BYTES`].
    #[error("the answer is too large")]
    TooLarge,
}

/// Sends `request` once and reads the answer, all before `deadline`.
pub(super) async fn exchange(
    request: RequestBuilder,
    deadline: Instant,
) -> Result<Answer, ExchangeError> {
    let left = deadline.saturating_duration_since(Instant::now());
    let mut response = request.timeout(left).send().await.map_err(before_answer)?;
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(within_answer)? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(ExchangeError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body })
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

fn before_answer(error: reqwest::Error) -> ExchangeError {
    // The URL may carry a phone number with some provider; it is not needed to read the cause.
    let error = error.without_url();
    if error.is_connect() || error.is_builder() {
        ExchangeError::NotSent(error)
    } else if error.is_timeout() {
        ExchangeError::TimedOut(error)
    } else {
        ExchangeError::NoAnswer(error)
    }
}

fn within_answer(error: reqwest::Error) -> ExchangeError {
    let error = error.without_url();
    if error.is_timeout() {
        ExchangeError::TimedOut(error)
    } else {
        ExchangeError::BrokenOff(error)
    }
}
