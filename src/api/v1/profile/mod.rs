//! `GET /api/v1/profile`: the user, read fresh. The model of a protected route.

pub(in crate::api) mod delete;
pub(in crate::api) mod edit;
pub(in crate::api) mod email;
pub(in crate::api) mod export;
pub(in crate::api) mod phone;
pub(in crate::api) mod totp;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::bearer::Bearer;
use crate::api::v1::account;
use crate::foundation::UserId;
use crate::http::{Kind, Problem};
use crate::state::AppState;
use crate::users::User;

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
    phone_number: Option<String>,
    /// Always `true` here.
    is_verified: bool,
    /// What the person wants to be called; `null` where they have not said.
    #[schema(example = "Ada Lovelace")]
    display_name: Option<String>,
    /// The language of texts where a request names none; `null` for English.
    #[schema(example = "en")]
    locale: Option<String>,
    /// What the person is to the services that read the tokens.
    #[schema(example = json!(["admin"]))]
    roles: Vec<String>,
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
    bearer: Bearer,
) -> Result<Json<Profile>, Problem> {
    let user = account::read(&app, &bearer).await?;
    if !user.is_verified {
        return Err(Problem::new(Kind::PhoneVerificationRequired));
    }
    Ok(Json(Profile::of(user)))
}

impl Profile {
    fn of(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            email_verified: user.email_verified_at.is_some(),
            phone_number: user.phone_number,
            is_verified: user.is_verified,
            roles: user.roles,
            display_name: user.display_name,
            locale: user.locale,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}
