//! Signing up, logging in, and what becomes of a session.

mod claim;
pub(in crate::api) mod code;
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

use crate::api::trail::{self, By};
use crate::audit::Event;
use crate::foundation::UserId;
use crate::http::Problem;
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
