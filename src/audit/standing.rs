//! How the log stands, and that nobody but its owner may change what is in it.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

use crate::database;

use super::chain_store;
use super::partitions::{Month, partitions};

/// How far back is looked for events that nobody has sealed.
const LOOK_BACK: TimeDelta = TimeDelta::days(1);

/// How the log stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Tables of it whose rows the role that is connected could change or delete, but for triggers.
    pub changeable: Vec<String>,
    /// Whether the partition of the next month is there.
    pub has_next_month: bool,
    /// When the oldest event of the last day was that is not sealed yet.
    pub unsealed_since: Option<DateTime<Utc>>,
}

/// How the log stands, for the role that is connected.
///
/// # Errors
/// The database failed.
pub async fn standing(database: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Standing> {
    let mut connection = database.acquire().await?;
    let tables = tables(&mut connection).await?;
    let changeable = tables.into_iter().filter(|table| table.is_changeable);
    let changeable = changeable.map(|table| table.name).collect();
    let has_next_month = partitions(&mut connection).await?.contains(&Month::of(now).next());
    let unsealed = chain_store::unsealed(&mut *connection, Some(now - LOOK_BACK), 1).await?;
    let unsealed_since = unsealed.first().map(|event| event.created_at);
    Ok(Standing { changeable, has_next_month, unsealed_since })
}

/// Takes from every role but the owner what would change the log. Default privileges of a schema give that
/// on each table that is made, and know no exceptions.
///
/// # Errors
/// The database failed, or this role does not own the log.
pub(super) async fn withhold_changes(connection: &mut PgConnection) -> sqlx::Result<()> {
    let names: Vec<String> =
        tables(&mut *connection).await?.into_iter().map(|table| table.name).collect();
    database::withhold(connection, &names, &["UPDATE", "DELETE", "TRUNCATE"]).await
}

/// A table that is only ever added to.
struct Table {
    name: String,
    /// By the grants of the role that is connected.
    is_changeable: bool,
}

async fn tables(connection: &mut PgConnection) -> sqlx::Result<Vec<Table>> {
    sqlx::query_as!(
        Table,
        r#"
        SELECT c.relname::text AS "name!",
            has_table_privilege(c.oid, 'UPDATE, DELETE') AS "is_changeable!"
        FROM pg_class c
        LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
        WHERE c.oid IN (
                'audit_events'::regclass, 'audit_chain'::regclass, 'audit_checkpoints'::regclass
            )
            OR i.inhparent = 'audit_events'::regclass
        ORDER BY 1
        "#
    )
    .fetch_all(connection)
    .await
}
