//! `POST /api/v1/admin/users/{id}/lock`: nobody logs in to the account until it is unlocked.

use axum::Json;
use axum::extract::State;
use utoipa::ToSchema;

use crate::api::admin::Admin;
use crate::api::trail;
use crate::api::v1::account;
use crate::audit::Event;
use crate::emails::{self, Occasion};
use crate::http::{Fields, Kind, Problem};
use crate::sessions::{self, EndReason, Which};
use crate::state::AppState;
use crate::users::{self, LOCKED_REASON_MAX};

use super::record::UserRecord;
use super::subject::Subject;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::UserNotFound, Kind::LastAdmin];

/// Why, for other administrators.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct LockBody {
    /// Never shown to the user.
    #[schema(min_length = 1, max_length = 200, example = "reported stolen")]
    reason: Option<String>,
}

fn read(mut fields: Fields) -> Result<Option<String>, Problem> {
    let reason = fields.optional("reason", "reason_invalid", |text| {
        let text = text.trim();
        let is_fine = (1..=LOCKED_REASON_MAX).contains(&text.chars().count())
            && !text.contains(char::is_control);
        let words = || format!("This is a line of 1 to {LOCKED_REASON_MAX} characters.");
        is_fine.then(|| text.to_owned()).ok_or_else(words)
    });
    fields.finish(Some(reason))
}

/// Lock a user
///
/// All sessions end. A locked user is locked since when they were, for the new reason. The last
/// administrator cannot lock themself.
#[utoipa::path(post, path = "/api/v1/admin/users/{id}/lock", tag = "admin",
    operation_id = "adminLockUser", security(("bearer" = [])),
    params(("id" = String, Path, description = "The user's id.")),
    request_body = LockBody,
    responses((status = 200, description = "The user, locked.", body = UserRecord)))]
pub(in crate::api) async fn lock(
    State(app): State<AppState>,
    admin: Admin,
    Subject(id): Subject,
    fields: Fields,
) -> Result<Json<UserRecord>, Problem> {
    let reason = read(fields)?;
    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    super::keep_an_admin(&mut transaction, &admin, id).await?;
    let user = users::lock(&mut transaction, id, reason.as_deref(), now).await?;
    let user = user.ok_or_else(super::no_such_user)?;
    emails::withdraw_change(&mut transaction, id, &user.email).await?;
    let ended = sessions::end(&mut transaction, id, Which::All, EndReason::Lock, now).await?;
    let locked = Occasion::AccountLocked { at: now };
    account::tell(&app, &mut transaction, &user, locked, now).await?;
    let event = Event::AccountLocked { sessions_ended: ended.len() };
    trail::record(&app, &mut transaction, &admin, id, event, now).await?;
    transaction.commit().await?;
    app.sessions.revocations().note(&ended, now);
    super::note_act(&admin, Some(id), "lock");
    Ok(Json(user.into()))
}
