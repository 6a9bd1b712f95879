//! `DELETE /api/v1/profile`: leaving, with time to think again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;

use crate::api::bearer::Bearer;
use crate::api::trail;
use crate::api::v1::account;
use crate::api::v1::auth::input;
use crate::audit::Event;
use crate::emails::Occasion;
use crate::http::{Client, Fields, Kind, Problem};
use crate::login_tickets;
use crate::reset_tickets;
use crate::sessions::{self, EndReason, Which};
use crate::state::{App, AppState};
use crate::users::{self, User};

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[
    Kind::TokenMissing,
    Kind::TokenInvalid,
    Kind::PasswordWrong,
    Kind::PasswordGuessesExhausted,
    Kind::HashingBusy,
];

/// The proof that it is the person who leaves.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct DeleteProfileBody {
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        example = "correct horse battery"
    )]
    password: String,
}

/// The account will be erased.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Deleting {
    /// Words for a person.
    #[schema(example = "Your account will be deleted. Log in before then to keep it.")]
    message: &'static str,
    /// When it is erased for good, unless its person has logged in before.
    erased_at: DateTime<Utc>,
}

/// Delete the account
///
/// Takes the password. All sessions end at once. The account is erased for good seven days later; a
/// login before then keeps it, and says so by `accountRestored`.
#[utoipa::path(delete, path = "/api/v1/profile", tag = "account", operation_id = "deleteProfile",
    request_body = DeleteProfileBody, security(("bearer" = [])),
    responses((status = 202, description = "It will be erased.", body = Deleting)))]
pub(in crate::api) async fn delete_profile(
    State(app): State<AppState>,
    client: Client,
    bearer: Bearer,
    mut fields: Fields,
) -> Result<(StatusCode, Json<Deleting>), Problem> {
    let password = input::password(&mut fields, "password");
    let password = fields.finish(password)?;
    let user = account::read(&app, &bearer).await?;
    account::prove_password(&app, &client, &bearer, &user, password).await?;
    let erased_at = leave(&app, &client, &user).await?;
    info!(user_id = %user.id, %erased_at, "somebody leaves: the account will be erased");
    let message = "Your account will be deleted. Log in before then to keep it.";
    Ok((StatusCode::ACCEPTED, Json(Deleting { message, erased_at })))
}

/// All or nothing: the account is to be erased, and nothing that was begun with it goes on.
async fn leave(app: &App, client: &Client, user: &User) -> Result<DateTime<Utc>, Problem> {
    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    login_tickets::revoke(&mut transaction, user.id).await?;
    let erased_at = users::leave(&mut transaction, user.id, now).await?;
    reset_tickets::revoke(&mut transaction, user.id).await?;
    let ended =
        sessions::end(&mut transaction, user.id, Which::All, EndReason::Delete, now).await?;
    account::tell(app, &mut transaction, user, Occasion::DeletionBegun { erased_at }, now).await?;
    let event = Event::DeletionRequested { sessions_ended: ended.len() };
    trail::record(app, &mut transaction, client, user.id, event, now).await?;
    transaction.commit().await?;
    app.sessions.revocations().note(&ended, now);
    Ok(erased_at)
}
