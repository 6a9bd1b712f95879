//! `GET /api/v1/profile`: the user, read fresh. The model of a protected route.

pub(in crate::api) mod email;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::bearer::Bearer;
use crate::foundation::UserId;
use crate::http::{Kind, Problem};
use crate::state::AppState;
use crate::users;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] =
    &[Kind::TokenMissing, Kind::TokenInvalid, Kind::PhoneVerificationRequired];

/// The user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Profile {
    id: UserId,
    #[schema(example = "ada@example.com")]
    email: String,
    /// Whether the user has shown to read mail there.
    email_verified: bool,
    /// E.164.
    #[schema(example = "+14155552671")]
    phone_number: String,
    /// Always `true` here.
    is_verified: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Read the profile
///
/// The user, read fresh. Only for those whose phone is verified.
#[utoipa::path(get, path = "/api/v1/profile", tag = "account", operation_id = "profile",
    security(("bearer" = [])),
    responses((status = 200, description = "The user.", body = Profile)))]
pub(in crate::api) async fn profile(
    State(app): State<AppState>,
    Bearer(claims): Bearer,
) -> Result<Json<Profile>, Problem> {
    let user = users::find(&app.database, claims.sub).await?;
    let user = user.ok_or_else(|| Problem::new(Kind::TokenInvalid))?;
    if !user.is_verified {
        return Err(Problem::new(Kind::PhoneVerificationRequired));
    }
    Ok(Json(Profile {
        id: user.id,
        email: user.email,
        email_verified: user.email_verified_at.is_some(),
        phone_number: user.phone_number,
        is_verified: user.is_verified,
        created_at: user.created_at,
        updated_at: user.updated_at,
    }))
}
