//! The SQL of `audit_chain` and `audit_checkpoints`, and what the chain asks of `audit_events`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::foundation::{EventId, KeptUnder};

use super::chain::{BEGINNING, HASH_BYTES, Head, Link, Stored};

/// Names the lock that a sealer holds for a transaction: `ringseal`, as a number.
const LOCK: i64 = 0x7269_6e67_7365_616c;

/// Whether this transaction is the one that seals. Of the kind that ends with its transaction, so that it
/// works behind a pooler by the transaction, too.
pub(super) async fn take_turn(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let turn = sqlx::query_scalar!(r#"SELECT pg_try_advisory_xact_lock($1) AS "taken!""#, LOCK);
    turn.fetch_one(connection).await
}

/// Waits until no other transaction seals, as long as `lock_timeout` allows, and keeps others from it.
pub(super) async fn wait_for_turn(connection: &mut PgConnection) -> sqlx::Result<()> {
    let turn = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK);
    turn.execute(connection).await?;
    Ok(())
}

/// The last link, and when its event was.
pub(super) async fn head(
    executor: impl PgExecutor<'_>,
) -> sqlx::Result<Option<(Head, DateTime<Utc>)>> {
    let row = sqlx::query!(
        "SELECT position, chain_hash, event_at FROM audit_chain ORDER BY position DESC LIMIT 1"
    );
    let Some(row) = row.fetch_optional(executor).await? else { return Ok(None) };
    let head = Head { position: row.position, hash: fixed(&row.chain_hash)? };
    Ok(Some((head, row.event_at)))
}

/// Events from `since` on whose ids are in the chain nowhere, in the order of time. Two may have one id, put in
/// by hand; which of them is in the chain is for [`not_in_chain`] to tell.
pub(super) async fn unsealed(
    executor: impl PgExecutor<'_>,
    since: Option<DateTime<Utc>>,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    sqlx::query_as!(
        Stored,
        r#"
        SELECT id AS "id: _", created_at, event, outcome, user_id AS "user_id: _", actor,
            actor_id AS "actor_id: _", network::text, request_id, detail::text AS "detail!"
        FROM audit_events e
        WHERE ($1::timestamptz IS NULL OR created_at >= $1)
            AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.event_id = e.id)
        ORDER BY created_at, id
        LIMIT $2
        "#,
        since,
        limit,
    )
    .fetch_all(executor)
    .await
}

