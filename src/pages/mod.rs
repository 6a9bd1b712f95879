//! The browser pages: the demo at `/`, the inbox at `/dev/inbox`, the documentation at `/docs`,
//! `/email/verify` and `/account/undo`, where the links of e-mails lead, and `/challenge.js`.
//!
//! Owns the HTML, CSS and JavaScript that the binary carries, and the content security policy they
//! are sent with. It never reads a setting, a request or the database: whatever the pages show, their
//! scripts fetch from the API like any other client.

mod file;

use crate::otp::providers::console::Console;
use axum::{
    Json, Router,
    body::Bytes,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    routing::get,
};

pub use file::CONTENT_SECURITY_POLICY;
use file::File;

/// The demo at `/` and the inbox at `/dev/inbox`, with their assets under `/assets/demo/`.
///
/// For development only. The inbox asks `/dev/inbox/messages` once a second, so that route must not
/// be counted by a rate limit.
pub fn demo_router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    routes(file::DEMO)
}

/// The messages of the console provider, as the inbox asks for them.
pub fn inbox_router<S: Clone + Send + Sync + 'static>(console: Console) -> Router<S> {
    let messages = async move || {
        ([(CACHE_CONTROL, "no-store")], Json(serde_json::json!({"messages": console.messages()})))
    };
    Router::new().route("/dev/inbox/messages", get(messages))
}

/// The documentation at `/docs`, with its assets under `/assets/docs/`, and the document it draws at
/// `/openapi.json`.
///
/// `openapi` is the `OpenAPI` 3.1 document as JSON. The page reads its extension `x-error-codes`, a list
/// of `{code, status, title, description}`, into the rows that problem types (`/docs#error-<code>`)
/// point to; a response may name the codes it carries in an `x-error-codes` of its own.
pub fn docs_router<S: Clone + Send + Sync + 'static>(openapi: Bytes) -> Router<S> {
    let document = move || async move {
        ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], openapi)
    };
    routes(file::DOCS).route("/openapi.json", get(document))
}

/// The pages that the links of e-mails lead to, `/email/verify` and `/account/undo`, with their assets
/// under `/assets/email/`.
pub fn email_router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    routes(file::EMAIL)
}

/// What solves a proof of work, at `/challenge.js`, for front ends to import.
pub fn solver_router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    routes(file::SOLVER)
}

/// One route for each file, rather than a wildcard: a path that does not exist meets the fallback of
/// the whole application.
fn routes<S: Clone + Send + Sync + 'static>(files: &'static [File]) -> Router<S> {
    files.iter().fold(Router::new(), |router, file| router.route(file.path, get(async || *file)))
}

#[cfg(test)]
mod tests;
