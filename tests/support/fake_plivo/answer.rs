//! What the fake answers, key for key as in the fixtures of plivo-go and plivo-python, and the body
//! that can break off.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use hyper::body::{Body, Frame};
use serde_json::{Value, json};

/// The id of the request in every answer.
const API_ID: &str = "948b53a2-3f08-11e7-b6f4-061564b78b75";

/// Why a request is refused: an HTTP status and Plivo's sentence.
pub(super) struct Refusal {
    http: u16,
    body: Value,
}

impl Refusal {
    pub(super) fn new(http: u16, error: impl Into<String>) -> Self {
        Self { http, body: json!({ "api_id": API_ID, "error": error.into() }) }
    }

    /// A 404 has an empty object.
    pub(super) fn not_found() -> Self {
        Self { http: 404, body: json!({}) }
    }

    pub(super) fn into_response(self) -> Response<Text> {
        json(self.http, self.body.to_string())
    }
}

/// `fixtures/messageSendResponse.json`.
pub(super) fn queued(uuid: &str) -> Value {
    json!({ "api_id": API_ID, "message": "message(s) queued", "message_uuid": [uuid] })
}

/// docs.plivo.com, "Make a call".
pub(super) fn fired(uuid: &str) -> Value {
    json!({ "api_id": API_ID, "message": "call fired", "request_uuid": uuid })
}

pub(super) fn json(http: u16, body: String) -> Response<Text> {
    raw(http, "application/json", Text::whole(body))
}

pub(super) fn raw(http: u16, content_type: &'static str, body: Text) -> Response<Text> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(http).unwrap_or(StatusCode::IM_A_TEAPOT);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A body in one piece, after which the connection may be cut.
pub(super) struct Text {
    piece: Option<Bytes>,
    breaks_off: bool,
}

impl Text {
    pub(super) fn whole(text: String) -> Self {
        Self { piece: Some(text.into()), breaks_off: false }
    }

    pub(super) fn broken_off(mut text: String) -> Self {
        text.truncate(text.len() / 2);
        Self { piece: Some(text.into()), breaks_off: true }
    }
}

impl Body for Text {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let broken = || Err(io::ErrorKind::ConnectionReset.into());
        Poll::Ready(match self.piece.take() {
            Some(piece) => Some(Ok(Frame::data(piece))),
            None => self.breaks_off.then(broken),
        })
    }
}

/// An answer, or none at all: the connection is closed.
pub(super) type Answered = Result<Response<Text>, Closed>;

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed as planned")]
pub(super) struct Closed;
