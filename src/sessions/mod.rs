//! Sign-ins: what access tokens refer to in `sid`.
//!
//! Owns the table `sessions`.

mod ending;
mod export;

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::foundation::{SessionId, UserId};

pub use ending::{CHANNEL, EndReason, Which, end};
pub use export::{Exported, export};

/// A way in which somebody was authenticated, by the names of RFC 8176 where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The password.
    Password,
    /// A one-time code.
    OneTimeCode,
    /// … that came as a text message.
    Sms,
    /// … that was spoken in a call.
    Call,
}

impl Method {
    /// As it stands in the claim `amr`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::OneTimeCode => "otp",
            Self::Sms => "sms",
            Self::Call => "tel",
        }
    }
}

/// A successful sign-in.
#[derive(Clone, Debug)]
pub struct Session {
    /// The claim `sid`.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// How.
    pub methods: Vec<Method>,
    /// When: the claim `auth_time`.
    pub authenticated_at: DateTime<Utc>,
}

impl Session {
    /// The claim `amr`.
    pub fn amr(&self) -> Vec<String> {
        self.methods.iter().map(|method| method.as_str().to_owned()).collect()
    }
}

/// Whether `user` has signed in, or gone on with a session, after `since`. Does the same work where there
/// is no user.
pub async fn is_active_since(
    executor: impl PgExecutor<'_>,
    user: Option<UserId>,
    since: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT FROM sessions
            WHERE user_id = $1 AND GREATEST(authenticated_at, last_seen_at) > $2
        ) AS "is_active!"
        "#,
        user as _,
        since,
    )
    .fetch_one(executor)
    .await
}

/// Opens the session.
pub async fn open(executor: impl PgExecutor<'_>, session: &Session) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO sessions (id, user_id, amr, authenticated_at, created_at)
        VALUES ($1, $2, $3, $4, $4)
        "#,
        session.id as _,
        session.user as _,
        &session.amr(),
        session.authenticated_at,
    )
    .execute(executor)
    .await?;
    Ok(())
}
