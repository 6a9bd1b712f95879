//! Answers that every fake can give.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

pub(crate) fn json(http: u16, body: &Value) -> Response {
    raw(http, "application/json", body.to_string())
}

/// What a gateway shows when the API behind it is gone.
pub(crate) fn web_page(http: u16) -> Response {
    raw(http, "text/html", "<!doctype html><title>Bad gateway</title>")
}

/// 307 to `url`.
pub(crate) fn redirect(url: &str) -> Response {
    let mut response = raw(307, "text/html", "");
    if let Ok(location) = HeaderValue::from_str(url) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

pub(crate) fn raw(http: u16, content_type: &'static str, body: impl Into<Body>) -> Response {
    let status = StatusCode::from_u16(http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let header = [(CONTENT_TYPE, HeaderValue::from_static(content_type))];
    (status, header, body.into()).into_response()
}
