//! `GET /api/v1/auth/session`: what the token says.

use axum::Json;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::bearer::Bearer;
use crate::foundation::{SessionId, UserId};
use crate::http::Kind;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::TokenMissing, Kind::TokenInvalid];

/// What the token says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct SessionAnswer {
    user_id: UserId,
    #[schema(example = "ada@example.com")]
    email: String,
    /// Whether the phone was verified when the token was issued.
    is_verified: bool,
    session_id: SessionId,
    /// What the person was to the services that read the token when it was issued.
    #[schema(example = json!(["admin"]))]
    roles: Vec<String>,
    /// How the person was authenticated (RFC 8176).
    #[schema(example = json!(["pwd", "otp", "sms"]))]
    amr: Vec<String>,
    /// Until when the token is good.
    expires_at: DateTime<Utc>,
}

/// Read the token
///
/// What the token says. Reads no database.
#[utoipa::path(get, path = "/api/v1/auth/session", tag = "auth", operation_id = "session",
    security(("bearer" = [])),
    responses((status = 200, description = "The token is good.", body = SessionAnswer)))]
pub(in crate::api) async fn session(Bearer(claims): Bearer) -> Json<SessionAnswer> {
    Json(SessionAnswer {
        user_id: claims.sub,
        email: claims.email.clone(),
        is_verified: claims.is_verified,
        session_id: claims.sid,
        roles: claims.roles.clone(),
        amr: claims.amr.clone(),
        expires_at: DateTime::from_timestamp(claims.exp, 0).unwrap_or_default(),
    })
}
