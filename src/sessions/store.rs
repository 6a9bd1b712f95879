//! The SQL of `sessions`.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::foundation::{KeptUnder, Limited, SessionId, TokenId, UserId};

use super::refresh_token::SecretHash;
use super::{CHANNEL, EndReason, Session};

/// What a session begins with, beside who signed in and how.
pub(super) struct Beginning<'a> {
    pub(super) user_agent: Option<&'a str>,
    pub(super) address: Limited,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) refresh_hash: SecretHash,
}

pub(super) async fn insert(
    executor: impl PgExecutor<'_>,
    session: &Session,
    beginning: &Beginning<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO sessions (
            id, user_id, amr, authenticated_at, created_at, last_seen_at, expires_at, user_agent,
            client_address, refresh_generation, refresh_hash
        )
        VALUES ($1, $2, $3, $4, $4, $4, $5, $6, $7::text::inet, 0, $8)
        "#,
        session.id as _,
        session.user as _,
        &session.amr(),
        session.authenticated_at,
        beginning.expires_at,
        beginning.user_agent,
        beginning.address.to_string(),
        beginning.refresh_hash.as_slice(),
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// One exchange of a refresh token for the next.
pub(super) struct Rotation<'a> {
    pub(super) session: SessionId,
    pub(super) generation: i32,
    pub(super) hash: SecretHash,
    pub(super) child_hash: SecretHash,
    pub(super) key_id: &'a str,
    pub(super) token_id: TokenId,
    /// A session that was not seen since then has run out.
    pub(super) idle_since: DateTime<Utc>,
    pub(super) now: DateTime<Utc>,
}

/// What goes on after a rotation.
pub(super) struct Rotated {
    pub(super) user: UserId,
    pub(super) amr: Vec<String>,
    pub(super) authenticated_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
}

/// Puts the child in the place of the token, for one of those who bring it, however many race.
pub(super) async fn rotate(
    executor: impl PgExecutor<'_>,
    rotation: &Rotation<'_>,
) -> sqlx::Result<Option<Rotated>> {
    sqlx::query_as!(
        Rotated,
        r#"
        UPDATE sessions
        SET refresh_generation = refresh_generation + 1, previous_refresh_hash = refresh_hash,
            refresh_hash = $4, refresh_key_id = $5, rotated_token_id = $6, rotated_at = $8,
            last_seen_at = $8
        WHERE id = $1 AND refresh_generation = $2 AND refresh_hash = $3 AND ended_at IS NULL
            AND expires_at > $8 AND last_seen_at > $7
        RETURNING user_id AS "user: _", amr, authenticated_at, expires_at AS "expires_at!"
        "#,
        rotation.session as _,
        rotation.generation,
        rotation.hash.as_slice(),
        rotation.child_hash.as_slice(),
        rotation.key_id,
        rotation.token_id as _,
        rotation.idle_since,
        rotation.now,
    )
    .fetch_optional(executor)
    .await
}

/// A session that has a refresh token and has not ended. It may have run out.
pub(super) struct Unended {
    pub(super) user: UserId,
    pub(super) amr: Vec<String>,
    pub(super) authenticated_at: DateTime<Utc>,
    pub(super) last_seen_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) generation: i32,
    pub(super) hash: Vec<u8>,
    pub(super) previous_hash: Option<Vec<u8>>,
    pub(super) key_id: Option<String>,
    pub(super) rotated_at: Option<DateTime<Utc>>,
    pub(super) rotated_token_id: Option<TokenId>,
}

pub(super) async fn find_unended(
    executor: impl PgExecutor<'_>,
    session: SessionId,
) -> sqlx::Result<Option<Unended>> {
    sqlx::query_as!(
        Unended,
        r#"
        SELECT user_id AS "user: _", amr, authenticated_at, last_seen_at AS "last_seen_at!",
            expires_at AS "expires_at!", refresh_generation AS "generation!",
            refresh_hash AS "hash!", previous_refresh_hash AS previous_hash,
            refresh_key_id AS key_id, rotated_at, rotated_token_id AS "rotated_token_id: _"
        FROM sessions
        WHERE id = $1 AND ended_at IS NULL AND refresh_hash IS NOT NULL
        "#,
        session as _,
    )
    .fetch_optional(executor)
    .await
}

/// Ends the sessions of `user` that have not ended, `only` one of them or all `but` one, and sends
/// the word that goes out with the transaction.
pub(super) async fn end(
    connection: &mut PgConnection,
    user: UserId,
    (only, but): (Option<SessionId>, Option<SessionId>),
    reason: EndReason,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<SessionId>> {
    sqlx::query_scalar!(
        r#"
        WITH ended AS (
            UPDATE sessions SET ended_at = $4, ended_as = $5
            WHERE user_id = $1 AND ended_at IS NULL AND ($2::uuid IS NULL OR id = $2)
                AND ($3::uuid IS NULL OR id <> $3)
            RETURNING id
        )
        SELECT ended.id AS "id: SessionId"
        FROM ended CROSS JOIN LATERAL pg_notify($6, ended.id::text)
        "#,
        user as _,
        only as Option<SessionId>,
        but as Option<SessionId>,
        now,
        reason.as_str(),
        CHANNEL,
    )
    .fetch_all(connection)
    .await
}

/// Whether the session is there and has not ended.
pub(super) async fn has_not_ended(
    executor: impl PgExecutor<'_>,
    session: SessionId,
) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT ended_at IS NULL AS "is_open!" FROM sessions WHERE id = $1"#,
        session as _,
    )
    .fetch_optional(executor)
    .await?;
    Ok(found.unwrap_or(false))
}

