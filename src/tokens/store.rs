//! The SQL of `signing_keys`.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::foundation::KeptUnder;

use super::life::Life;

/// A key as stored: its private half encrypted.
pub(super) struct StoredKey {
    pub(super) id: String,
    pub(super) algorithm: String,
    pub(super) public_key: Vec<u8>,
    pub(super) encrypted_private_key: Vec<u8>,
    pub(super) encryption_key_id: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) signs_from: DateTime<Utc>,
    pub(super) retired_at: Option<DateTime<Utc>>,
    pub(super) token_seconds: Option<i32>,
}

impl StoredKey {
    pub(super) fn life(&self) -> Life {
        Life {
            signs_from: self.signs_from,
            retired_at: self.retired_at,
            token_seconds: self.token_seconds,
        }
    }
}

/// All keys, the newest first.
pub(super) async fn find_all(database: &PgPool) -> sqlx::Result<Vec<StoredKey>> {
    sqlx::query_as!(
        StoredKey,
        r#"
        SELECT id, algorithm, public_key, encrypted_private_key, encryption_key_id, created_at,
            COALESCE(signs_from, created_at) AS "signs_from!", retired_at, token_seconds
        FROM signing_keys
        ORDER BY COALESCE(signs_from, created_at) DESC, created_at DESC, id
        "#,
    )
    .fetch_all(database)
    .await
}

/// Writes the key unless there is one without a successor. Whether it was written.
pub(super) async fn insert_first(database: &PgPool, key: &StoredKey) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        r#"
        INSERT INTO signing_keys (
            id, algorithm, public_key, encrypted_private_key, encryption_key_id,
            created_at, signs_from, token_seconds
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT DO NOTHING
        "#,
        key.id,
        key.algorithm,
        key.public_key,
        key.encrypted_private_key,
        key.encryption_key_id,
        key.created_at,
        key.signs_from,
        key.token_seconds,
    )
    .execute(database)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Writes the key as the successor of `predecessor` unless that has one already. Whether it was
/// written. Of several who try together, one retires the predecessor, and only that one's key is
/// written.
pub(super) async fn insert_successor(
    database: &PgPool,
    predecessor: &str,
    key: &StoredKey,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        r#"
        WITH predecessor AS (
            UPDATE signing_keys SET retired_at = $7
            WHERE id = $9 AND retired_at IS NULL
            RETURNING id
        )
        INSERT INTO signing_keys (
            id, algorithm, public_key, encrypted_private_key, encryption_key_id,
            created_at, signs_from, token_seconds
        )
        SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM predecessor
        "#,
        key.id,
        key.algorithm,
        key.public_key,
        key.encrypted_private_key,
        key.encryption_key_id,
        key.created_at,
        key.signs_from,
        key.token_seconds,
        predecessor,
    )
    .execute(database)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Deletes every key and writes this one. How many were deleted.
pub(super) async fn replace_all(database: &PgPool, key: &StoredKey) -> sqlx::Result<u64> {
    let mut transaction = database.begin().await?;
    // A successor that is being written elsewhere would be missed by the deletion. Readers go on.
    sqlx::query!("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *transaction)
        .await?;
    let deleted =
        sqlx::query!("DELETE FROM signing_keys").execute(&mut *transaction).await?.rows_affected();
    sqlx::query!(
        r#"
        INSERT INTO signing_keys (
            id, algorithm, public_key, encrypted_private_key, encryption_key_id,
            created_at, signs_from, token_seconds
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        key.id,
        key.algorithm,
        key.public_key,
        key.encrypted_private_key,
        key.encryption_key_id,
        key.created_at,
        key.signs_from,
        key.token_seconds,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(deleted)
}

/// Notes that keys which sign have tokens that live for so long.
pub(super) async fn note_token_seconds(
    database: &PgPool,
    seconds: i32,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE signing_keys SET token_seconds = $1
        WHERE token_seconds IS NULL
            OR token_seconds < $1 AND (retired_at IS NULL OR retired_at > $2)
        "#,
        seconds,
        now,
    )
    .execute(database)
    .await?;
    Ok(())
}

/// Puts the private half, encrypted anew, in place of what the key was read with.
pub(super) async fn reencrypt(
    database: &PgPool,
    key: &StoredKey,
    encrypted_private_key: &[u8],
    encryption_key_id: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE signing_keys SET encrypted_private_key = $1, encryption_key_id = $2
        WHERE id = $3 AND encryption_key_id = $4
        "#,
        encrypted_private_key,
        encryption_key_id,
        key.id,
        key.encryption_key_id,
    )
    .execute(database)
    .await?;
    Ok(())
}

/// Deletes these keys, those that are retired.
pub(super) async fn delete(database: &PgPool, ids: &[String]) -> sqlx::Result<u64> {
    let deleted = sqlx::query!(
        "DELETE FROM signing_keys WHERE id = ANY($1) AND retired_at IS NOT NULL",
        ids,
    )
    .execute(database)
    .await?;
    Ok(deleted.rows_affected())
}

/// How many keys are encrypted under which `SECRET_KEY`.
pub(super) async fn kept_under(database: &PgPool) -> sqlx::Result<Vec<KeptUnder>> {
    sqlx::query_as!(
        KeptUnder,
        r#"
        SELECT encryption_key_id AS "key_id?", count(*) AS "rows!", NULL::timestamptz AS until
        FROM signing_keys
        GROUP BY encryption_key_id
        "#,
    )
    .fetch_all(database)
    .await
}
