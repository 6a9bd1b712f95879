//! `/.well-known/`: what other services need to check our tokens themselves.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;

use crate::state::AppState;
use crate::tokens::Jwks;

/// Public keys
///
/// The public keys that access tokens verify with (RFC 7517). Empty with `JWT_SECRET`.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "tokens", operation_id = "jwks",
    responses((status = 200, description = "The keys. Good to keep for five minutes.", body = Jwks)))]
pub(super) async fn jwks(State(app): State<AppState>) -> impl IntoResponse {
    ([(CACHE_CONTROL, "public, max-age=300")], Json(app.tokens.jwks().clone()))
}
