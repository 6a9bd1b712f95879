//! The extractor of administrators who have just proven who they are.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::audit::Event;
use crate::foundation::UserId;
use crate::http::{Client, Kind, Problem};
use crate::rate_limits::{Action, Subject};
use crate::state::AppState;
use crate::users;

use super::bearer::Bearer;
use super::limits;
use super::trail;

/// How this extractor refuses: the problems of every endpoint that asks for it.
pub(super) const PROBLEMS: &[Kind] =
    &[Kind::TokenMissing, Kind::TokenInvalid, Kind::StepUpRequired, Kind::AdminRequired];

/// An administrator. The role is read fresh from the database, since a token outlives it; and the token
/// comes of a login with a code, fresh enough: [`Bearer::shows_fresh_code`].
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
        let bearer = Bearer::from_request_parts(parts, state).await?;
        let user = users::find(&state.database, bearer.0.sub).await?;
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
        if !bearer.shows_fresh_code(state.clock.now()) {
            return Err(refusal(Kind::StepUpRequired).await);
        }
        Ok(Self { user: user.id, client })
    }
}
