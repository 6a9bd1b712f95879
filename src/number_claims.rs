//! Phone numbers that people without one want: while nobody has proven them, and while they are another's.
//!
//! Owns the table `number_claims`. Whoever has no number has one claim at most; codes of their logins go
//! there. The right one makes the number theirs, or, while somebody else has proven it before, begins a
//! release: the other has [`RELEASE_AFTER`] to prove it once more, which ends the release.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor};
use utoipa::ToSchema;

use crate::foundation::{PhoneNumber, UserId};

/// How long the one who has a number can keep it after somebody else has proven it.
pub const RELEASE_AFTER: TimeDelta = TimeDelta::days(30);
/// How long a claim lasts that nobody proves.
const PROVE_WITHIN: TimeDelta = TimeDelta::days(7);
/// How long a number can be had after its quarantine.
const TAKE_WITHIN: TimeDelta = TimeDelta::days(30);

/// Notes that `user`, who has no number, wants `number`. A claim of another one ends, and what was proven
/// for it.
pub async fn claim(
    executor: impl PgExecutor<'_>,
    user: UserId,
    number: &PhoneNumber,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO number_claims AS c (user_id, phone_number, created_at)
        VALUES ($1, $2, $3)
        ON CONFLICT (user_id) DO UPDATE
        SET phone_number = excluded.phone_number, created_at = excluded.created_at,
            proven_at = NULL, release_at = NULL, holder_id = NULL
        WHERE c.phone_number <> excluded.phone_number
        "#,
        user as _,
        number.e164(),
        now,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// The number that `user` wants, if any.
pub async fn wanted(
    executor: impl PgExecutor<'_>,
    user: UserId,
) -> sqlx::Result<Option<PhoneNumber>> {
    let stored =
        sqlx::query_scalar!("SELECT phone_number FROM number_claims WHERE user_id = $1", user as _)
            .fetch_optional(executor)
            .await?;
    let Some(stored) = stored else { return Ok(None) };
    let number = PhoneNumber::from_e164(&stored);
    let unreadable = || sqlx::Error::Decode("number_claims.phone_number is not E.164".into());
    number.map(Some).ok_or_else(unreadable)
}

/// Whether somebody other than `user` wants `number`.
pub async fn is_wanted_by_another(
    executor: impl PgExecutor<'_>,
    user: UserId,
    number: &PhoneNumber,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT FROM number_claims WHERE phone_number = $1 AND user_id <> $2
        ) AS "is_wanted!"
        "#,
        number.e164(),
        user as _,
    )
    .fetch_one(executor)
    .await
}

/// From when on `user` can have `number` from `holder`, if its release has begun. The row of the holder is
/// locked by then: whoever keeps a number writes that row first.
pub async fn release_at(
    connection: &mut PgConnection,
    user: UserId,
    number: &PhoneNumber,
    holder: UserId,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let release_at = sqlx::query_scalar!(
        r#"
        SELECT release_at FROM number_claims
        WHERE user_id = $1 AND phone_number = $2 AND holder_id = $3
        "#,
        user as _,
        number.e164(),
        holder as _,
    )
    .fetch_optional(connection)
    .await?;
    Ok(release_at.flatten())
}

/// Begins the release of `number`, which `user` has proven, by `holder`, who has proven it before. Returns
/// from when on `user` can have it; `None`: they have no such claim.
pub async fn begin_release(
    connection: &mut PgConnection,
    user: UserId,
    number: &PhoneNumber,
    holder: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let release_at = now + RELEASE_AFTER;
    let begun = sqlx::query!(
        r#"
        UPDATE number_claims SET holder_id = $3, proven_at = $4, release_at = $5
        WHERE user_id = $1 AND phone_number = $2
        "#,
        user as _,
        number.e164(),
        holder as _,
        now,
        release_at,
    )
    .execute(connection)
    .await?;
    Ok((begun.rows_affected() == 1).then_some(release_at))
}

/// Ends every release of `number`: its holder has proven it once more. The claims stay.
pub async fn keep(connection: &mut PgConnection, number: &str) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE number_claims SET holder_id = NULL, proven_at = NULL, release_at = NULL
        WHERE phone_number = $1 AND proven_at IS NOT NULL
        "#,
        number,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends the claim of `user`, whose number it is now. `false`: they had no such claim.
pub async fn fulfil(
    connection: &mut PgConnection,
    user: UserId,
    number: &PhoneNumber,
) -> sqlx::Result<bool> {
    let ended = sqlx::query!(
        "DELETE FROM number_claims WHERE user_id = $1 AND phone_number = $2",
        user as _,
        number.e164(),
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Deletes the claims that nobody has proven within a week, and those whose number nobody has fetched
/// within 30 days of its release. Returns their number.
pub async fn delete_expired(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!(
        r#"
        DELETE FROM number_claims
        WHERE (release_at IS NULL AND created_at <= $1) OR release_at <= $2
        "#,
        now - PROVE_WITHIN,
        now - TAKE_WITHIN,
    )
    .execute(executor)
    .await?;
    Ok(deleted.rows_affected())
}

/// The claim of a person, for the person: all of it but whose number it is. Not `Debug`: it is personal.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedNumberClaim)]
pub struct Exported {
    /// E.164.
    phone_number: String,
    created_at: DateTime<Utc>,
    proven_at: Option<DateTime<Utc>>,
    release_at: Option<DateTime<Utc>>,
}

/// What is stored of the number that `user` wants.
pub async fn export(executor: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<Option<Exported>> {
    sqlx::query_as!(
        Exported,
        r#"
        SELECT phone_number, created_at, proven_at, release_at FROM number_claims WHERE user_id = $1
        "#,
        user as _,
    )
    .fetch_optional(executor)
    .await
}
