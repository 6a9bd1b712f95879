//! The extractor of administrators who have just proven who they are.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::foundation::UserId;
use crate::http::{Kind, Problem};
use crate::state::AppState;
use crate::users;

use super::bearer::Bearer;

/// How this extractor refuses: the problems of every endpoint that asks for it.
pub(super) const PROBLEMS: &[Kind] =
    &[Kind::TokenMissing, Kind::TokenInvalid, Kind::StepUpRequired, Kind::AdminRequired];

/// An administrator. The role is read fresh from the database, since a token outlives it; and the token
/// comes of a login with a code, fresh enough: [`Bearer::shows_fresh_code`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Admin {
    /// Who acts.
    pub(super) user: UserId,
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let bearer = Bearer::from_request_parts(parts, state).await?;
        let user = users::find(&state.database, bearer.0.sub).await?;
        let user = user.ok_or_else(|| Problem::new(Kind::TokenInvalid))?;
        // First: who is none anyway is not sent to log in for nothing.
        if !user.is_admin() {
            return Err(Problem::new(Kind::AdminRequired));
        }
        if !bearer.shows_fresh_code(state.clock.now()) {
            return Err(Problem::new(Kind::StepUpRequired));
        }
        Ok(Self { user: user.id })
    }
}
