//! The extractor of administrators who have just proven who they are.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};

use crate::audit::Event;
use crate::foundation::UserId;
use crate::http::{Client, Kind, Problem, STEP_UP_MAX_AGE};
use crate::rate_limits::{Action, Subject};
use crate::sessions::Method;
use crate::state::AppState;
use crate::tokens::Claims;
use crate::users;

use super::bearer::Bearer;
use super::limits;
use super::trail;

/// How this extractor refuses: the problems of every endpoint that asks for it.
pub(super) const PROBLEMS: &[Kind] =
    &[Kind::TokenMissing, Kind::TokenInvalid, Kind::StepUpRequired, Kind::AdminRequired];

/// An administrator. The role is read fresh from the database, since a token outlives it; and the token
/// comes of a login with a code, at most [`STEP_UP_MAX_AGE`] ago. Refreshing a token does not make its
/// login younger.
#[derive(Clone, Debug)]
pub(super) struct Admin {
    /// Who acts.
    pub(super) user: UserId,
    /// From where.
    pub(super) client: Client,
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Bearer(claims) = Bearer::from_request_parts(parts, state).await?;
        let user = users::find(&state.database, claims.sub).await?;
        let user = user.ok_or_else(|| Problem::new(Kind::TokenInvalid))?;
        let Ok(client) = Client::from_request_parts(parts, state).await;
        let refusal = async |kind: Kind| {
            let event = Event::AdminRefused { reason: kind.entry().code };
            trail::refuse(state, &client, Some(user.id), event, Problem::new(kind)).await
        };
        // First: who is none anyway is not sent to log in for nothing.
        if !user.is_admin() {
            return Err(refusal(Kind::AdminRequired).await);
        }
        limits::take(state, Action::Administer, &[Subject::User(user.id)]).await?;
        if !shows_fresh_code(&claims, state.clock.now()) {
            return Err(refusal(Kind::StepUpRequired).await);
        }
        Ok(Self { user: user.id, client })
    }
}

fn shows_fresh_code(claims: &Claims, now: DateTime<Utc>) -> bool {
    let has_code = claims.amr.iter().any(|method| method == Method::OneTimeCode.as_str());
    let age = now.timestamp().saturating_sub(claims.auth_time);
    has_code && age <= STEP_UP_MAX_AGE.num_seconds()
}
