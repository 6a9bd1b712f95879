//! `/.well-known/`: what other services need to check our tokens themselves.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;
use crate::tokens::{Jwks, KEY_SET_MAX_AGE, PublishedKeys};

/// Where the endpoints are that the metadata names.
const KEY_SET: &str = "/.well-known/jwks.json";
const INTROSPECTION: &str = "/api/v1/auth/introspect";
const REVOCATION: &str = "/api/v1/auth/revoke";
const DOCUMENTATION: &str = "/docs";

/// RFC 7517, 8.5.2.
const KEY_SET_TYPE: &str = "application/jwk-set+json";

/// What OAuth 2.0 clients and services ask about an authorization server (RFC 8414). Lists are empty
/// where there is nothing: people sign in by this API, not by an OAuth grant.
#[derive(Serialize, ToSchema)]
pub(super) struct Metadata {
    /// The claim `iss` of the tokens.
    #[schema(example = "https://auth.example.com")]
    issuer: String,
    /// Where the public keys are.
    jwks_uri: String,
    /// Where services ask whether a token is still good (RFC 7662).
    introspection_endpoint: String,
    /// How they say who they are there.
    #[schema(example = json!(["client_secret_basic"]))]
    introspection_endpoint_auth_methods_supported: [&'static str; 1],
    /// Where a token is given up (RFC 7009).
    revocation_endpoint: String,
    /// How callers say who they are there: the token itself is enough.
    #[schema(example = json!(["none"]))]
    revocation_endpoint_auth_methods_supported: [&'static str; 1],
    /// There is no authorization endpoint: always empty.
    response_types_supported: [&'static str; 0],
    /// There is no token endpoint: always empty.
    grant_types_supported: [&'static str; 0],
    /// A page for people.
    service_documentation: String,
}

/// Public keys
///
/// The public keys that access tokens verify with (RFC 7517). A key is here an hour before it signs,
/// and until its last token has run out. Empty with `JWT_SECRET`.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "tokens", operation_id = "jwks",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of the set that the client has.")),
    responses(
        (status = 200, description = "The keys. Good to keep for five minutes.", body = Jwks, content_type = "application/jwk-set+json"),
        (status = 304, description = "The client has them already."),
    ))]
pub(super) async fn jwks(State(app): State<AppState>, headers: HeaderMap) -> Response {
    let PublishedKeys { body, etag } = app.tokens.published_keys();
    let is_known = knows(&headers, &etag);
    let cached = [cache_control(), (ETAG, etag)];
    if is_known {
        return (StatusCode::NOT_MODIFIED, cached).into_response();
    }
    (cached, [(CONTENT_TYPE, KEY_SET_TYPE)], body).into_response()
}

/// Metadata
///
/// Where things are, for libraries that ask it (RFC 8414).
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "tokens",
    operation_id = "metadata",
    responses((status = 200, description = "Where things are. Good to keep for five minutes.", body = Metadata)))]
pub(super) async fn metadata(State(app): State<AppState>) -> impl IntoResponse {
    let issuer = app.tokens.issuer();
    let at = |path: &str| format!("{issuer}{path}");
    let metadata = Metadata {
        issuer: issuer.to_owned(),
        jwks_uri: at(KEY_SET),
        introspection_endpoint: at(INTROSPECTION),
        introspection_endpoint_auth_methods_supported: ["client_secret_basic"],
        revocation_endpoint: at(REVOCATION),
        revocation_endpoint_auth_methods_supported: ["none"],
        response_types_supported: [],
        grant_types_supported: [],
        service_documentation: at(DOCUMENTATION),
    };
    ([cache_control()], Json(metadata))
}

fn cache_control() -> (HeaderName, String) {
    (CACHE_CONTROL, format!("public, max-age={}", KEY_SET_MAX_AGE.as_secs()))
}

/// `If-None-Match` (RFC 9110, 13.1.2): a list of tags, weak ones too, or `*`.
fn knows(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
