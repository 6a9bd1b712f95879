//! Ending sessions, and telling every replica of it.
//!
//! Whoever ends a session does it here, in the transaction of its reason: the word goes out when that
//! commits, and not at all when it does not. What a replica makes of the word is elsewhere.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::foundation::{Metric, SessionId, UserId};

use super::store;

/// The channel of NOTIFY; the payload is the id of a session that has ended.
pub const CHANNEL: &str = "ringfence_sessions_ended";

/// Which sessions of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// That one.
    One(SessionId),
    /// All but that one.
    Others(SessionId),
    /// All.
    All,
}

/// Why a session ends: the column `ended_as`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Its user logged out.
    Logout,
    /// The password was changed.
    PasswordChange,
    /// The password was reset.
    PasswordReset,
    /// The phone number was changed.
    PhoneChange,
    /// A refresh token came that was used up: somebody has a copy.
    Reuse,
    /// The user was locked.
    Lock,
    /// The user was deleted.
    Delete,
    /// Ended from another session, by an administrator, or by RFC 7009.
    Revoked,
}

impl EndReason {
    /// As it stands in `ended_as`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::PasswordChange => "password_change",
            Self::PasswordReset => "password_reset",
            Self::PhoneChange => "phone_change",
            Self::Reuse => "reuse",
            Self::Lock => "lock",
            Self::Delete => "delete",
            Self::Revoked => "revoked",
        }
    }
}

/// Whether the session has not ended, as the transaction of `connection` sees it. For what must not slip
/// past an end: asked once the user's row is held, which whoever ends sessions for a reason holds, too.
pub async fn is_open(connection: &mut PgConnection, session: SessionId) -> sqlx::Result<bool> {
    store::has_not_ended(connection, session).await
}

/// Ends those of `which` that live and belong to `user`, and tells every replica once the transaction
/// commits. Returns the ones that this call has ended: one that had ended before is not among them.
///
/// Every replica hears of it within a second. To have this one know at once, hand them to
/// [`super::Revocations::note`] after the commit.
pub async fn end(
    connection: &mut PgConnection,
    user: UserId,
    which: Which,
    reason: EndReason,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<SessionId>> {
    let bounds = match which {
        Which::One(session) => (Some(session), None),
        Which::Others(session) => (None, Some(session)),
        Which::All => (None, None),
    };
    let ended = store::end(connection, user, bounds, reason, now).await?;
    Metric::SessionsEnded.add_many(&[reason.as_str()], ended.len() as u64);
    Ok(ended)
}
