//! The SQL of `guard_scopes` and `guard_decisions`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::rules::{Record, ScopeKind};
use super::scopes::Scopes;
use super::verdict::Records;

/// A scope by its name. In the order in which rows are held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) kind: ScopeKind,
    pub(super) key: String,
}

/// A decision that is to be written down.
#[derive(Clone, Copy)]
pub(super) struct Decision<'a> {
    pub(super) outcome: &'static str,
    pub(super) is_enforced: bool,
    pub(super) decided_by: Option<&'static str>,
    pub(super) opens_at: Option<DateTime<Utc>>,
    pub(super) charged: &'a [String],
}

/// A code that was sent, and whose number is now proven.
pub(super) struct Verified {
    pub(super) block: String,
    pub(super) charged: Vec<String>,
}

/// How the scopes stood when they were last written.
pub(super) async fn read_scopes(database: &PgPool, places: &[Place]) -> sqlx::Result<Records> {
    let (kinds, keys) = columns(places);
    let rows = sqlx::query!(
        r#"
        SELECT kind, debt, strikes, opens_at, paid_at, as_of
        FROM guard_scopes
        WHERE (kind, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))
        "#,
        &kinds,
        &keys,
    )
    .fetch_all(database)
    .await?;
    let records = rows.into_iter().map(|row| {
        let (debt, strikes) = (row.debt, row.strikes);
        let (opens_at, paid_at, as_of) = (row.opens_at, row.paid_at, row.as_of);
        Ok((read_kind(&row.kind)?, Record { debt, strikes, opens_at, paid_at, as_of }))
    });
    records.collect()
}

/// The same with the rows held, and made where there were none. Everybody holds them in one order.
pub(super) async fn hold_scopes(
    connection: &mut PgConnection,
    places: &[Place],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<(Place, Record)>> {
    let (kinds, keys) = columns(places);
    let rows = sqlx::query!(
        r#"
        INSERT INTO guard_scopes AS g (kind, key, debt, strikes, as_of)
        SELECT kind, key, 0, 0, $3
        FROM unnest($1::text[], $2::text[]) AS place (kind, key)
        ORDER BY kind, key
        ON CONFLICT (kind, key) DO UPDATE SET as_of = g.as_of
        RETURNING kind, key, debt, strikes, opens_at, paid_at, as_of
        "#,
        &kinds,
        &keys,
        now,
    )
    .fetch_all(connection)
    .await?;
    let held = rows.into_iter().map(|row| {
        let (debt, strikes) = (row.debt, row.strikes);
        let (opens_at, paid_at, as_of) = (row.opens_at, row.paid_at, row.as_of);
        let place = Place { kind: read_kind(&row.kind)?, key: row.key };
        Ok((place, Record { debt, strikes, opens_at, paid_at, as_of }))
    });
    held.collect()
}

/// Writes rows that are held.
pub(super) async fn write_scopes(
    connection: &mut PgConnection,
    changed: &[(Place, Record)],
) -> sqlx::Result<()> {
    let places: Vec<_> = changed.iter().map(|(place, _)| place.clone()).collect();
    let (kinds, keys) = columns(&places);
    let records = changed.iter().map(|(_, record)| record);
    let debts: Vec<f64> = records.clone().map(|record| record.debt).collect();
    let strikes: Vec<i16> = records.clone().map(|record| record.strikes).collect();
    let opens_at: Vec<Option<DateTime<Utc>>> =
        records.clone().map(|record| record.opens_at).collect();
    let paid_at: Vec<Option<DateTime<Utc>>> =
        records.clone().map(|record| record.paid_at).collect();
    let as_of: Vec<DateTime<Utc>> = records.map(|record| record.as_of).collect();
    sqlx::query!(
        r#"
        UPDATE guard_scopes AS g
        SET debt = n.debt, strikes = n.strikes, opens_at = n.opens_at, paid_at = n.paid_at,
            as_of = n.as_of
        FROM unnest(
            $1::text[], $2::text[], $3::float8[], $4::smallint[], $5::timestamptz[], $6::timestamptz[],
            $7::timestamptz[]
        ) AS n (kind, key, debt, strikes, opens_at, paid_at, as_of)
        WHERE g.kind = n.kind AND g.key = n.key
        "#,
        &kinds,
        &keys,
        &debts,
        &strikes,
        &opens_at as &[Option<DateTime<Utc>>],
        &paid_at as &[Option<DateTime<Utc>>],
        &as_of,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes a decision down; its id.
pub(super) async fn add(
    executor: impl PgExecutor<'_>,
    scopes: &Scopes,
    mac: &[u8],
    decision: &Decision<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        INSERT INTO guard_decisions
            (decided_at, outcome, is_enforced, decided_by, opens_at, number_mac, prefix, country, block,
             charged)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        RETURNING id
        "#,
        now,
        decision.outcome,
        decision.is_enforced,
        decision.decided_by,
        decision.opens_at,
        mac,
        scopes.prefix,
        scopes.country,
        scopes.block.as_deref().unwrap_or_default(),
        decision.charged,
    )
    .fetch_one(executor)
    .await
}

/// Whether a code has gone to the number since then that nobody has entered.
pub(super) async fn was_sent_to(
    database: &PgPool,
    mac: &[u8],
    since: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT FROM guard_decisions
            WHERE number_mac = $1 AND decided_at > $2 AND verified_at IS NULL
                AND (outcome = 'send' OR NOT is_enforced)
        ) AS "is_there!"
        "#,
        mac,
        since,
    )
    .fetch_one(database)
    .await
}

