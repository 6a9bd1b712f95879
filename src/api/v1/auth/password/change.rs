//! `POST /api/v1/auth/password/change`: another password, by whoever knows the present one.

use axum::extract::State;
use axum::http::StatusCode;
use tracing::info;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::api::bearer::Bearer;
use crate::api::v1::account;
use crate::api::v1::auth::input;
use crate::http::{Client, Fields, Kind, Problem};
use crate::passwords::Password;
use crate::sessions::Which;
use crate::state::AppState;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[
    Kind::TokenMissing,
    Kind::TokenInvalid,
    Kind::StepUpRequired,
    Kind::PasswordWrong,
    Kind::PasswordGuessesExhausted,
    Kind::HashingBusy,
];

/// Both passwords, as they were typed.
struct Change {
    current: Password,
    new: Zeroizing<String>,
}

/// Another password.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct ChangePasswordBody {
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        example = "correct horse battery"
    )]
    current_password: String,
    /// By the rules of signing up, and not the present one.
    #[schema(
        format = "password",
        min_length = 8,
        max_length = 256,
        example = "a new and better staple"
    )]
    new_password: String,
}

impl Change {
    fn read(mut fields: Fields) -> Result<Self, Problem> {
        let current = input::password(&mut fields, "currentPassword");
        let new = input::raw_password(&mut fields, "newPassword");
        fields.finish(current.zip(new).map(|(current, new)| Self { current, new }))
    }
}

/// Change the password
///
/// Takes the present one, too. All other sessions end; this one stays.
#[utoipa::path(post, path = "/api/v1/auth/password/change", tag = "account",
    operation_id = "changePassword", request_body = ChangePasswordBody, security(("bearer" = [])),
    responses((status = 204, description = "Changed. All other sessions have ended.")))]
pub(in crate::api) async fn change(
    State(app): State<AppState>,
    client: Client,
    bearer: Bearer,
    fields: Fields,
) -> Result<StatusCode, Problem> {
    let change = Change::read(fields)?;
    let user = account::read(&app, &bearer).await?;
    account::require_fresh_login(&app, &bearer, &user)?;
    let new = super::checked(&app, &user, &change.current, &change.new)?;
    account::prove_password(&app, &client, &bearer, &user, change.current).await?;
    let new = super::hash(&app, new).await?;
    let others = Which::Others(bearer.0.sid);
    if !super::replace(&app, &client, &user, &new, others).await? {
        return Err(Problem::new(Kind::PasswordWrong));
    }
    info!(user_id = %user.id, "a password was changed");
    Ok(StatusCode::NO_CONTENT)
}
