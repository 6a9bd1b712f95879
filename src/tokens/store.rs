//! The SQL of `signing_keys`.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// A key as stored: its private half encrypted.
pub(super) struct StoredKey {
    pub(super) id: String,
    pub(super) public_key: Vec<u8>,
    pub(super) encrypted_private_key: Vec<u8>,
    pub(super) encryption_key_id: String,
    pub(super) retired: bool,
}

/// All keys, the newest first.
pub(super) async fn find_all(database: &PgPool) -> sqlx::Result<Vec<StoredKey>> {
    sqlx::query_as!(
        StoredKey,
        r#"
        SELECT id, public_key, encrypted_private_key, encryption_key_id,
            retired_at IS NOT NULL AS "retired!"
        FROM signing_keys
        WHERE algorithm = 'EdDSA'
        ORDER BY created_at DESC
        "#,
    )
    .fetch_all(database)
    .await
}

/// Writes the key unless another is active.
pub(super) async fn insert_if_none_active(
    database: &PgPool,
    key: &StoredKey,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO signing_keys (
            id, algorithm, public_key, encrypted_private_key, encryption_key_id, created_at
        )
        VALUES ($1, 'EdDSA', $2, $3, $4, $5)
        ON CONFLICT (algorithm) WHERE retired_at IS NULL DO NOTHING
        "#,
        key.id,
        key.public_key,
        key.encrypted_private_key,
        key.encryption_key_id,
        now,
    )
    .execute(database)
    .await?;
    Ok(())
}
