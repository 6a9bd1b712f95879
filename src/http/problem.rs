//! A problem document (RFC 9457): what the client is told, and the cause that only the log is told.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde::Serialize;
use serde_json::{Map, Value};

use super::fields::FieldError;
use super::kind::Kind;

/// How old the login behind a token may be where [`Kind::StepUpRequired`] is the refusal: the `max_age`
/// of RFC 9470.
pub const STEP_UP_MAX_AGE: TimeDelta = TimeDelta::minutes(15);
const PLAIN_CHALLENGE: &str = r#"Bearer realm="ringfence""#;

/// An answer that refuses. Rendered by the outermost layer, which knows the request's id.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    members: Map<String, Value>,
    retry_after: Option<u64>,
    cause: Option<Arc<anyhow::Error>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

impl Problem {
    /// A problem with the words of its kind.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            detail: Cow::Borrowed(kind.entry().title),
            errors: Vec::new(),
            members: Map::new(),
            retry_after: None,
            cause: None,
        }
    }

    /// Something broke here. The client learns nothing of it, the log everything.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(Kind::InternalError).caused_by(cause)
    }

    /// What is wrong with the fields of the request, all of them at once.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Kind::ValidationFailed) }
    }

    /// Words for this occurrence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Another member of the document.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// When to come back, in seconds: the member `retryAfter` and the header `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self.with("retryAfter", seconds)
    }

    /// For the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(Arc::new(cause.into()));
        self
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The words for this occurrence.
    pub fn words(&self) -> &str {
        &self.detail
    }

    /// The word that a member of the document is, where it is one; empty where it is not. Words of ours
    /// are of letters: whatever else somebody puts there is no label of a metric.
    pub fn member(&self, name: &str) -> &str {
        let word = self.members.get(name).and_then(Value::as_str).unwrap_or_default();
        let of_a_word = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        if word.bytes().all(of_a_word) { word } else { "" }
    }

    /// When to come back, in seconds.
    pub fn seconds_to_wait(&self) -> Option<u64> {
        self.retry_after
    }

    /// What broke, with all its causes.
    pub fn cause(&self) -> Option<&anyhow::Error> {
        self.cause.as_deref()
    }

    /// The finished document.
    pub(super) fn render(&self, request_id: &str) -> Vec<u8> {
        let entry = self.kind.entry();
        let document = Document {
            r#type: format!("/docs#error-{}", entry.code),
            title: entry.title,
            status: entry.status.as_u16(),
            detail: &self.detail,
            code: entry.code,
            request_id,
            errors: &self.errors,
            members: &self.members,
        };
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if is_outage(&error) {
            return Self::new(Kind::DatabaseUnavailable).retry_after(5).caused_by(error);
        }
        Self::internal(error)
    }
}

/// Whether the database is away or too busy, which is no fault of the request: no connection came
/// free or could be made, or the SQLSTATE is of the classes 08 (connection), 28 (it no longer lets us in), 53
/// (resources) or 57P (the server is going down or coming up).
fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|state| {
            ["08", "28", "53", "57P"].iter().any(|class| state.starts_with(class))
        }),
        _ => false,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.kind.entry().status;
        let mut response = status.into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, challenge(self.kind));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// RFC 6750, 3: a request that brought no token is told no error. RFC 9470, 3: one whose login is too
/// long ago, or was without a code, is told how fresh it must be.
fn challenge(kind: Kind) -> HeaderValue {
    match kind {
        Kind::TokenInvalid => {
            HeaderValue::from_static(r#"Bearer realm="ringfence", error="invalid_token""#)
        }
        Kind::StepUpRequired => step_up_challenge(),
        Kind::ClientInvalid => {
            HeaderValue::from_static(r#"Basic realm="ringfence", charset="UTF-8""#)
        }
        _ => HeaderValue::from_static(PLAIN_CHALLENGE),
    }
}

fn step_up_challenge() -> HeaderValue {
    let error = "insufficient_user_authentication";
    let words = "A fresh login with a code is required";
    let max_age = STEP_UP_MAX_AGE.num_seconds();
    let challenge = format!(
        r#"{PLAIN_CHALLENGE}, error="{error}", error_description="{words}", max_age="{max_age}""#
    );
    HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static(PLAIN_CHALLENGE))
}
