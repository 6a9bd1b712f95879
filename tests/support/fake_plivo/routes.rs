//! The operations, read strictly: path with its last slash, method, content type and body must be
//! right.
//!
//! Owns the order of things: count, check credentials, misbehave if told so, act.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{self, Answered, Closed, Refusal, Text};
use super::mode::Mode;
use super::{PlacedCall, SentMessage, Shared, control};

/// Larger than any request that a sound client makes.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// Larger than any answer that a careful client reads.
const OVERSIZED_BYTES: usize = 65 * 1024;

pub(super) async fn answer(fake: Arc<Shared>, request: Request<Incoming>) -> Answered {
    let (head, body) = request.into_parts();
    let body =
        Limited::new(body, MAX_REQUEST_BYTES).collect().await.map_err(|_| Closed)?.to_bytes();
    if let Some(action) = head.uri.path().strip_prefix("/_fake/") {
        return Ok(control::answer(&fake, &head.method, action, &body));
    }
    fake.received.fetch_add(1, Ordering::SeqCst);
    let path = head.uri.path_and_query().map_or("", |path| path.as_str());
    if let Err(refusal) = admit(&fake, &head.method, path, &head.headers) {
        return Ok(refusal.into_response());
    }
    let mode = fake.plan().take();
    if head.method == Method::GET && mode == Mode::Normal {
        return Ok(account(&fake));
    }
    let is_call = path.ends_with("/Call/");
    misbehave(&fake, mode, is_call, &head.headers, &body).await
}

async fn misbehave(
    fake: &Shared,
    mode: Mode,
    is_call: bool,
    headers: &HeaderMap,
    body: &Bytes,
) -> Answered {
    let (done, act) = if is_call {
        (201, call as fn(&Shared, &HeaderMap, &[u8]) -> Result<Value, Refusal>)
    } else {
        (202, send as fn(&Shared, &HeaderMap, &[u8]) -> Result<Value, Refusal>)
    };
    let act = |change: &dyn Fn(Value) -> Text| match act(fake, headers, body) {
        Ok(reply) => answer::raw(done, "application/json", change(reply)),
        Err(refusal) => refusal.into_response(),
    };
    let by_the_book = |reply: Value| Text::whole(reply.to_string());
    Ok(match mode {
        Mode::Normal => act(&by_the_book),
        Mode::Delay(delay) => {
            let response = act(&by_the_book);
            tokio::time::sleep(delay).await;
            response
        }
        Mode::Close => {
            act(&by_the_book);
            return Err(Closed);
        }
        Mode::BrokenOff => act(&|reply| Text::broken_off(reply.to_string())),
        Mode::Truncated => act(&|reply| {
            let text = reply.to_string();
            Text::whole(text[..text.len() / 2].to_owned())
        }),
        Mode::Oversized => act(&|mut reply| {
            reply["padding"] = json!("x".repeat(OVERSIZED_BYTES));
            Text::whole(reply.to_string())
        }),
        Mode::Reply { http, body } => answer::json(http, body),
        Mode::Html(http) => {
            let page = "<!doctype html><title>Bad gateway</title>";
            answer::raw(http, "text/html", Text::whole(page.to_owned()))
        }
        Mode::Redirect(url) => redirect(&url),
    })
}

