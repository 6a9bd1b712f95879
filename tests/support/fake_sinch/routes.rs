//! The three operations, read strictly: path, method, content type and body must be right.
//!
//! Owns the order of things: count, wait, check credentials, misbehave if told so, act.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::Shared;
use super::answer::{self, ApiError};
use super::fake::{Cut, respond};
use super::ledger::{Unreportable, draw_id};
use super::mode::{Mode, Operation};
use super::{auth, control};

const VERIFICATIONS: &str = "/verification/v1/verifications";

/// Larger than any answer that a careful client reads.
const OVERSIZED_BYTES: usize = 65 * 1024;

/// The longest reference, and the longest `custom`, in bytes.
const MAX_REFERENCE: usize = 128;
const MAX_CUSTOM: usize = 4096;

const NOT_FOUND: ApiError = ApiError::new(404, 40400, "Requested resource was not found");

pub(super) fn router(fake: Arc<Shared>) -> Router {
    Router::new().merge(control::router()).fallback(serve).with_state(fake)
}

/// A request, taken apart.
struct Asked<'a> {
    operation: Operation,
    /// The verification that the path names.
    id: &'a str,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

async fn serve(
    State(fake): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some((operation, id)) = operation(&method, &uri) else {
        return respond::json(NOT_FOUND.http, &NOT_FOUND.json());
    };
    fake.ledger.receive(operation);
    if !fake.config.delay.is_zero() {
        tokio::time::sleep(fake.config.delay).await;
    }
    if let Err(error) = auth::check(&fake, &method, uri.path(), &headers, &body) {
        return respond::json(error.http, &error.json());
    }
    let asked = Asked { operation, id, headers: &headers, body: &body };
    let mode = fake.modes.take(operation as usize);
    misbehave(&fake, &asked, mode, &cut).await
}

fn operation<'a>(method: &Method, uri: &'a Uri) -> Option<(Operation, &'a str)> {
    let rest = uri.path().strip_prefix(VERIFICATIONS).filter(|_| uri.query().is_none())?;
    if rest.is_empty() {
        return (*method == Method::POST).then_some((Operation::Start, ""));
    }
    let id = rest.strip_prefix("/id/").filter(|id| !id.is_empty() && !id.contains('/'))?;
    match *method {
        Method::PUT => Some((Operation::Report, id)),
        Method::GET => Some((Operation::Status, id)),
        _ => None,
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
        Mode::NoId => spoilt(fake, asked, |mut body| {
            if let Some(members) = body.as_object_mut() {
                members.remove("id");
            }
            body.to_string()
        }),
        Mode::OtherId(id) => spoilt(fake, asked, |mut body| {
            body["id"] = json!(id);
            body.to_string()
        }),
        Mode::Oversized => spoilt(fake, asked, |mut body| {
            body["padding"] = json!("x".repeat(OVERSIZED_BYTES));
            body.to_string()
        }),
        Mode::Error { http, code } => {
            respond::json(http, &ApiError::new(http, code, "As it was told").json())
        }
        Mode::Status { status, reason } => {
            let id = if asked.id.is_empty() { draw_id() } else { asked.id.to_owned() };
            respond::json(200, &answer::reported(&id, "sms", &status, reason.as_deref()))
        }
        Mode::Html(http) => respond::web_page(http),
        Mode::Empty => respond::raw(200, "application/json", ""),
        Mode::Redirect(url) => respond::redirect(&url),
    }
}

fn by_the_book(fake: &Shared, asked: &Asked<'_>) -> Response {
    match act(fake, asked) {
        Ok(body) => respond::json(200, &body),
        Err(error) => respond::json(error.http, &error.json()),
    }
}

/// Does what was asked, and answers a body that has been through `spoil`.
fn spoilt(fake: &Shared, asked: &Asked<'_>, spoil: impl FnOnce(Value) -> String) -> Response {
    match act(fake, asked) {
        Ok(body) => respond::raw(200, "application/json", spoil(body)),
        Err(error) => respond::json(error.http, &error.json()),
    }
}

fn act(fake: &Shared, asked: &Asked<'_>) -> Result<Value, ApiError> {
    match asked.operation {
        Operation::Start => start(fake, asked),
        Operation::Report => report(fake, asked),
        Operation::Status => {
            let verification = fake.ledger.verification(asked.id).ok_or(NOT_FOUND)?;
            Ok(answer::status(asked.id, &verification))
        }
    }
}

