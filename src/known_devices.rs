//! Devices that have given a right code: what `OTP_POLICY=new-device` asks, and which wrong passwords of
//! others do not shut out.
//!
//! Owns the table `known_devices`. A device is known by an opaque token that it keeps (OWASP,
//! "device cookies"), never by its address or its name, which anybody can take on.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor};
use utoipa::ToSchema;

use crate::foundation::{OpaqueToken, UserId};

/// How long a device stays known after a right code, or after a login by the password from it.
pub const LIFETIME: TimeDelta = TimeDelta::days(90);
/// A device that is used is written down again no more often than this.
const RENEWED_AFTER: TimeDelta = TimeDelta::days(1);

/// Makes the device that keeps `token` known for `user`.
pub async fn remember(
    connection: &mut PgConnection,
    token: &OpaqueToken,
    user: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO known_devices (token_hash, user_id, created_at, expires_at)
        VALUES ($1, $2, $3, $4)
        "#,
        token.hash() as _,
        user as _,
        now,
        now + LIFETIME,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether the device that keeps `token` is known for `user`. Does the same work where there is no user.
pub async fn is_known(
    executor: impl PgExecutor<'_>,
    token: &OpaqueToken,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT FROM known_devices WHERE token_hash = $1 AND user_id = $2 AND expires_at > $3
        ) AS "known!"
        "#,
        token.hash() as _,
        user as Option<UserId>,
        now,
    )
    .fetch_one(executor)
    .await
}

/// The person has logged in from the device that keeps `token`: it stays known from now on. Nothing is
/// done for one that has been forgotten meanwhile.
pub async fn renew(
    executor: impl PgExecutor<'_>,
    token: &OpaqueToken,
    user: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE known_devices
        SET expires_at = $3
        WHERE token_hash = $1 AND user_id = $2 AND expires_at < $4
        "#,
        token.hash() as _,
        user as _,
        now + LIFETIME,
        now + LIFETIME - RENEWED_AFTER,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Whether any device is known for `user`.
pub async fn any(
    executor: impl PgExecutor<'_>,
    user: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT FROM known_devices WHERE user_id = $1 AND expires_at > $2
        ) AS "any!"
        "#,
        user as _,
        now,
    )
    .fetch_one(executor)
    .await
}

/// Forgets every device of `user`.
pub async fn forget(connection: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM known_devices WHERE user_id = $1", user as _)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets the devices whose time has run out. Returns their number.
pub async fn delete_expired(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!("DELETE FROM known_devices WHERE expires_at <= $1", now)
        .execute(executor)
        .await?;
    Ok(deleted.rows_affected())
}

/// A row of a person, for the person: all of it but the token's hash.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedDevice)]
pub struct Exported {
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// What is stored of `user`'s devices.
pub async fn export(executor: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<Vec<Exported>> {
    sqlx::query_as!(
        Exported,
        "SELECT created_at, expires_at FROM known_devices WHERE user_id = $1 ORDER BY created_at",
        user as _,
    )
    .fetch_all(executor)
    .await
}