/// Notes that the codes that went to the number since then have proven it, each once.
pub(super) async fn mark_verified(
    connection: &mut PgConnection,
    mac: &[u8],
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Verified>> {
    sqlx::query_as!(
        Verified,
        r#"
        UPDATE guard_decisions
        SET verified_at = $3
        WHERE number_mac = $1 AND decided_at > $2 AND verified_at IS NULL
            AND (outcome = 'send' OR NOT is_enforced)
        RETURNING block, charged
        "#,
        mac,
        since,
        now,
    )
    .fetch_all(connection)
    .await
}

/// Notes who has taken a code.
pub(super) async fn note_provider(database: &PgPool, id: i64, provider: &str) -> sqlx::Result<()> {
    sqlx::query!("UPDATE guard_decisions SET provider = $2 WHERE id = $1", id, provider)
        .execute(database)
        .await?;
    Ok(())
}

/// Deletes a decision that nothing has come of; what it was charged to. `None`: it has been deleted, or
/// its number is proven.
pub(super) async fn delete_decision(
    connection: &mut PgConnection,
    id: i64,
) -> sqlx::Result<Option<Vec<String>>> {
    sqlx::query_scalar!(
        "DELETE FROM guard_decisions WHERE id = $1 AND verified_at IS NULL RETURNING charged",
        id,
    )
    .fetch_optional(connection)
    .await
}

/// Forgets whose numbers the decisions before then were on.
pub(super) async fn forget_numbers(database: &PgPool, before: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE guard_decisions
        SET number_mac = NULL
        WHERE number_mac IS NOT NULL AND decided_at < $1
        "#,
        before,
    )
    .execute(database)
    .await?;
    Ok(())
}

/// Deletes the decisions before `sends_before`, and before `refusals_before` those that sent nothing.
pub(super) async fn delete_decisions(
    database: &PgPool,
    sends_before: DateTime<Utc>,
    refusals_before: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!(
        r#"
        DELETE FROM guard_decisions
        WHERE decided_at < $1
            OR (decided_at < $2 AND is_enforced AND outcome <> 'send')
        "#,
        sends_before,
        refusals_before,
    )
    .execute(database)
    .await?;
    Ok(deleted.rows_affected())
}

/// Deletes the scopes that nothing was charged to since then.
pub(super) async fn delete_scopes(database: &PgPool, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let deleted =
        sqlx::query!("DELETE FROM guard_scopes WHERE as_of < $1", before).execute(database).await?;
    Ok(deleted.rows_affected())
}

/// How many of each group stood how, for the report: every scope of that kind that is named.
pub(super) async fn read_named(
    database: &PgPool,
    kind: ScopeKind,
    keys: &[String],
) -> sqlx::Result<BTreeMap<String, Record>> {
    let rows = sqlx::query!(
        r#"
        SELECT key, debt, strikes, opens_at, paid_at, as_of
        FROM guard_scopes
        WHERE kind = $1 AND key = ANY ($2)
        "#,
        kind.as_str(),
        keys,
    )
    .fetch_all(database)
    .await?;
    let records = rows.into_iter().map(|row| {
        let (debt, strikes) = (row.debt, row.strikes);
        let (opens_at, paid_at, as_of) = (row.opens_at, row.paid_at, row.as_of);
        (row.key, Record { debt, strikes, opens_at, paid_at, as_of })
    });
    Ok(records.collect())
}

fn columns(places: &[Place]) -> (Vec<String>, Vec<String>) {
    places.iter().map(|place| (place.kind.as_str().to_owned(), place.key.clone())).unzip()
}

/// The table takes no other.
fn read_kind(name: &str) -> sqlx::Result<ScopeKind> {
    let kind = ScopeKind::parse(name);
    kind.ok_or_else(|| sqlx::Error::Decode("guard_scopes.kind is unknown".into()))
}