/// A session that ended, and when.
pub(super) struct Ended {
    pub(super) id: SessionId,
    pub(super) at: DateTime<Utc>,
}

/// The sessions that ended after `since`, at most so many, the newest first.
pub(super) async fn ended_since(
    executor: impl PgExecutor<'_>,
    since: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Ended>> {
    sqlx::query_as!(
        Ended,
        r#"
        SELECT id AS "id: _", ended_at AS "at!"
        FROM sessions
        WHERE ended_at > $1
        ORDER BY ended_at DESC
        LIMIT $2
        "#,
        since,
        limit,
    )
    .fetch_all(executor)
    .await
}

/// A session as its user sees it.
pub struct Listed {
    /// Its id.
    pub id: SessionId,
    /// The `User-Agent` that it began with.
    pub user_agent: Option<String>,
    /// Where it began: an IPv4 address, or the /64 of an IPv6 one.
    pub address: Option<String>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed, or began.
    pub last_seen_at: DateTime<Utc>,
}

/// From when on what must have happened for a session to live.
pub(super) struct Since {
    pub(super) seen: DateTime<Utc>,
    /// For sessions without a refresh token: their access tokens are younger than this.
    pub(super) begun: DateTime<Utc>,
}

/// The sessions of `user` that live, the one seen last first, at most so many.
pub(super) async fn list(
    executor: impl PgExecutor<'_>,
    user: UserId,
    since: &Since,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as!(
        Listed,
        r#"
        SELECT id AS "id: _", user_agent, CASE WHEN family(client_address) = 6
                THEN text(client_address) ELSE host(client_address) END AS address,
            created_at, coalesce(last_seen_at, created_at) AS "last_seen_at!"
        FROM sessions
        WHERE user_id = $1 AND ended_at IS NULL
            AND ((expires_at > $2 AND last_seen_at > $3) OR (expires_at IS NULL AND created_at > $4))
        ORDER BY coalesce(last_seen_at, created_at) DESC, id DESC
        LIMIT $5
        "#,
        user as _,
        now,
        since.seen,
        since.begun,
        limit,
    )
    .fetch_all(executor)
    .await
}

/// Deletes the sessions that sort before `first` and whose absolute limit, where they have one, was
/// before `expired`. The ids sort by time, so that the primary key leads to them.
pub(super) async fn delete_before(
    executor: impl PgExecutor<'_>,
    first: SessionId,
    expired: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!(
        "DELETE FROM sessions WHERE id < $1 AND (expires_at IS NULL OR expires_at < $2)",
        first as _,
        expired,
    )
    .execute(executor)
    .await?;
    Ok(deleted.rows_affected())
}

/// How many sessions that began before `begun_before` (`None`: at any time) can be refreshed by their first token, and
/// until when.
pub async fn first_tokens(
    executor: impl PgExecutor<'_>,
    idle: TimeDelta,
    begun_before: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> sqlx::Result<KeptUnder> {
    sqlx::query_as!(
        KeptUnder,
        r#"
        SELECT NULL::text AS key_id, count(*) AS "rows!",
            max(least(expires_at, last_seen_at + interval '1 second' * $1::bigint)) AS until
        FROM sessions
        WHERE ended_at IS NULL AND expires_at > $2
            AND last_seen_at > $2 - interval '1 second' * $1::bigint
            AND refresh_key_id IS NULL AND ($3::timestamptz IS NULL OR created_at < $3)
        "#,
        idle.num_seconds(),
        now,
        begun_before,
    )
    .fetch_one(executor)
    .await
}

/// How many sessions can be refreshed by a token that was derived under which key, and until when; without
/// a key: by their first token, which was not derived.
pub async fn kept_under(
    executor: impl PgExecutor<'_>,
    idle: TimeDelta,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<KeptUnder>> {
    sqlx::query_as!(
        KeptUnder,
        r#"
        SELECT refresh_key_id AS key_id, count(*) AS "rows!",
            max(least(expires_at, last_seen_at + interval '1 second' * $1::bigint)) AS until
        FROM sessions
        WHERE ended_at IS NULL AND expires_at > $2
            AND last_seen_at > $2 - interval '1 second' * $1::bigint
        GROUP BY refresh_key_id
        "#,
        idle.num_seconds(),
        now,
    )
    .fetch_all(executor)
    .await
}
