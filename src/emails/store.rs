//! The SQL of `email_outbox`.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::foundation::{EmailId, KeptUnder, UserId};

/// A row to be.
pub(super) struct NewEntry<'a> {
    pub(super) id: EmailId,
    pub(super) user: Option<UserId>,
    pub(super) recipient: &'a str,
    pub(super) template: &'static str,
    pub(super) locale: Option<&'a str>,
    pub(super) variables: Vec<u8>,
    pub(super) key_id: &'a str,
    /// Under which no second one is written.
    pub(super) once_key: Option<String>,
}

/// A row whose turn it is. Nobody else takes it before `next_attempt_at`.
pub(super) struct Entry {
    pub(super) id: EmailId,
    pub(super) recipient: String,
    pub(super) template: String,
    pub(super) locale: Option<String>,
    pub(super) variables: Vec<u8>,
    pub(super) key_id: String,
    pub(super) attempts: i16,
    pub(super) next_attempt_at: DateTime<Utc>,
    pub(super) created_at: DateTime<Utc>,
}

/// How long the waits between attempts are.
pub(super) struct Backoff {
    /// After the first attempt; each further wait is twice the one before.
    pub(super) first: TimeDelta,
    /// No wait is longer.
    pub(super) longest: TimeDelta,
}

/// What is left of an e-mail that will not be sent again.
#[derive(Clone, Copy)]
pub(super) enum End {
    Sent,
    Failed,
}

impl End {
    fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// Writes an e-mail down. `false`: there is one under its `once_key`.
pub(super) async fn add(
    connection: &mut PgConnection,
    entry: NewEntry<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let added = sqlx::query!(
        r#"
        INSERT INTO email_outbox (
            id, user_id, recipient, template, locale, variables, key_id, once_key, state, attempts,
            next_attempt_at, created_at
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', 0, $9, $9)
        ON CONFLICT (once_key) DO NOTHING
        "#,
        entry.id as _,
        entry.user as _,
        entry.recipient,
        entry.template,
        entry.locale,
        entry.variables,
        entry.key_id,
        entry.once_key,
        now,
    )
    .execute(connection)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// How many e-mails are still to be sent.
pub(super) async fn count_waiting(executor: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "waiting!" FROM email_outbox WHERE state = 'queued'"#)
        .fetch_one(executor)
        .await
}

/// Takes the e-mail that has been due for longest. Counts the attempt and says when the next one is
/// due in the same statement: of several workers one gets it, and if that one dies another comes
/// back to it then.
pub(super) async fn take_due(
    executor: impl PgExecutor<'_>,
    backoff: &Backoff,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"
        UPDATE email_outbox
        SET attempts = attempts + 1,
            next_attempt_at = $1 + interval '1 second'
                * least($2::bigint * power(2, least(attempts, 30)), $3::bigint)
        WHERE id = (
            SELECT id FROM email_outbox
            WHERE state = 'queued' AND next_attempt_at <= $1
            ORDER BY next_attempt_at
            LIMIT 1
            FOR UPDATE SKIP LOCKED
        )
        RETURNING id AS "id: _", recipient AS "recipient!", template, locale,
            variables AS "variables!", key_id AS "key_id!", attempts, next_attempt_at, created_at
        "#,
        now,
        backoff.first.num_seconds(),
        backoff.longest.num_seconds(),
    )
    .fetch_optional(executor)
    .await
}

/// Ends an e-mail and forgets to whom it was and what it told. Only whoever made the attempt may:
/// nothing happens where another one has begun since.
pub(super) async fn end(
    executor: impl PgExecutor<'_>,
    entry: &Entry,
    end: End,
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let ended = sqlx::query!(
        r#"
        UPDATE email_outbox
        SET state = $3, failure = $4, ended_at = $5, recipient = NULL, variables = NULL,
            key_id = NULL
        WHERE id = $1 AND attempts = $2 AND state = 'queued'
        "#,
        entry.id as _,
        entry.attempts,
        end.as_str(),
        failure,
        now,
    )
    .execute(executor)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Notes why the attempt came to nothing; the next one is due already.
pub(super) async fn note_failure(
    executor: impl PgExecutor<'_>,
    entry: &Entry,
    failure: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE email_outbox SET failure = $3
        WHERE id = $1 AND attempts = $2 AND state = 'queued'
        "#,
        entry.id as _,
        entry.attempts,
        failure,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Deletes what ended before then. Returns how many.
pub(super) async fn delete_ended(
    executor: impl PgExecutor<'_>,
    before: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let deleted =
        sqlx::query!("DELETE FROM email_outbox WHERE ended_at <= $1", before).execute(executor);
    Ok(deleted.await?.rows_affected())
}

/// How many e-mails wait under which key.
pub async fn kept_under(executor: impl PgExecutor<'_>) -> sqlx::Result<Vec<KeptUnder>> {
    sqlx::query_as!(
        KeptUnder,
        r#"
        SELECT key_id, count(*) AS "rows!", NULL::timestamptz AS until
        FROM email_outbox
        WHERE state = 'queued'
        GROUP BY key_id
        "#,
    )
    .fetch_all(executor)
    .await
}

/// What an e-mail that waits tells, and under which key.
pub(super) struct Sealed {
    pub(super) id: EmailId,
    pub(super) key_id: String,
    pub(super) variables: Vec<u8>,
}

/// At most `limit` e-mails after `after` that wait under another key than this, in the order of their ids.
pub(super) async fn sealed_otherwise(
    executor: impl PgExecutor<'_>,
    key_id: &str,
    after: Option<EmailId>,
    limit: i64,
) -> sqlx::Result<Vec<Sealed>> {
    sqlx::query_as!(
        Sealed,
        r#"
        SELECT id AS "id: _", key_id AS "key_id!", variables AS "variables!"
        FROM email_outbox
        WHERE state = 'queued' AND key_id <> $1 AND ($2::uuid IS NULL OR id > $2)
        ORDER BY id
        LIMIT $3
        "#,
        key_id,
        after as _,
        limit,
    )
    .fetch_all(executor)
    .await
}

/// Puts these in the place of what was read under the key that each names, where it still waits under
/// that one. Returns how many.
pub(super) async fn reseal(
    executor: impl PgExecutor<'_>,
    renewed: &[Sealed],
    key_id: &str,
) -> sqlx::Result<u64> {
    let ids: Vec<Uuid> = renewed.iter().map(|it| Uuid::from_bytes(*it.id.as_bytes())).collect();
    let read_with: Vec<String> = renewed.iter().map(|it| it.key_id.clone()).collect();
    let variables: Vec<Vec<u8>> = renewed.iter().map(|it| it.variables.clone()).collect();
    let resealed = sqlx::query!(
        r#"
        UPDATE email_outbox SET variables = renewed.variables, key_id = $4
        FROM unnest($1::uuid[], $2::text[], $3::bytea[]) AS renewed (id, read_with, variables)
        WHERE email_outbox.id = renewed.id AND email_outbox.key_id = renewed.read_with
            AND email_outbox.state = 'queued'
        "#,
        &ids,
        &read_with,
        &variables,
        key_id,
    )
    .execute(executor)
    .await?;
    Ok(resealed.rows_affected())
}
