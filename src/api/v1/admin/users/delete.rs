//! `DELETE /api/v1/admin/users/{id}`: the user is gone.

use axum::extract::State;
use axum::http::StatusCode;
use tracing::warn;

use crate::api::admin::Admin;
use crate::api::numbers;
use crate::api::trail;
use crate::audit::Event;
use crate::http::{Kind, Problem};
use crate::login_tickets;
use crate::otp;
use crate::passwords;
use crate::sessions::{self, EndReason, Which};
use crate::state::AppState;
use crate::users;

use super::subject::Subject;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::UserNotFound, Kind::LastAdmin];

/// Delete a user
///
/// At once and for good, with sessions, codes and devices. The last administrator cannot delete
/// themself.
#[utoipa::path(delete, path = "/api/v1/admin/users/{id}", tag = "admin",
    operation_id = "adminDeleteUser", security(("bearer" = [])),
    params(("id" = String, Path, description = "The user's id.")),
    responses((status = 204, description = "Gone.")))]
pub(in crate::api) async fn delete(
    State(app): State<AppState>,
    admin: Admin,
    Subject(id): Subject,
) -> Result<StatusCode, Problem> {
    let mut transaction = app.database.begin().await?;
    super::keep_an_admin(&mut transaction, &admin, id).await?;
    let now = app.clock.now();
    let user = users::find(&mut *transaction, id).await?.ok_or_else(super::no_such_user)?;
    let own = user.phone_number.as_deref();
    let numbers = numbers::of_person(&mut transaction, id, own, now).await?;
    // The ledger knows its rows by the user, so it comes first; then in the order in which a login locks.
    otp::forget(&mut transaction, id, &numbers).await?;
    login_tickets::revoke(&mut transaction, id).await?;
    users::hold(&mut transaction, id).await?;
    // The rows go with the user; the word to the other replicas goes out all the same. None is written down
    // in between: the user is held.
    let ended = sessions::end(&mut transaction, id, Which::All, EndReason::Delete, now).await?;
    passwords::forget_guesses(&mut *transaction, id).await?;
    if !users::delete(&mut *transaction, id).await? {
        return Err(super::no_such_user());
    }
    let event = Event::AccountDeleted { sessions_ended: ended.len() };
    trail::record(&app, &mut transaction, &admin, id, event, now).await?;
    transaction.commit().await?;
    app.sessions.revocations().note(&ended, now);
    // Good for nothing by now: whoever wants somebody deleted need not wait for them.
    if let Err(cause) = app.otp.forget_codes(id).await {
        let cause: &dyn std::error::Error = &cause;
        warn!(cause, user_id = %id, "a deleted user's codes stay where they are until they expire");
    }
    super::note_act(&admin, Some(id), "delete");
    Ok(StatusCode::NO_CONTENT)
}
