//! Limits in PostgreSQL: one call decides about all keys, on its own, so that its commit waits for no
//! disk (the table is unlogged).

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::Counter;

/// So many rows are deleted at a time: a statement that anybody waits for would not be held up for long.
const BATCH: i64 = 1000;

/// Counts an event for each of `counters`, or for none. The `tat` of each as it was before, and whether
/// the event was counted.
pub(super) async fn take(
    database: &PgPool,
    counters: &[Counter],
    now: DateTime<Utc>,
) -> sqlx::Result<(Vec<DateTime<Utc>>, bool)> {
    let keys: Vec<Vec<u8>> = counters.iter().map(|it| it.key.to_vec()).collect();
    let steps: Vec<i64> = counters.iter().map(|it| it.rate.step_micros()).collect();
    let bursts: Vec<i64> = counters.iter().map(|it| it.rate.burst_micros()).collect();
    let rows = sqlx::query!(
        r#"
        SELECT tat_before AS "tat_before!", is_taken AS "is_taken!"
        FROM take_rate_limits($1, $2, $3, $4)
        "#,
        &keys,
        &steps,
        &bursts,
        now,
    )
    .fetch_all(database)
    .await?;
    let is_taken = rows.iter().all(|row| row.is_taken);
    Ok((rows.into_iter().map(|row| row.tat_before).collect(), is_taken))
}

/// Deletes the rows that say nothing any more, some at a time, and none that somebody is counting in.
pub(super) async fn delete_expired(database: &PgPool, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let mut deleted = 0;
    loop {
        let batch = sqlx::query!(
            r#"
            DELETE FROM rate_limits
            WHERE key IN (
                SELECT key FROM rate_limits WHERE expires_at <= $1
                ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
            ) AND expires_at <= $1
            "#,
            now,
            BATCH,
        )
        .execute(database)
        .await?
        .rows_affected();
        deleted += batch;
        if batch == 0 {
            return Ok(deleted);
        }
    }
}