/// The first `limit` events that are in the chain nowhere: those of before `due`, and any whose id was sealed
/// with another event, since nothing ever seals them.
pub(super) async fn not_in_chain(
    executor: impl PgExecutor<'_>,
    due: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<EventId>> {
    sqlx::query_scalar!(
        r#"
        SELECT e.id AS "id: _"
        FROM audit_events e
        WHERE NOT EXISTS (
                SELECT FROM audit_chain c WHERE c.event_id = e.id AND c.event_at = e.created_at
            )
            AND (
                e.created_at < $1 OR EXISTS (SELECT FROM audit_chain c WHERE c.event_id = e.id)
            )
        ORDER BY e.created_at, e.id
        LIMIT $2
        "#,
        due,
        limit,
    )
    .fetch_all(executor)
    .await
}

/// Adds links, all or none. Two sealers that come to the same place, or to the same event, meet in the
/// keys of the table: one of them fails.
pub(super) async fn append(
    executor: impl PgExecutor<'_>,
    links: &[(Link, [u8; HASH_BYTES])],
    key_id: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let positions: Vec<i64> = links.iter().map(|(link, _)| link.position).collect();
    let events: Vec<EventId> = links.iter().map(|(link, _)| link.event).collect();
    let times: Vec<DateTime<Utc>> = links.iter().map(|(link, _)| link.event_at).collect();
    let event_hashes: Vec<Vec<u8>> = links.iter().map(|(it, _)| it.event_hash.to_vec()).collect();
    let chain_hashes: Vec<Vec<u8>> = links.iter().map(|(_, hash)| hash.to_vec()).collect();
    sqlx::query!(
        r#"
        INSERT INTO audit_chain
            (position, event_id, event_at, event_hash, chain_hash, key_id, sealed_at)
        SELECT position, event_id, event_at, event_hash, chain_hash, $6, $7
        FROM unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::bytea[], $5::bytea[])
            AS link (position, event_id, event_at, event_hash, chain_hash)
        "#,
        &positions,
        &events as _,
        &times,
        &event_hashes,
        &chain_hashes,
        key_id,
        now,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// A row of `audit_checkpoints`.
pub(super) struct Noted {
    pub(super) position: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) chain_hash: Vec<u8>,
    pub(super) kept_from: Option<DateTime<Utc>>,
    pub(super) mac: Vec<u8>,
    pub(super) key_id: String,
}

/// Writes a checkpoint down.
pub(super) async fn note(executor: impl PgExecutor<'_>, noted: &Noted) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO audit_checkpoints (position, created_at, chain_hash, kept_from, mac, key_id)
        VALUES ($1, $2, $3, $4, $5, $6)
        "#,
        noted.position,
        noted.created_at,
        noted.chain_hash,
        noted.kept_from,
        noted.mac,
        noted.key_id,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// When the newest checkpoint was noted.
pub(super) async fn last_noted(
    executor: impl PgExecutor<'_>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let last = sqlx::query_scalar!("SELECT max(created_at) FROM audit_checkpoints");
    last.fetch_one(executor).await
}

/// The last place of which a checkpoint is noted.
pub(super) async fn last_place_noted(executor: impl PgExecutor<'_>) -> sqlx::Result<Option<i64>> {
    let last = sqlx::query_scalar!("SELECT max(position) FROM audit_checkpoints");
    last.fetch_one(executor).await
}

/// The checkpoint after which the chain begins, where older months were dropped.
pub(super) async fn start(executor: impl PgExecutor<'_>) -> sqlx::Result<Option<Noted>> {
    sqlx::query_as!(
        Noted,
        r#"
        SELECT position, created_at, chain_hash, kept_from, mac, key_id
        FROM audit_checkpoints
        WHERE kept_from IS NOT NULL
        ORDER BY position DESC, created_at DESC
        LIMIT 1
        "#
    )
    .fetch_optional(executor)
    .await
}

/// Where a chain without links begins: after what was dropped of it.
pub(super) async fn first_head(connection: &mut PgConnection) -> sqlx::Result<Head> {
    let Some(start) = start(connection).await? else { return Ok(BEGINNING) };
    Ok(Head { position: start.position, hash: fixed(&start.chain_hash)? })
}

/// The first `limit` checkpoints after those of `after`, by their place.
pub(super) async fn checkpoints(
    executor: impl PgExecutor<'_>,
    after: (i64, DateTime<Utc>),
    limit: i64,
) -> sqlx::Result<Vec<Noted>> {
    sqlx::query_as!(
        Noted,
        r#"
        SELECT position, created_at, chain_hash, kept_from, mac, key_id
        FROM audit_checkpoints
        WHERE (position, created_at) > ($1, $2)
        ORDER BY position, created_at
        LIMIT $3
        "#,
        after.0,
        after.1,
        limit,
    )
    .fetch_all(executor)
    .await
}

/// A link as the database has it, and its event, if that is there.
pub(super) struct Linked {
    pub(super) position: i64,
    pub(super) event_id: EventId,
    pub(super) event_at: DateTime<Utc>,
    pub(super) event_hash: Vec<u8>,
    pub(super) chain_hash: Vec<u8>,
    pub(super) key_id: String,
    pub(super) stored: Option<Stored>,
}

/// The first `limit` links after `after`.
pub(super) async fn links(
    executor: impl PgExecutor<'_>,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<Linked>> {
    let rows = sqlx::query!(
        r#"
        SELECT c.position, c.event_id AS "event_id: EventId", c.event_at, c.event_hash, c.chain_hash,
            c.key_id, e.created_at AS "created_at?", e.event AS "event?", e.outcome AS "outcome?",
            e.user_id AS "user_id?: crate::foundation::UserId", e.actor AS "actor?",
            e.actor_id AS "actor_id?: crate::foundation::UserId", e.network::text,
            e.request_id AS "request_id?", e.detail::text AS "detail?"
        FROM audit_chain c
        LEFT JOIN audit_events e ON e.id = c.event_id AND e.created_at = c.event_at
        WHERE c.position > $1
        ORDER BY c.position
        LIMIT $2
        "#,
        after,
        limit,
    )
    .fetch_all(executor)
    .await?;
    let linked = rows.into_iter().map(|row| {
        let event = row.created_at.zip(row.event).zip(row.outcome).zip(row.actor).zip(row.detail);
        let stored = event.map(|((((created_at, event), outcome), actor), detail)| Stored {
            id: row.event_id,
            created_at,
            event,
            outcome,
            user_id: row.user_id,
            actor,
            actor_id: row.actor_id,
            network: row.network,
            request_id: row.request_id,
            detail,
        });
        Linked {
            position: row.position,
            event_id: row.event_id,
            event_at: row.event_at,
            event_hash: row.event_hash,
            chain_hash: row.chain_hash,
            key_id: row.key_id,
            stored,
        }
    });
    Ok(linked.collect())
}

/// The hash of the link at a place.
pub(super) async fn hash_at(
    executor: impl PgExecutor<'_>,
    position: i64,
) -> sqlx::Result<Option<Vec<u8>>> {
    let hash =
        sqlx::query_scalar!("SELECT chain_hash FROM audit_chain WHERE position = $1", position);
    hash.fetch_optional(executor).await
}

/// The last place before the first link whose event was at `time` or later: up to there nothing is
/// wanted that began later.
pub(super) async fn last_before(
    executor: impl PgExecutor<'_>,
    time: DateTime<Utc>,
) -> sqlx::Result<Option<i64>> {
    let last = sqlx::query_scalar!(
        r#"
        SELECT COALESCE(
            (SELECT min(position) - 1 FROM audit_chain WHERE event_at >= $1),
            (SELECT max(position) FROM audit_chain)
        )
        "#,
        time,
    );
    last.fetch_one(executor).await
}

/// Deletes the links up to that place. Only for the owner, and only in the transaction in which the place
/// is noted: the trigger that refuses it is off until the end of it.
pub(super) async fn cut(connection: &mut PgConnection, position: i64) -> sqlx::Result<u64> {
    let off = sqlx::query("ALTER TABLE audit_chain DISABLE TRIGGER audit_chain_append_only");
    off.execute(&mut *connection).await?;
    let cut = sqlx::query!("DELETE FROM audit_chain WHERE position <= $1", position);
    let cut = cut.execute(&mut *connection).await?;
    let on = sqlx::query("ALTER TABLE audit_chain ENABLE TRIGGER audit_chain_append_only");
    on.execute(connection).await?;
    Ok(cut.rows_affected())
}

/// What the columns of a hash hold: the database sees to their length.
pub(super) fn fixed(bytes: &[u8]) -> sqlx::Result<[u8; HASH_BYTES]> {
    bytes
        .try_into()
        .map_err(|_| sqlx::Error::Decode("a hash of the audit log has no 32 bytes".into()))
}

/// How many events were sealed under which key. Reads the whole chain.
pub async fn kept_under(database: &PgPool) -> sqlx::Result<Vec<KeptUnder>> {
    sqlx::query_as!(
        KeptUnder,
        r#"
        SELECT key_id AS "key_id?", count(*) AS "rows!", NULL::timestamptz AS until
        FROM audit_chain
        GROUP BY key_id
        "#,
    )
    .fetch_all(database)
    .await
}

/// Since when nothing was sealed but under the key `key_id`; `None`: nothing was, as yet. Reads the whole chain.
pub async fn sealed_alone_since(
    database: &PgPool,
    key_id: &str,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let since = sqlx::query_scalar!(
        r#"
        SELECT CASE WHEN bool_or(key_id = $1) THEN GREATEST(
            min(sealed_at) FILTER (WHERE key_id = $1), max(sealed_at) FILTER (WHERE key_id <> $1)
        ) END
        FROM audit_chain
        "#,
        key_id,
    );
    since.fetch_one(database).await
}
