//! The bodies of requests, JSON and form, and queries: each is read or refused, and nothing that was sent
//! is dropped without a word.
#![no_main]

use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::{FromRequest as _, FromRequestParts as _, Request};
use libfuzzer_sys::fuzz_target;
use ringfence::http::{Fields, Form, Query};
use ringfence_fuzz::runtime;
use serde_json::Value;
use tokio::runtime::Runtime;

const BODY_MAX: usize = 16 * 1024;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(runtime);

fn request(kind: &str, bytes: &[u8]) -> Request {
    let builder = Request::builder().method("POST").header("content-type", kind);
    builder.body(Body::from(bytes.to_vec())).expect("a request")
}

async fn json(bytes: &[u8]) {
    let json = serde_json::from_slice::<Value>(bytes).ok();
    let sent = json.as_ref().and_then(Value::as_object).filter(|_| bytes.len() <= BODY_MAX);
    let read = Fields::from_request(request("application/json", bytes), &()).await;
    assert_eq!(read.is_ok(), sent.is_some());
    let (Ok(mut fields), Some(sent)) = (read, sent) else { return };
    let email = fields.text("email");
    assert_eq!(email.as_deref(), sent.get("email").and_then(Value::as_str));
    let roles = fields.list("roles", "invalid", str::parse::<u8>);
    if fields.finish(Some(())).is_ok() {
        assert!(sent.keys().all(|name| name == "email" || name == "roles"), "a field was dropped");
        let count = sent.get("roles").and_then(Value::as_array).map(Vec::len);
        assert_eq!(roles.map(|roles| roles.len()), count);
    }
}

async fn form(bytes: &[u8]) {
    let request = request("application/x-www-form-urlencoded", bytes);
    let Ok(mut form) = Form::from_request(request, &()).await else { return };
    let token = form.take("token");
    assert!(token.is_none_or(|token| !token.is_empty() && token.len() <= bytes.len()));
    assert!(form.take("token").is_none());
}

async fn query(bytes: &[u8]) {
    let Ok(query) = str::from_utf8(bytes) else { return };
    let Ok(asked) = Request::builder().uri(format!("/?{query}")).body(()) else { return };
    let (mut parts, ()) = asked.into_parts();
    let Ok(Query(mut fields)) = Query::from_request_parts(&mut parts, &()).await;
    let limit = fields.optional("limit", "invalid", str::parse::<u8>);
    assert!(limit.is_none() || query.contains("limit") || query.contains('%'));
    let empty = fields.finish(Some(())).is_ok() && limit.is_none();
    let query = parts.uri.query().unwrap_or_default();
    assert!(!empty || query.bytes().all(|byte| byte == b'&'), "{query} was dropped");
}

fuzz_target!(|bytes: &[u8]| {
    RUNTIME.block_on(async {
        json(bytes).await;
        form(bytes).await;
        query(bytes).await;
    });
});