fn redirect(url: &str) -> Response<Text> {
    let mut response = answer::raw(307, "text/html", Text::whole(String::new()));
    if let Ok(location) = HeaderValue::from_str(url) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// plivo-go, `fixtures/accountGetResponse.json`, as far as it is needed.
fn account(fake: &Shared) -> Response<Text> {
    let body = json!({
        "api_id": fake.new_id(), "auth_id": fake.config.auth_id, "account_type": "standard",
        "cash_credits": "92.60000", "state": null,
    });
    answer::json(200, body.to_string())
}

/// Whether the request is for the account or its messages and from somebody who may ask.
fn admit(fake: &Shared, method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Refusal> {
    let config = &fake.config;
    let pair = format!("{}:{}", config.auth_id, config.auth_token);
    if text(headers, &AUTHORIZATION) != format!("Basic {}", STANDARD.encode(pair)) {
        return Err(Refusal::new(401, "authentication failed"));
    }
    let account = format!("/v1/Account/{}/", config.auth_id);
    let wanted = match path.strip_prefix(&account) {
        Some("") => Method::GET,
        Some("Message/" | "Call/") => Method::POST,
        _ => return Err(Refusal::not_found()),
    };
    if method != wanted {
        return Err(Refusal::new(405, "method not allowed"));
    }
    Ok(())
}

/// A message as our adapter promises to ask for it; another key would be a fault.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageRequest {
    src: String,
    dst: String,
    text: String,
    r#type: String,
    message_expiry: u64,
    log: bool,
    url: Option<String>,
    method: Option<String>,
    dlt_entity_id: Option<String>,
    dlt_template_id: Option<String>,
    dlt_template_category: Option<String>,
}

/// A call as our adapter promises to ask for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallRequest {
    from: String,
    to: String,
    answer_url: String,
    answer_method: String,
    hangup_url: String,
    hangup_method: String,
    ring_timeout: u64,
    time_limit: u64,
}

fn call(fake: &Shared, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let asked: CallRequest = read_json(headers, body)?;
    check_number(&asked.from)?;
    check_number(&asked.to)?;
    let is_public = |url: &str| url.starts_with("https://");
    let methods = [&asked.answer_method, &asked.hangup_method];
    let sound = asked.from == fake.config.phone_number
        && is_public(&asked.answer_url)
        && is_public(&asked.hangup_url)
        && methods.iter().all(|method| *method == "POST")
        && (1..=120).contains(&asked.ring_timeout)
        && asked.time_limit > 0;
    if !sound {
        return Err(Refusal::new(400, "the call is not what it should be"));
    }
    let uuid = fake.new_id();
    let reply = answer::fired(&uuid);
    let CallRequest { to, answer_url, hangup_url, .. } = asked;
    fake.record_call(PlacedCall { uuid, to, answer_url, hangup_url });
    Ok(reply)
}

fn send(fake: &Shared, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let request: MessageRequest = read_json(headers, body)?;
    check(fake, &request)?;
    let uuid = fake.new_id();
    let reply = answer::queued(&uuid);
    let MessageRequest { src, dst, text, message_expiry, .. } = request;
    let dlt = [request.dlt_entity_id, request.dlt_template_id, request.dlt_template_category];
    fake.record(SentMessage { uuid, src, dst, text, message_expiry, dlt });
    Ok(reply)
}

fn check(fake: &Shared, request: &MessageRequest) -> Result<(), Refusal> {
    let MessageRequest { src, dst, text, r#type, message_expiry, log, .. } = request;
    let is_public = request.url.as_ref().is_none_or(|url| url.starts_with("https://"));
    if !is_public || request.method != request.url.as_ref().map(|_| "POST".to_owned()) {
        return Err(Refusal::new(400, "url or method is not what it should be"));
    }
    if *src != fake.config.phone_number {
        return Err(Refusal::new(400, "This caller ID is not allowed for outbound message"));
    }
    check_number(dst)?;
    if text.is_empty() || text.encode_utf16().count() > 737 {
        return Err(Refusal::new(400, "text is empty or too long"));
    }
    if r#type != "sms" || *log || !(5..=10_799).contains(message_expiry) {
        return Err(Refusal::new(400, "type, log or message_expiry is not what it should be"));
    }
    Ok(())
}

fn read_json<T: for<'a> Deserialize<'a>>(headers: &HeaderMap, body: &[u8]) -> Result<T, Refusal> {
    if text(headers, &CONTENT_TYPE) != "application/json" {
        return Err(Refusal::new(400, "the content type is not JSON"));
    }
    serde_json::from_slice(body).map_err(|error| Refusal::new(400, error.to_string()))
}

fn check_number(number: &str) -> Result<(), Refusal> {
    if (8..=15).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()) {
        Ok(())
    } else {
        // The words as they have been seen.
        Err(Refusal::new(400, format!("'{number}' is not a valid phone number.")))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &axum::http::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
