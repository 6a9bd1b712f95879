//! Passwords that somebody has forgotten and wants to set anew by a code.
//!
//! Owns the table `reset_tickets`. A ticket binds the code to the request that it was sent for. Whoever
//! asks is given one, so that it tells nobody who has an account; nobody's ticket is good for nothing.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor};
use utoipa::ToSchema;

use crate::foundation::{Limited, OpaqueToken, TokenHash, UserId};

/// How long a reset may take from asking to the code.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// A reset that waits for its code.
#[derive(Clone, Debug)]
pub struct PendingReset {
    /// Whose password it is; nobody's where nobody was found.
    pub user: Option<UserId>,
    ticket: TokenHash,
}

/// Notes that a reset was asked for from `address`, for `user` or for somebody who is not there.
pub async fn issue(
    executor: impl PgExecutor<'_>,
    ticket: &OpaqueToken,
    user: Option<UserId>,
    address: Limited,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO reset_tickets (ticket_hash, user_id, client_address, created_at, expires_at)
        VALUES ($1, $2, $3::text::inet, $4, $5)
        "#,
        ticket.hash() as _,
        user as _,
        address.to_string(),
        now,
        now + LIFETIME,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// The reset that `ticket` belongs to, if it still waits.
pub async fn find(
    executor: impl PgExecutor<'_>,
    ticket: &OpaqueToken,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<PendingReset>> {
    sqlx::query_as!(
        PendingReset,
        r#"
        SELECT user_id AS "user: _", ticket_hash AS "ticket: _"
        FROM reset_tickets
        WHERE ticket_hash = $1 AND expires_at > $2
        "#,
        ticket.hash() as _,
        now,
    )
    .fetch_optional(executor)
    .await
}

/// Uses the ticket up. `true` for exactly one caller, however many race.
pub async fn consume(
    connection: &mut PgConnection,
    reset: &PendingReset,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let consumed = sqlx::query!(
        "DELETE FROM reset_tickets WHERE ticket_hash = $1 AND expires_at > $2",
        reset.ticket.clone() as _,
        now,
    )
    .execute(connection)
    .await?;
    Ok(consumed.rows_affected() == 1)
}

/// Makes every ticket of `user` worthless: the password has changed since.
pub async fn revoke(connection: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM reset_tickets WHERE user_id = $1", user as _)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes the tickets that have run out. Returns their number.
pub async fn delete_expired(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!("DELETE FROM reset_tickets WHERE expires_at <= $1", now)
        .execute(executor)
        .await?;
    Ok(deleted.rows_affected())
}

/// A row of a person, for the person: all of it but the ticket's hash.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedReset)]
pub struct Exported {
    /// Where it was asked for: an IPv4 address, or an IPv6 /64 network.
    client_address: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// What is stored of `user`'s resets.
pub async fn export(executor: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<Vec<Exported>> {
    sqlx::query_as!(
        Exported,
        r#"
        SELECT abbrev(client_address) AS "client_address!", created_at, expires_at
        FROM reset_tickets
        WHERE user_id = $1
        ORDER BY created_at
        "#,
        user as _,
    )
    .fetch_all(executor)
    .await
}
