//! `/api/v1/admin/users/{id}/sessions`: where a user is signed in.

use axum::extract::State;
use axum::http::StatusCode;

use crate::api::admin::Admin;
use crate::foundation::UserId;
use crate::http::{Kind, Problem};
use crate::sessions::{self, EndReason, Which};
use crate::state::{App, AppState};
use crate::users;

use super::subject::{Subject, SubjectSession};

/// The problems of the list and of ending all, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::UserNotFound];

/// The problems of ending one, beside those of every endpoint.
pub(in crate::api) const PROBLEMS_OF_ONE: &[Kind] = &[Kind::NotFound, Kind::UserNotFound];

/// End a user's sessions
///
/// All of them, and so their tokens.
#[utoipa::path(delete, path = "/api/v1/admin/users/{id}/sessions", tag = "admin",
    operation_id = "adminEndSessions", security(("bearer" = [])),
    params(("id" = String, Path, description = "The user's id.")),
    responses((status = 204, description = "Ended.")))]
pub(in crate::api) async fn end_all(
    State(app): State<AppState>,
    admin: Admin,
    Subject(id): Subject,
) -> Result<StatusCode, Problem> {
    users::find(&app.database, id).await?.ok_or_else(super::no_such_user)?;
    end(&app, id, Which::All).await?;
    super::note_act(admin, Some(id), "end-sessions");
    Ok(StatusCode::NO_CONTENT)
}

/// End one session of a user
#[utoipa::path(delete, path = "/api/v1/admin/users/{id}/sessions/{sid}", tag = "admin",
    operation_id = "adminEndSession", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The user's id."),
        ("sid" = String, Path, description = "The session's id."),
    ),
    responses((status = 204, description = "Ended.")))]
pub(in crate::api) async fn end_one(
    State(app): State<AppState>,
    admin: Admin,
    Subject(id): Subject,
    SubjectSession(session): SubjectSession,
) -> Result<StatusCode, Problem> {
    if end(&app, id, Which::One(session)).await? == 0 {
        return Err(Problem::new(Kind::NotFound));
    }
    super::note_act(admin, Some(id), "end-session");
    Ok(StatusCode::NO_CONTENT)
}

async fn end(app: &App, user: UserId, which: Which) -> Result<usize, Problem> {
    let mut transaction = app.database.begin().await?;
    let now = app.clock.now();
    let ended = sessions::end(&mut transaction, user, which, EndReason::Revoked, now).await?;
    transaction.commit().await?;
    Ok(ended.len())
}
