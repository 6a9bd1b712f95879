//! The fake by remote control, on the same port, for programs that cannot hold a handle.
//!
//! `GET /_fake/messages`, `POST /_fake/mode`.

use axum::http::{Method, Response};
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use super::answer::{self, Text};
use super::mode::Mode;

/// A change of behaviour.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// In the spelling of the command line.
    mode: String,
    /// For so many requests only.
    times: Option<u32>,
}

/// Answers a request below `/_fake/`.
pub(super) fn answer(fake: &Shared, method: &Method, action: &str, body: &[u8]) -> Response<Text> {
    match (method, action) {
        (&Method::GET, "messages") => {
            answer::json(200, json!({ "messages": fake.messages() }).to_string())
        }
        (&Method::POST, "mode") => match change(fake, body) {
            Ok(()) => answer::raw(204, "text/plain", Text::whole(String::new())),
            Err(fault) => answer::raw(400, "text/plain", Text::whole(fault)),
        },
        _ => answer::raw(404, "text/plain", Text::whole("no such control".to_owned())),
    }
}

fn change(fake: &Shared, body: &[u8]) -> Result<(), String> {
    let change: Change = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let mode: Mode = change.mode.parse().map_err(|error| format!("mode: {error}"))?;
    match change.times {
        Some(times) => fake.plan().once(mode, times),
        None => fake.plan().set(mode),
    }
    Ok(())
}