fn start(fake: &Shared, asked: &Asked<'_>) -> Result<Value, ApiError> {
    let body = read_json(asked)?;
    let identity = &body["identity"];
    if identity["type"] != "number" {
        return Err(ApiError::new(400, 40001, "Identity type is invalid"));
    }
    let number = identity["endpoint"].as_str().ok_or(ApiError::new(
        400,
        40002,
        "Identity endpoint is missing",
    ))?;
    check_number(number)?;
    let method = read_method(&body)?;
    let reference = match &body["reference"] {
        Value::Null => None,
        Value::String(text) if is_reference(text) => Some(text.as_str()),
        _ => return Err(ApiError::new(400, 40001, "Reference is invalid")),
    };
    if body["custom"].as_str().is_some_and(|custom| custom.len() > MAX_CUSTOM) {
        return Err(ApiError::new(400, 40001, "Custom is too long"));
    }
    let languages = asked.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let options = read_options(&body, method)?;
    let now = (fake.config.clock)();
    let sent = fake.ledger.start(number, method, reference, languages, options, now);
    if let Some(on_sent) = &fake.config.on_sent {
        on_sent(&sent);
    }
    Ok(answer::started(&sent.id, method))
}

/// What a text is to be like: the keys that an official SDK sends, and only with a text.
fn read_options(body: &Value, method: &str) -> Result<Value, ApiError> {
    let Value::Object(options) = &body["smsOptions"] else {
        return Ok(Value::Null);
    };
    let sound = |(name, value): (&String, &Value)| {
        let text = value.as_str().unwrap_or_default();
        match name.as_str() {
            "template" => text.contains("{{CODE}}"),
            "applicationHash" => text.len() == 11,
            _ => false,
        }
    };
    if method == "sms" && !options.is_empty() && options.iter().all(sound) {
        Ok(body["smsOptions"].clone())
    } else {
        Err(ApiError::new(400, 40001, "The options of the text are invalid"))
    }
}

fn report(fake: &Shared, asked: &Asked<'_>) -> Result<Value, ApiError> {
    let body = read_json(asked)?;
    let method = read_method(&body)?;
    let code = body[method]["code"].as_str().ok_or(ApiError::new(
        400,
        40001,
        "The code for the method is missing",
    ))?;
    let is_code = (1..=10).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_code {
        return Err(ApiError::new(400, 40001, "Supplied code invalid format"));
    }
    match fake.ledger.report(asked.id, method, code, (fake.config.clock)()) {
        Ok((method, outcome)) => {
            Ok(answer::reported(asked.id, method, outcome.status, outcome.reason))
        }
        Err(Unreportable::NotFound) => Err(NOT_FOUND),
        Err(Unreportable::OtherMethod) => {
            Err(ApiError::new(400, 40001, "The method is not that of the verification"))
        }
    }
}

fn read_json(asked: &Asked<'_>) -> Result<Value, ApiError> {
    let content_type = asked.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|text| text.split(';').next()).map(str::trim);
    if media_type != Some("application/json") {
        return Err(ApiError::new(400, 40003, "The content type is not JSON"));
    }
    serde_json::from_slice(asked.body)
        .map_err(|_| ApiError::new(400, 40003, "The body is not JSON"))
}

fn read_method(body: &Value) -> Result<&'static str, ApiError> {
    match body["method"].as_str() {
        Some("sms") => Ok("sms"),
        Some("callout") => Ok("callout"),
        Some("flashcall" | "seamless" | "whatsapp") => Err(ApiError::new(
            403,
            40300,
            "Verification by this method is not available for given destination",
        )),
        Some(_) => Err(ApiError::new(400, 40001, "Method is invalid")),
        None => Err(ApiError::new(400, 40002, "Method is missing")),
    }
}

fn check_number(number: &str) -> Result<(), ApiError> {
    let Some(digits) = number.strip_prefix('+') else {
        return Err(ApiError::new(400, 40005, "Missing leading plus").about(number));
    };
    let fault = match digits.len() {
        _ if !digits.bytes().all(|b| b.is_ascii_digit()) => "Not a number",
        0..7 => "Too short",
        7..=15 => return Ok(()),
        _ => "Too long",
    };
    Err(ApiError::new(400, 40001, fault).about(number))
}

fn is_reference(text: &str) -> bool {
    (1..=MAX_REFERENCE).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
