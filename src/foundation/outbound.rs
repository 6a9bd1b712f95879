//! The way out: the HTTP client that all who ask others share, and one bounded exchange over it.
//!
//! Owns the time-outs, the bound on an answer's size, the distinction between a request that never left
//! and one whose fate is unknown, and what a base URL must be. Never follows a redirect, and repeats
//! nothing: whether a request may be sent twice is for its sender to say.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, Url, redirect, retry};
use tokio::time::Instant;

/// How long a connection, with its TLS handshake, may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long one call may take, its retry and follow-up question included.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(8);

/// The largest answer that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// An idle connection is given up before usual servers and balancers do so (60 s and more), since
/// a request that meets a closing connection has an unknown outcome.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(20);

const USER_AGENT: &str = concat!("ringfence/", env!("CARGO_PKG_VERSION"));

/// The client; made once, cloned freely.
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
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// At most [`MAX_BODY_BYTES`].
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether the status says that what was asked for was done.
    pub fn is_success(&self) -> bool {
        (200..=299).contains(&self.status)
    }
}

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
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
pub async fn exchange(request: RequestBuilder, deadline: Instant) -> Result<Answer, ExchangeError> {
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

fn before_answer(error: reqwest::Error) -> ExchangeError {
    // The URL may carry a phone number with some carrier; it is not needed to read the cause.
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

/// Whether `url` is `http(s)://host[:port]` and no more: the path is ours.
pub fn names_a_host_only(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}

/// Whether nobody on the way to `url` can read what is sent there: by TLS, or because the way does
/// not leave this machine.
pub fn keeps_secrets(url: &Url) -> bool {
    url.scheme() == "https" || is_this_machine(url)
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
