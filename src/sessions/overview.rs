//! A user's sessions as operators look at them: those that have ended, too.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::foundation::{SessionId, UserId};

/// A session, from outside.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The claim `sid` of its tokens.
    pub id: SessionId,
    /// How its user was authenticated: the claim `amr`.
    pub amr: Vec<String>,
    /// When.
    pub authenticated_at: DateTime<Utc>,
    /// When it was last refreshed, where it can be.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// `User-Agent` of the sign-in.
    pub user_agent: Option<String>,
    /// Where it began: an IPv4 address, or the /64 of an IPv6 one. `None` for sessions of before this was
    /// noted.
    pub address: Option<String>,
    /// When it was ended; `None` while it lives.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it was ended.
    pub ended_as: Option<String>,
}

/// The sessions of `user`, the newest first, at most `limit`.
pub async fn of_user(
    executor: impl PgExecutor<'_>,
    user: UserId,
    limit: u32,
) -> sqlx::Result<Vec<Overview>> {
    sqlx::query_as!(
        Overview,
        r#"
        SELECT id AS "id: _", amr, authenticated_at, last_seen_at, user_agent,
            CASE WHEN family(client_address) = 6
                THEN text(client_address) ELSE host(client_address) END AS address,
            ended_at, ended_as
        FROM sessions
        WHERE user_id = $1
        ORDER BY id DESC
        LIMIT $2
        "#,
        user as _,
        i64::from(limit),
    )
    .fetch_all(executor)
    .await
}
