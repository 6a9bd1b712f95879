//! Who may ask: the two ways for a back end to prove who it is, and the least that is asked.

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ringfence::otp::providers::sinch::signature::{SignatureFault, Signed};

use super::Shared;
use super::answer::ApiError;

/// The least that the application asks of a request, as the dashboard has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthLevel {
    Basic,
    Signed,
}

const X_TIMESTAMP: HeaderName = HeaderName::from_static("x-timestamp");

pub(super) fn check(
    fake: &Shared,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), ApiError> {
    let authorization = text(headers, &AUTHORIZATION);
    match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("basic") => basic(fake, token),
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("application") => {
            if !key.contains(':') {
                return Err(BELOW_LEVEL); // the public scheme, meant for devices
            }
            let request = Signed {
                method: method.as_str(),
                content_type: text(headers, &CONTENT_TYPE),
                timestamp: text(headers, &X_TIMESTAMP),
                path,
                body,
            };
            signed(fake, authorization, &request)
        }
        _ => Err(ApiError::new(401, 40100, "Authorization header is missing or malformed")),
    }
}

const BELOW_LEVEL: ApiError = ApiError::new(403, 40303, "Authorization requirement not met");

fn basic(fake: &Shared, token: &str) -> Result<(), ApiError> {
    let config = &fake.config;
    let pair = format!("{}:{}", config.app_key, config.app_secret);
    if token != STANDARD.encode(pair) {
        return Err(ApiError::new(401, 40108, "Invalid credentials"));
    }
    match config.min_auth {
        AuthLevel::Basic => Ok(()),
        AuthLevel::Signed => Err(BELOW_LEVEL),
    }
}

fn signed(fake: &Shared, authorization: &str, request: &Signed<'_>) -> Result<(), ApiError> {
    let config = &fake.config;
    let now = (config.clock)();
    fake.signing_key.verify(&config.app_key, authorization, request, now, config.max_skew).map_err(
        |fault| match fault {
            SignatureFault::Authorization => {
                ApiError::new(401, 40100, "Authorization header is missing or malformed")
            }
            SignatureFault::Key => ApiError::new(401, 40108, "Invalid credentials"),
            SignatureFault::Timestamp => ApiError::new(401, 40101, "Invalid timestamp header"),
            SignatureFault::Age => ApiError::new(401, 40105, "Request expired"),
            SignatureFault::Signature => ApiError::new(401, 40102, "Invalid Signature"),
        },
    )
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
