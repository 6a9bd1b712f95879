//! `GET /api/v1/auth/sessions` and `DELETE /api/v1/auth/sessions/{id}`: where somebody is signed in.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::bearer::Bearer;
use crate::api::v1::account;
use crate::foundation::SessionId;
use crate::http::{Client, Kind, Problem};
use crate::places::Places;
use crate::sessions::{EndReason, Listed, Which, device_name};
use crate::state::AppState;

/// The problems of the list, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::TokenMissing, Kind::TokenInvalid];

/// The problems of ending one, beside those of every endpoint.
pub(in crate::api) const END_PROBLEMS: &[Kind] =
    &[Kind::TokenMissing, Kind::TokenInvalid, Kind::StepUpRequired, Kind::NotFound];

/// Where the bearer is signed in.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct SessionsAnswer {
    /// The one seen last first, at most 200.
    sessions: Vec<SessionItem>,
}

/// One of the sessions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct SessionItem {
    id: SessionId,
    /// What it began on, as the device called itself.
    #[schema(example = "Firefox on Linux")]
    device: String,
    /// Where it began: an IPv4 address, or the /64 of an IPv6 one. Not there for sessions of before
    /// this was noted.
    #[schema(example = "203.0.113.7")]
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Where that is, roughly: city and country, or what of them is known. Not there where the server has
    /// no table of places (`GEOIP_FILE`), nor for addresses that the table does not know.
    #[schema(example = "Stockholm, Sweden")]
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// When it began.
    created_at: DateTime<Utc>,
    /// When it was last refreshed, or began.
    last_seen_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionItem {
    fn new(listed: Listed, current: SessionId, places: Option<&Places>) -> Self {
        Self {
            id: listed.id,
            device: device_name(listed.user_agent.as_deref()),
            place: places.zip(listed.address.as_deref()).and_then(|(all, at)| all.find(at)),
            address: listed.address,
            created_at: listed.created_at,
            last_seen_at: listed.last_seen_at,
            current: listed.id == current,
        }
    }
}

/// List the sessions
///
/// Where the bearer is signed in.
#[utoipa::path(get, path = "/api/v1/auth/sessions", tag = "auth", operation_id = "sessions",
    security(("bearer" = [])),
    responses((status = 200, description = "The sessions that live.", body = SessionsAnswer)))]
pub(in crate::api) async fn sessions(
    State(app): State<AppState>,
    Bearer(claims): Bearer,
) -> Result<Json<SessionsAnswer>, Problem> {
    let listed = app.sessions.list(&app.database, claims.sub, app.clock.now()).await?;
    let places = app.places.as_ref();
    let items = listed.into_iter().map(|it| SessionItem::new(it, claims.sid, places));
    Ok(Json(SessionsAnswer { sessions: items.collect() }))
}

/// End a session
///
/// One of the bearer's own, for instance on a device that is lost.
#[utoipa::path(delete, path = "/api/v1/auth/sessions/{id}", tag = "auth",
    operation_id = "endSession", security(("bearer" = [])),
    params(("id" = String, Path, description = "As the list has it.", format = "uuid")),
    responses((status = 204, description = "It has ended.")))]
pub(in crate::api) async fn end_session(
    State(app): State<AppState>,
    client: Client,
    bearer: Bearer,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let user = account::read(&app, &bearer).await?;
    account::require_fresh_login(&app, &bearer, &user)?;
    let Bearer(claims) = bearer;
    // Somebody else's session, one that has ended and what is no id are all alike: not there.
    let missing = || Problem::new(Kind::NotFound).detail("There is no such session.");
    let Path(id) = id.map_err(|_| missing())?;
    let which = Which::One(SessionId::parse(&id).ok_or_else(missing)?);
    let ended = super::end_sessions(&app, &client, claims.sub, which, EndReason::Revoked).await?;
    if ended == 0 {
        return Err(missing());
    }
    Ok(StatusCode::NO_CONTENT)
}
