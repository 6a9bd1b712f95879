//! `GET /api/v1/admin/users/{id}`: one user.

use axum::Json;
use axum::extract::State;

use crate::api::admin::Admin;
use crate::http::{Kind, Problem};
use crate::state::AppState;
use crate::users;

use super::record::UserRecord;
use super::subject::Subject;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::UserNotFound];

/// Read a user
#[utoipa::path(get, path = "/api/v1/admin/users/{id}", tag = "admin",
    operation_id = "adminShowUser", security(("bearer" = [])),
    params(("id" = String, Path, description = "The user's id.")),
    responses((status = 200, description = "The user.", body = UserRecord)))]
pub(in crate::api) async fn show(
    State(app): State<AppState>,
    admin: Admin,
    Subject(id): Subject,
) -> Result<Json<UserRecord>, Problem> {
    let user = users::find(&app.database, id).await?.ok_or_else(super::no_such_user)?;
    super::note_look(&app, &admin, Some(id), "show").await?;
    Ok(Json(user.into()))
}
