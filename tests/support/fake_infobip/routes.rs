//! The four paths, read strictly: path, query, method, content type and body must be right.
//!
//! Owns the order of things: count, wait, check credentials, misbehave if told so, act.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::Shared;
use super::answer::{self, ApiError};
use super::control;
use super::fake::{Cut, respond};
use super::mode::{Mode, Operation};

const PIN: &str = "/2fa/2/pin";
const APPLICATIONS: &str = "/2fa/2/applications";

/// Larger than any answer that a careful client reads.
const OVERSIZED_BYTES: usize = 65 * 1024;

/// The keys that the API knows in a start.
const START_KEYS: [&str; 6] =
    ["applicationId", "messageId", "to", "from", "placeholders", "trackDelivery"];

pub(super) fn router(fake: Arc<Shared>) -> Router {
    Router::new().merge(control::router()).fallback(serve).with_state(fake)
}

/// A request, taken apart.
struct Asked<'a> {
    path: Path<'a>,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

#[derive(Clone, Copy)]
enum Path<'a> {
    Text { lookup: bool },
    Voice,
    Verify { id: &'a str },
    Template { application: &'a str, message: &'a str },
}

async fn serve(
    State(fake): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(path) = Path::parse(&method, &uri) else {
        return refusal(&ApiError::not_found());
    };
    let operation = path.operation();
    fake.ledger.receive(operation);
    if !fake.config.delay.is_zero() {
        tokio::time::sleep(fake.config.delay).await;
    }
    if text(&headers, &AUTHORIZATION) != format!("App {}", fake.config.api_key) {
        return refusal(&ApiError::new(401, "UNAUTHORIZED", "Unauthorized"));
    }
    let mode = fake.modes.take(operation as usize);
    misbehave(&fake, &Asked { path, headers: &headers, body: &body }, mode, &cut).await
}

impl<'a> Path<'a> {
    fn parse(method: &Method, uri: &'a Uri) -> Option<Self> {
        if *method == Method::GET && uri.query().is_none() {
            let rest = uri.path().strip_prefix(APPLICATIONS)?.strip_prefix('/')?;
            let (application, message) = rest.split_once("/messages/")?;
            return Some(Self::Template { application, message });
        }
        let rest = uri.path().strip_prefix(PIN).filter(|_| *method == Method::POST)?;
        match (rest, uri.query()) {
            ("", None | Some("ncNeeded=true")) => Some(Self::Text { lookup: true }),
            ("", Some("ncNeeded=false")) => Some(Self::Text { lookup: false }),
            ("/voice", None) => Some(Self::Voice),
            (rest, None) => {
                let id = rest.strip_prefix('/')?.strip_suffix("/verify")?;
                (!id.is_empty() && !id.contains('/')).then_some(Self::Verify { id })
            }
            _ => None,
        }
    }

    const fn operation(self) -> Operation {
        match self {
            Self::Text { .. } | Self::Voice => Operation::Start,
            Self::Verify { .. } => Operation::Verify,
            Self::Template { .. } => Operation::Template,
        }
    }
}

async fn misbehave(fake: &Shared, asked: &Asked<'_>, mode: Mode, cut: &Cut) -> Response {
    match mode {
        Mode::Normal => by_the_book(fake, asked),
        Mode::Delay(delay) => {
            let response = by_the_book(fake, asked);
            tokio::time::sleep(delay).await;
            response
        }
        Mode::Close => {
            let response = by_the_book(fake, asked);
            cut.at_once();
            response
        }
        Mode::BrokenOff => {
            let response = by_the_book(fake, asked);
            cut.before_the_end();
            response
        }
        Mode::Truncated => spoilt(fake, asked, |body| {
            let text = body.to_string();
            text[..text.len() / 2].to_owned()
        }),
        Mode::Oversized => spoilt(fake, asked, |mut body| {
            body["padding"] = json!("x".repeat(OVERSIZED_BYTES));
            body.to_string()
        }),
        Mode::Error { http, code } => refusal(&ApiError::new(http, &code, "As it was told")),
        Mode::Json { http, body } => respond::json(http, &body),
        Mode::Html(http) => respond::web_page(http),
        Mode::Empty => respond::raw(200, "application/json", ""),
        Mode::Redirect(url) => respond::redirect(&url),
    }
}

fn by_the_book(fake: &Shared, asked: &Asked<'_>) -> Response {
    spoilt(fake, asked, |body| body.to_string())
}

/// Does what was asked, and answers a body that has been through `spoil`.
fn spoilt(fake: &Shared, asked: &Asked<'_>, spoil: impl FnOnce(Value) -> String) -> Response {
    let done = match asked.path {
        Path::Text { lookup } => start(fake, asked, "sms", lookup),
        Path::Voice => start(fake, asked, "voice", false),
        Path::Verify { id } => verify(fake, asked, id),
        Path::Template { application, message } => template(fake, application, message),
    };
    match done {
        Ok(body) => respond::raw(200, "application/json", spoil(body)),
        Err(error) => refusal(&error),
    }
}

fn refusal(error: &ApiError) -> Response {
    respond::json(error.http, &error.json())
}

fn start(
    fake: &Shared,
    asked: &Asked<'_>,
    channel: &'static str,
    lookup: bool,
) -> Result<Value, ApiError> {
    let body = read_json(asked, &START_KEYS)?;
    let config = &fake.config;
    if required(&body, "applicationId")? != config.application_id {
        return Err(ApiError::not_found());
    }
    if required(&body, "messageId")? != config.message_id {
        return Err(ApiError::not_found());
    }
    let to = required(&body, "to")?;
    if !(7..=15).contains(&to.len()) || !to.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ApiError::bad_request("to", "must be a phone number in international format"));
    }
    let sent = fake.ledger.start(to, channel, lookup, (config.clock)());
    if let Some(on_sent) = &config.on_sent {
        on_sent(&sent);
    }
    Ok(answer::started(&sent, lookup))
}

fn verify(fake: &Shared, asked: &Asked<'_>, id: &str) -> Result<Value, ApiError> {
    let body = read_json(asked, &["pin"])?;
    let code = required(&body, "pin")?;
    let now = (fake.config.clock)();
    let (number, judgement) = fake.ledger.verify(id, code, now).ok_or_else(ApiError::not_found)?;
    Ok(answer::verified(id, &number, judgement))
}

fn template(fake: &Shared, application: &str, message: &str) -> Result<Value, ApiError> {
    let config = &fake.config;
    if (application, message) != (config.application_id.as_str(), config.message_id.as_str()) {
        return Err(ApiError::not_found());
    }
    Ok(json!({
        "messageId": message, "applicationId": application, "messageText": "Your pin is {{pin}}",
        "pinPlaceholder": "{{pin}}", "pinType": "NUMERIC", "pinLength": 6,
    }))
}

fn read_json(asked: &Asked<'_>, keys: &[&str]) -> Result<Map<String, Value>, ApiError> {
    let media_type = text(asked.headers, &CONTENT_TYPE).split(';').next().unwrap_or_default();
    if media_type.trim() != "application/json" {
        return Err(ApiError::bad_request("body", "must be JSON"));
    }
    let body: Map<String, Value> = serde_json::from_slice(asked.body)
        .map_err(|_| ApiError::bad_request("body", "must be JSON"))?;
    if body.keys().any(|key| !keys.contains(&key.as_str())) {
        return Err(ApiError::bad_request("body", "must not have unknown keys"));
    }
    Ok(body)
}

fn required<'a>(body: &'a Map<String, Value>, key: &'static str) -> Result<&'a str, ApiError> {
    let text = body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or(ApiError::bad_request(key, "must not be empty"))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
