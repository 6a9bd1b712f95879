//! `PUT /api/v1/admin/users/{id}/roles`: what a user may do.

use axum::Json;
use axum::extract::State;
use utoipa::ToSchema;

use crate::api::admin::Admin;
use crate::api::trail;
use crate::audit::Event;
use crate::http::{FieldError, Fields, Kind, Problem};
use crate::sessions::{self, EndReason, Which};
use crate::state::AppState;
use crate::users::{self, Role};

use super::record::UserRecord;
use super::subject::Subject;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::UserNotFound, Kind::LastAdmin];

/// The roles that the user has from now on, and no others.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct RolesBody {
    /// At most 32, each of them a small letter and up to 63 small letters, digits and `_ . : -`.
    #[schema(max_items = 32, example = json!(["admin", "billing:read"]))]
    roles: Vec<String>,
}

/// `roles`, in order and none twice.
pub(super) fn read_optional(fields: &mut Fields) -> Option<Vec<Role>> {
    let mut roles = fields.list("roles", "role_invalid", str::parse::<Role>)?;
    roles.sort_unstable();
    roles.dedup();
    if roles.len() > Role::MOST {
        let message = format!("A user has at most {} roles.", Role::MOST);
        fields.error(FieldError::new("roles", "roles_too_many", message));
    }
    Some(roles)
}

fn read(mut fields: Fields) -> Result<Vec<Role>, Problem> {
    if !fields.has("roles") {
        fields.error(FieldError::new("roles", "required", "This field is required."));
    }
    let roles = read_optional(&mut fields);
    fields.finish(roles)
}

/// Set a user's roles
///
/// In the tokens that are issued from now on; those that are out say what they said. This API reads
/// `admin` fresh at each request. The last administrator cannot give that up. Whoever gets `admin` logs in anew, with a
/// code: their sessions end.
#[utoipa::path(put, path = "/api/v1/admin/users/{id}/roles", tag = "admin",
    operation_id = "adminSetRoles", security(("bearer" = [])),
    params(("id" = String, Path, description = "The user's id.")),
    request_body = RolesBody,
    responses((status = 200, description = "The user, with these roles.", body = UserRecord)))]
pub(in crate::api) async fn set_roles(
    State(app): State<AppState>,
    admin: Admin,
    Subject(id): Subject,
    fields: Fields,
) -> Result<Json<UserRecord>, Problem> {
    let roles = read(fields)?;
    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    let makes_admin = if roles.iter().any(|role| role.as_str() == Role::ADMIN) {
        !users::hold_role(&mut transaction, id).await?
    } else {
        super::keep_an_admin(&mut transaction, &admin, id).await?;
        false
    };
    let user = users::set_roles(&mut transaction, id, &roles, now).await?;
    let user = user.ok_or_else(super::no_such_user)?;
    let event = Event::RolesChanged { roles: user.roles.clone() };
    trail::record(&app, &mut transaction, &admin, id, event, now).await?;
    let ended = if makes_admin {
        // Whatever began by a password alone is no administrator's.
        sessions::end(&mut transaction, id, Which::All, EndReason::Revoked, now).await?
    } else {
        Vec::new()
    };
    if !ended.is_empty() {
        let reason = EndReason::Revoked.as_str();
        let event = Event::SessionsEnded { reason, sessions_ended: ended.len() };
        trail::record(&app, &mut transaction, &admin, id, event, now).await?;
    }
    transaction.commit().await?;
    app.sessions.revocations().note(&ended, now);
    super::note_act(&admin, Some(id), "roles");
    Ok(Json(user.into()))
}
