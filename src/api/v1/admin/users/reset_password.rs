//! `POST /api/v1/admin/users/{id}/reset-password`: a new password, told once.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::admin::Admin;
use crate::api::trail;
use crate::audit::Event;
use crate::emails;
use crate::foundation::UserId;
use crate::http::{Kind, Problem};
use crate::known_devices;
use crate::login_tickets;
use crate::passwords::{self, HANDED_OUT_FOR, Password};
use crate::sessions::{self, EndReason, Which};
use crate::state::{App, AppState};
use crate::users::{self, PhcString};

use super::subject::Subject;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::UserNotFound, Kind::HashingBusy];

/// A password that we made up, for the user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct PasswordReset {
    id: UserId,
    /// Told here and never again.
    #[schema(format = "password", example = "7vQN4kxE2sHcT9wLzRA5pD8u")]
    password: String,
    /// Until when it is good: for a login that brings a `newPassword`.
    password_expires_at: DateTime<Utc>,
    /// How many sessions have ended by it.
    sessions_ended: usize,
}

/// The hash of a password.
pub(super) async fn hash(app: &App, password: Password) -> Result<PhcString, Problem> {
    let salt = app.entropy.bytes().map_err(Problem::internal)?;
    Ok(PhcString::from(app.hasher.hash(password, salt).await?.to_phc()))
}

/// Reset a user's password
///
/// Answers a random one to hand over, good for 24 hours and for a login that brings a `newPassword`. All sessions end, logins under way come to nothing, and no device
/// is known any more. A second factor stays what it was.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/reset-password", tag = "admin",
    operation_id = "adminResetPassword", security(("bearer" = [])),
    params(("id" = String, Path, description = "The user's id.")),
    responses((status = 200, description = "The new password.", body = PasswordReset)))]
pub(in crate::api) async fn reset_password(
    State(app): State<AppState>,
    admin: Admin,
    Subject(id): Subject,
) -> Result<Json<PasswordReset>, Problem> {
    let user = users::find(&app.database, id).await?.ok_or_else(super::no_such_user)?;
    let (email, number) = (user.email.as_str(), user.phone_number.as_deref());
    let generated = app.password_policy.generate(&app.entropy, email, number);
    let generated = generated.map_err(Problem::internal)?;
    let password = Password::for_login(&generated).map_err(Problem::internal)?;
    let hash = hash(&app, password).await?;

    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    // Rows are locked in the order in which a login locks them.
    login_tickets::revoke(&mut transaction, id).await?;
    let password_expires_at = now + HANDED_OUT_FOR;
    let (new, until) = (&hash, Some(password_expires_at));
    if !users::set_password_hash(&mut transaction, id, new, until, now).await? {
        return Err(super::no_such_user());
    }
    emails::withdraw_change(&mut transaction, id, &user.email).await?;
    // One that was issued while the row was waited for is of the old password, too.
    login_tickets::revoke(&mut transaction, id).await?;
    let reason = EndReason::PasswordReset;
    let ended = sessions::end(&mut transaction, id, Which::All, reason, now).await?;
    known_devices::forget(&mut transaction, id).await?;
    passwords::forget_guesses(&mut *transaction, id).await?;
    let event = Event::PasswordReset { sessions_ended: ended.len() };
    trail::record(&app, &mut transaction, &admin, id, event, now).await?;
    transaction.commit().await?;
    app.sessions.revocations().note(&ended, now);
    super::note_act(&admin, Some(id), "reset-password");
    let password = generated.as_str().to_owned();
    let sessions_ended = ended.len();
    Ok(Json(PasswordReset { id, password, password_expires_at, sessions_ended }))
}
