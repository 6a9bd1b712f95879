//! Logins whose password was right and whose code is still to come.
//!
//! Owns the table `login_tickets`. A ticket binds the code to the password: with it the right code
//! finishes that login and no other.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor};
use utoipa::ToSchema;

use crate::foundation::{Limited, OpaqueToken, TokenHash, UserId};

/// How long a login may take from password to code.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// A login that waits for its code.
#[derive(Clone, Debug)]
pub struct PendingLogin {
    /// Whose it is.
    pub user: UserId,
    ticket: TokenHash,
}

/// Notes that `user` has proven the password from `address`.
pub async fn issue(
    executor: impl PgExecutor<'_>,
    ticket: &OpaqueToken,
    user: UserId,
    address: Limited,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO login_tickets (ticket_hash, user_id, client_address, created_at, expires_at)
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

/// The login that `ticket` belongs to, if it still waits.
pub async fn find(
    executor: impl PgExecutor<'_>,
    ticket: &OpaqueToken,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<PendingLogin>> {
    sqlx::query_as!(
        PendingLogin,
        r#"
        SELECT user_id AS "user: _", ticket_hash AS "ticket: _"
        FROM login_tickets
        WHERE ticket_hash = $1 AND consumed_at IS NULL AND expires_at > $2
        "#,
        ticket.hash() as _,
        now,
    )
    .fetch_optional(executor)
    .await
}

/// The newest login of `user` that waits and came from `address`: for clients that keep no ticket.
/// Does the same work where there is no user.
pub async fn find_from_address(
    executor: impl PgExecutor<'_>,
    user: Option<UserId>,
    address: Limited,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<PendingLogin>> {
    sqlx::query_as!(
        PendingLogin,
        r#"
        SELECT user_id AS "user: _", ticket_hash AS "ticket: _"
        FROM login_tickets
        WHERE user_id = $1 AND client_address = $2::text::inet AND consumed_at IS NULL
            AND expires_at > $3
        ORDER BY created_at DESC
        LIMIT 1
        "#,
        user as _,
        address.to_string(),
        now,
    )
    .fetch_optional(executor)
    .await
}

/// Uses the ticket up. `true` for exactly one caller, however many race.
pub async fn consume(
    connection: &mut PgConnection,
    login: &PendingLogin,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let consumed = sqlx::query!(
        r#"
        UPDATE login_tickets SET consumed_at = $2
        WHERE ticket_hash = $1 AND consumed_at IS NULL AND expires_at > $2
        "#,
        login.ticket.clone() as _,
        now,
    )
    .execute(connection)
    .await?;
    Ok(consumed.rows_affected() == 1)
}

/// Makes every ticket of `user` worthless: the password that was proven for it is none any more.
///
/// To be called before the user's row is held, since a login that ends holds its ticket first, and once more when it
/// is: a ticket is issued with that row held, perhaps between the two.
pub async fn revoke(connection: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM login_tickets WHERE user_id = $1", user as _)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes the tickets that have run out. Returns their number.
pub async fn delete_expired(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!("DELETE FROM login_tickets WHERE expires_at <= $1", now)
        .execute(executor)
        .await?;
    Ok(deleted.rows_affected())
}

/// A row of a person, for the person: all of it but the ticket's hash.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedLogin)]
pub struct Exported {
    /// Where the password came from: an IPv4 address, or an IPv6 /64 network.
    client_address: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    consumed_at: Option<DateTime<Utc>>,
}

/// What is stored of `user`'s logins.
pub async fn export(executor: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<Vec<Exported>> {
    sqlx::query_as!(
        Exported,
        r#"
        SELECT abbrev(client_address) AS "client_address!", created_at, expires_at, consumed_at
        FROM login_tickets
        WHERE user_id = $1
        ORDER BY created_at
        "#,
        user as _,
    )
    .fetch_all(executor)
    .await
}
