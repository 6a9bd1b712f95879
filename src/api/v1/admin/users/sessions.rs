//! `/api/v1/admin/users/{id}/sessions`: where a user is signed in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::admin::Admin;
use crate::api::v1::auth::end_sessions;
use crate::foundation::SessionId;
use crate::http::{Kind, Problem, Query};
use crate::places::Places;
use crate::sessions::{EndReason, Overview, Which, of_user};
use crate::state::AppState;
use crate::users;

use super::list;
use super::subject::{Subject, SubjectSession};

/// The problems of the list, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::ValidationFailed, Kind::UserNotFound];

/// The problems of ending all, beside those of every endpoint.
pub(in crate::api) const END_PROBLEMS: &[Kind] = &[Kind::UserNotFound];

/// The problems of ending one, beside those of every endpoint.
pub(in crate::api) const END_ONE_PROBLEMS: &[Kind] = &[Kind::NotFound, Kind::UserNotFound];

/// Where a user is signed in.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct UserSessions {
    /// The newest first, those that have ended too.
    sessions: Vec<SessionRecord>,
}

/// A session as administrators see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct SessionRecord {
    id: SessionId,
    /// How the user was authenticated (RFC 8176).
    #[schema(example = json!(["pwd", "otp", "sms"]))]
    amr: Vec<String>,
    /// When.
    authenticated_at: DateTime<Utc>,
    /// When it was last refreshed, or began.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_at: Option<DateTime<Utc>>,
    /// What the device called itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    /// Where it began, roughly: city and country, or what of them is known. Not there where the server has
    /// no table of places (`GEOIP_FILE`), nor for addresses that the table does not know.
    #[schema(example = "Stockholm, Sweden")]
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// When it was ended. One that has run out was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<DateTime<Utc>>,
    /// Why: `logout`, `password_change`, `password_reset`, `phone_change`, `reuse`, `lock`, `delete` or
    /// `revoked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_as: Option<String>,
}

impl SessionRecord {
    fn new(session: Overview, places: Option<&Places>) -> Self {
        Self {
            id: session.id,
            amr: session.amr,
            authenticated_at: session.authenticated_at,
            last_seen_at: session.last_seen_at,
            user_agent: session.user_agent,
            place: places.zip(session.address.as_deref()).and_then(|(all, at)| all.find(at)),
            ended_at: session.ended_at,
            ended_as: session.ended_as,
        }
    }
}

/// List a user's sessions
#[utoipa::path(get, path = "/api/v1/admin/users/{id}/sessions", tag = "admin",
    operation_id = "adminListSessions", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The user's id."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "At most so many; 20 unless said."),
    ),
    responses((status = 200, description = "The sessions.", body = UserSessions)))]
pub(in crate::api) async fn sessions(
    State(app): State<AppState>,
    admin: Admin,
    Subject(id): Subject,
    Query(mut fields): Query,
) -> Result<Json<UserSessions>, Problem> {
    let limit = list::read_limit(&mut fields);
    let limit = fields.finish(Some(limit))?;
    users::find(&app.database, id).await?.ok_or_else(super::no_such_user)?;
    let sessions = of_user(&app.database, id, limit).await?;
    super::note_look(&app, &admin, Some(id), "sessions").await?;
    let places = app.places.as_ref();
    let records = sessions.into_iter().map(|it| SessionRecord::new(it, places));
    Ok(Json(UserSessions { sessions: records.collect() }))
}

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
    end_sessions(&app, &admin, id, Which::All, EndReason::Revoked).await?;
    super::note_act(&admin, Some(id), "end-sessions");
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
    if end_sessions(&app, &admin, id, Which::One(session), EndReason::Revoked).await? == 0 {
        return Err(super::subject::no_such_session());
    }
    super::note_act(&admin, Some(id), "end-session");
    Ok(StatusCode::NO_CONTENT)
}
