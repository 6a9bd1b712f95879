//! `POST /api/v1/admin/users/{id}/unlock`: the user may log in again.

use axum::Json;
use axum::extract::State;

use crate::api::admin::Admin;
use crate::api::trail;
use crate::audit::Event;
use crate::http::{Kind, Problem};
use crate::passwords;
use crate::state::AppState;
use crate::users;

use super::record::UserRecord;
use super::subject::Subject;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::UserNotFound];

/// Unlock a user
///
/// Also one who is not locked: wrong passwords are forgotten, too. Sessions that have ended stay so.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/unlock", tag = "admin",
    operation_id = "adminUnlockUser", security(("bearer" = [])),
    params(("id" = String, Path, description = "The user's id.")),
    responses((status = 200, description = "The user, not locked.", body = UserRecord)))]
pub(in crate::api) async fn unlock(
    State(app): State<AppState>,
    admin: Admin,
    Subject(id): Subject,
) -> Result<Json<UserRecord>, Problem> {
    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    let user = users::unlock(&mut *transaction, id, now).await?;
    let user = user.ok_or_else(super::no_such_user)?;
    passwords::forget_guesses(&mut *transaction, id).await?;
    trail::record(&app, &mut transaction, &admin, id, Event::AccountUnlocked {}, now).await?;
    transaction.commit().await?;
    super::note_act(&admin, Some(id), "unlock");
    Ok(Json(user.into()))
}
