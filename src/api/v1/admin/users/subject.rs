//! Whom a path names: `{id}`, and `{sid}` where it is about a session.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use crate::foundation::{SessionId, UserId};
use crate::http::{Kind, Problem};

/// The user `{id}`. What is no id is the id of nobody.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct Subject(pub(super) UserId);

/// The session `{sid}`.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct SubjectSession(pub(super) SessionId);

impl<S: Send + Sync> FromRequestParts<S> for Subject {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id = parameter(parts, state, "id", UserId::parse).await;
        id.map(Self).ok_or_else(super::no_such_user)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SubjectSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id = parameter(parts, state, "sid", SessionId::parse).await;
        id.map(Self).ok_or_else(no_such_session)
    }
}

/// Somebody else's session, one that has ended and what is no id are all alike: not there.
pub(super) fn no_such_session() -> Problem {
    Problem::new(Kind::NotFound).detail("There is no such session.")
}

async fn parameter<S: Send + Sync, T>(
    parts: &mut Parts,
    state: &S,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let parameters = RawPathParams::from_request_parts(parts, state).await.ok()?;
    let found = parameters.iter().find(|(found, _)| *found == name);
    found.and_then(|(_, value)| parse(value))
}
