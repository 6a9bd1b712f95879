//! Signing up, logging in, and what becomes of a session.

mod claim;
pub(in crate::api) mod code;
mod first_login;
pub(super) mod input;
pub(in crate::api) mod introspect;
pub(in crate::api) mod login;
pub(in crate::api) mod logout;
pub(in crate::api) mod password;
pub(in crate::api::v1) mod password_proof;
mod pending;
pub(in crate::api) mod phone;
pub(in crate::api) mod refresh;
mod refresh_token;
pub(in crate::api) mod register;
pub(in crate::api) mod request_otp;
pub(in crate::api) mod revoke;
pub(in crate::api) mod session;
pub(in crate::api) mod sessions;
mod signed_in;
pub(in crate::api) mod verify_email;
pub(in crate::api) mod verify_otp;
pub(in crate::api::v1) mod verify_totp;

use axum::http::HeaderMap;
use tracing::warn;

use crate::api::bearer;
use crate::api::trail::{self, By};
use crate::audit::Event;
use crate::foundation::{SessionId, UserId};
use crate::http::{Client, Problem};
use crate::sessions::{EndReason, Which, end};
use crate::state::App;

/// Ends sessions of `user` where nothing else is to happen with it. Returns how many.
pub(in crate::api::v1) async fn end_sessions(
    app: &App,
    by: impl Into<By<'_>>,
    user: UserId,
    which: Which,
    reason: EndReason,
) -> Result<usize, Problem> {
    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    let ended = end(&mut transaction, user, which, reason, now).await?;
    if !ended.is_empty() {
        let event = Event::SessionsEnded { reason: reason.as_str(), sessions_ended: ended.len() };
        trail::record(app, &mut transaction, by, user, event, now).await?;
    }
    transaction.commit().await?;
    app.sessions.revocations().note(&ended, now);
    Ok(ended.len())
}

/// Whose session, and which, an access or refresh token of ours is of; `None` for any other text.
async fn owner_of(app: &App, token: &str) -> Result<Option<(SessionId, UserId)>, Problem> {
    match app.tokens.check(&app.database, token, app.clock.now()).await {
        Ok(claims) => Ok(Some((claims.sid, claims.sub))),
        Err(_) => Ok(app.sessions.find_owner(&app.database, token).await?),
    }
}

/// Ends the session that a login has come with, by bearer token or cookie: it gives way to the one that has
/// begun (OWASP ASVS 5.0, 7.2.4). The login is good whether that succeeds or not.
async fn end_brought(app: &App, client: &Client, headers: &HeaderMap) {
    let brought =
        [bearer::token(headers).ok().map(str::to_owned), refresh_token::in_cookie(headers)];
    for token in brought.into_iter().flatten() {
        if let Err(problem) = end_by_token(app, client, &token).await {
            let cause = problem.kind().entry().code;
            warn!(cause, "the session that a login has come with could not be ended");
        }
    }
}

/// Ends the session of that token, if there is one.
async fn end_by_token(app: &App, client: &Client, token: &str) -> Result<(), Problem> {
    if let Some((session, user)) = owner_of(app, token).await? {
        end_sessions(app, client, user, Which::One(session), EndReason::Revoked).await?;
    }
    Ok(())
}
