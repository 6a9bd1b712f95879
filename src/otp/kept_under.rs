//! What is kept under which key of `SECRET_KEY`: codes that are live, and the numbers of the ledger.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::foundation::KeptUnder;

/// How many live codes of our own were hashed under which key, where codes live in PostgreSQL, and when
/// the last of them runs out.
pub async fn codes_kept_under(
    database: &PgPool,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<KeptUnder>> {
    sqlx::query_as!(
        KeptUnder,
        r#"
        SELECT code_key_id AS key_id, count(*) AS "rows!", max(expires_at) AS until
        FROM otp_challenges
        WHERE ended_at IS NULL AND expires_at > $1 AND code_key_id IS NOT NULL
        GROUP BY code_key_id
        "#,
        now,
    )
    .fetch_all(database)
    .await
}

/// How many rows of the ledger that are somebody's name their number under which key. Reads the whole of
/// it. No request asks for these numbers; who looks for one by hand needs the key.
pub async fn numbers_kept_under(database: &PgPool) -> sqlx::Result<Vec<KeptUnder>> {
    sqlx::query_as!(
        KeptUnder,
        r#"
        SELECT number_key_id AS "key_id?", count(*) AS "rows!", NULL::timestamptz AS until
        FROM messages
        WHERE user_id IS NOT NULL
        GROUP BY number_key_id
        "#,
    )
    .fetch_all(database)
    .await
}
