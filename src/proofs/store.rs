//! The SQL of spent proofs.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

/// Spends the proof with this hash; `false` where it was spent before. One statement, so that of all who
/// bring one proof at a time, on whichever replica, one is let through.
pub(super) async fn spend(
    executor: impl PgExecutor<'_>,
    hash: &[u8; 32],
    keep_until: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        r#"
        INSERT INTO spent_proofs (proof_hash, keep_until) VALUES ($1, $2)
        ON CONFLICT (proof_hash) DO NOTHING
        "#,
        hash.as_slice(),
        keep_until,
    )
    .execute(executor)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Deletes what need not be kept. Returns how many.
pub(super) async fn delete_expired(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!("DELETE FROM spent_proofs WHERE keep_until <= $1", now)
        .execute(executor)
        .await?;
    Ok(deleted.rows_affected())
}
