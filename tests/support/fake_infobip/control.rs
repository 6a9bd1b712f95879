//! The fake by remote control, on the same port, for programs that cannot hold a handle.
//!
//! `GET /_fake/codes[?number=…]`, `GET /_fake/requests`, `POST /_fake/mode`.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::mode::{Mode, Operation};

/// The most codes in one answer.
const MAX_CODES: usize = 1000;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_fake/codes", get(codes))
        .route("/_fake/requests", get(requests))
        .route("/_fake/mode", post(set_mode))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhichCodes {
    number: Option<String>,
}

/// The newest PIN of a number, or those that have not been verified, newest first.
async fn codes(State(fake): State<Arc<Shared>>, Query(which): Query<WhichCodes>) -> Json<Value> {
    Json(match which.number {
        Some(number) => json!({ "code": fake.ledger.code_for(&number) }),
        None => json!({ "codes": fake.ledger.open_pins(MAX_CODES) }),
    })
}

async fn requests(State(fake): State<Arc<Shared>>) -> Json<Value> {
    let ledger = &fake.ledger;
    Json(json!({
        "received": {
            "start": ledger.received(Operation::Start),
            "verify": ledger.received(Operation::Verify),
            "template": ledger.received(Operation::Template),
        },
        "starts": ledger.starts(),
        "verifications": ledger.verifications(),
    }))
}

/// A change of behaviour; what is not named stays as it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    /// `start` or `verify`; together with `mode`.
    operation: Option<String>,
    /// In the spelling of the command line.
    mode: Option<String>,
    /// For so many requests only.
    times: Option<u32>,
    reset_next: Option<u32>,
}

async fn set_mode(
    State(fake): State<Arc<Shared>>,
    Json(change): Json<Change>,
) -> Result<StatusCode, (StatusCode, String)> {
    let refuse = |what: &str| (StatusCode::BAD_REQUEST, what.to_owned());
    match (change.operation, change.mode) {
        (Some(operation), Some(mode)) => {
            let operation: Operation =
                operation.parse().map_err(|error| refuse(&format!("operation: {error}")))?;
            let mode: Mode = mode.parse().map_err(|error| refuse(&format!("mode: {error}")))?;
            match change.times {
                Some(times) => fake.modes.once(operation as usize, mode, times),
                None => fake.modes.set(operation as usize, mode),
            }
        }
        (None, None) if change.times.is_none() => {}
        _ => return Err(refuse("operation and mode belong together")),
    }
    if let Some(times) = change.reset_next {
        fake.resets.plan(times);
    }
    Ok(StatusCode::NO_CONTENT)
}
