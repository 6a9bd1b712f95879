//! The SQL of `totp_seeds`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor, PgPool};
use utoipa::ToSchema;

use crate::foundation::{KeptUnder, UserId};

use super::Step;

/// A seed as it is stored.
pub(super) struct Stored {
    pub(super) seed: Vec<u8>,
    pub(super) key_id: String,
}

/// Writes a seed down that does not count yet, in place of one that does not. `false`: one counts.
pub(super) async fn begin(
    executor: impl PgExecutor<'_>,
    user: UserId,
    seed: &[u8],
    key_id: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let begun = sqlx::query!(
        r#"
        INSERT INTO totp_seeds AS t (user_id, seed, key_id, created_at, last_step)
        VALUES ($1, $2, $3, $4, 0)
        ON CONFLICT (user_id) DO UPDATE
        SET seed = $2, key_id = $3, created_at = $4, last_step = 0
        WHERE t.confirmed_at IS NULL
        "#,
        user as _,
        seed,
        key_id,
        now,
    )
    .execute(executor)
    .await?;
    Ok(begun.rows_affected() == 1)
}

pub(super) async fn find(
    executor: impl PgExecutor<'_>,
    user: UserId,
    is_confirmed: bool,
) -> sqlx::Result<Option<Stored>> {
    sqlx::query_as!(
        Stored,
        r#"
        SELECT seed, key_id
        FROM totp_seeds
        WHERE user_id = $1 AND (confirmed_at IS NOT NULL) = $2
        "#,
        user as _,
        is_confirmed,
    )
    .fetch_optional(executor)
    .await
}

/// Whether codes of an app count for `user`.
///
/// # Errors
/// The database failed.
pub async fn is_on(executor: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<bool> {
    let is_on = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT FROM totp_seeds WHERE user_id = $1 AND confirmed_at IS NOT NULL
        ) AS "on!"
        "#,
        user as _,
    );
    is_on.fetch_one(executor).await
}

/// Makes the seed count, and uses `step` up. `true` for exactly one caller, however many race.
///
/// # Errors
/// The database failed.
pub async fn confirm(
    connection: &mut PgConnection,
    user: UserId,
    step: Step,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let confirmed = sqlx::query!(
        r#"
        UPDATE totp_seeds SET confirmed_at = $3, last_step = $2
        WHERE user_id = $1 AND confirmed_at IS NULL AND last_step < $2
        "#,
        user as _,
        step.number(),
        now,
    )
    .execute(connection)
    .await?;
    Ok(confirmed.rows_affected() == 1)
}

/// Uses `step` up, and all before it. `true` for exactly one caller, however many race.
///
/// # Errors
/// The database failed.
pub async fn use_step(
    connection: &mut PgConnection,
    user: UserId,
    step: Step,
) -> sqlx::Result<bool> {
    let spent = sqlx::query!(
        r#"
        UPDATE totp_seeds SET last_step = $2
        WHERE user_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2
        "#,
        user as _,
        step.number(),
    )
    .execute(connection)
    .await?;
    Ok(spent.rows_affected() == 1)
}

/// Takes the app away, or the beginning of one; where `since` is given, only one that was added, or begun, then
/// or later. Whether its codes counted.
///
/// # Errors
/// The database failed.
pub async fn remove(
    connection: &mut PgConnection,
    user: UserId,
    since: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let removed = sqlx::query_scalar!(
        r#"
        DELETE FROM totp_seeds
        WHERE user_id = $1 AND ($2::timestamptz IS NULL OR COALESCE(confirmed_at, created_at) >= $2)
        RETURNING confirmed_at IS NOT NULL AS "counted!"
        "#,
        user as _,
        since,
    );
    Ok(removed.fetch_optional(connection).await? == Some(true))
}

/// A row of a person, for the person: all of it but the seed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedTotp)]
pub struct Exported {
    created_at: DateTime<Utc>,
    /// From when on its codes counted; `null`: not yet.
    confirmed_at: Option<DateTime<Utc>>,
}

/// What is stored of `user`'s app.
///
/// # Errors
/// The database failed.
pub async fn export(executor: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<Option<Exported>> {
    sqlx::query_as!(
        Exported,
        "SELECT created_at, confirmed_at FROM totp_seeds WHERE user_id = $1",
        user as _,
    )
    .fetch_optional(executor)
    .await
}

/// A seed of somebody, as it is stored.
pub(super) struct StoredOf {
    pub(super) user_id: UserId,
    pub(super) seed: Vec<u8>,
    pub(super) key_id: String,
}

/// The next seeds after that of `after` that another key than `key_id` has encrypted.
pub(super) async fn under_another_key(
    database: &PgPool,
    key_id: &str,
    after: Option<UserId>,
    limit: i64,
) -> sqlx::Result<Vec<StoredOf>> {
    sqlx::query_as!(
        StoredOf,
        r#"
        SELECT user_id AS "user_id: _", seed, key_id
        FROM totp_seeds
        WHERE key_id <> $1 AND ($2::uuid IS NULL OR user_id > $2)
        ORDER BY user_id LIMIT $3
        "#,
        key_id,
        after as _,
        limit,
    )
    .fetch_all(database)
    .await
}

/// Puts the same seed, encrypted anew, in the place of `old`. How many rows it was: none where somebody was
/// faster.
pub(super) async fn reencrypt(
    database: &PgPool,
    old: &StoredOf,
    seed: &[u8],
    key_id: &str,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "UPDATE totp_seeds SET seed = $3, key_id = $4 WHERE user_id = $1 AND seed = $2",
        old.user_id as _,
        old.seed,
        seed,
        key_id,
    );
    Ok(done.execute(database).await?.rows_affected())
}

pub(super) async fn kept_under(database: &PgPool) -> sqlx::Result<Vec<KeptUnder>> {
    sqlx::query_as!(
        KeptUnder,
        r#"
        SELECT key_id AS "key_id?", count(*) AS "rows!", NULL::timestamptz AS until
        FROM totp_seeds
        GROUP BY key_id
        "#,
    )
    .fetch_all(database)
    .await
}
