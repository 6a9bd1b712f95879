//! Months of the log: made ahead, and dropped when they have been kept for long enough. Both are for the
//! owner of the schema; `serve` may do neither.
//!
//! A month that nobody has made ahead has its events in the default partition, and keeps them there: they
//! cannot be moved, and need not be.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use super::chain::Head;
use super::chain_store;
use super::seal::Sealer;
use super::standing::withhold_changes;

/// How many months are made: the present one and those after it. An operator who rolls out once a year
/// needs no timer.
const AHEAD: u32 = 13;

/// A month in UTC, written `2026-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i32,
    /// From 1 to 12.
    month: u32,
}

/// A text is no month.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a month is written like 2026-03, of a year from 2000 to 9998")]
pub struct MonthError;

impl Month {
    /// The one that `time` is in.
    pub fn of(time: DateTime<Utc>) -> Self {
        Self { year: time.year(), month: time.month() }
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self { year, month: 12 } => Self { year: year + 1, month: 1 },
            Self { year, month } => Self { year, month: month + 1 },
        }
    }

    /// When it begins.
    pub fn begins(self) -> DateTime<Utc> {
        let first = NaiveDate::from_ymd_opt(self.year, self.month, 1).unwrap_or(NaiveDate::MAX);
        first.and_time(chrono::NaiveTime::MIN).and_utc()
    }

    /// The name of its partition.
    fn table(self) -> String {
        format!("audit_events_{:04}_{:02}", self.year, self.month)
    }

    /// The month whose partition has that name.
    fn of_table(name: &str) -> Option<Self> {
        name.strip_prefix("audit_events_")?.replace('_', "-").parse().ok()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, MonthError> {
        let (year, month) = text.split_once('-').ok_or(MonthError)?;
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if year.len() != 4 || month.len() != 2 || !is_number(year) || !is_number(month) {
            return Err(MonthError);
        }
        let year: i32 = year.parse().map_err(|_| MonthError)?;
        let month: u32 = month.parse().map_err(|_| MonthError)?;
        let is_one = (2000..=9998).contains(&year) && (1..=12).contains(&month);
        is_one.then_some(Self { year, month }).ok_or(MonthError)
    }
}

/// What became of the months that are to be there.
#[derive(Debug, Default)]
pub struct Made {
    /// Made just now.
    pub made: Vec<Month>,
    /// Not made, since they have events in the default partition already.
    pub in_default: Vec<Month>,
}

/// Makes the partitions of the present month and the twelve after it, where they are not there yet. Nobody but
/// the owner may change the log afterwards, whatever the schema's default privileges are.
///
/// # Errors
/// The database failed, or this role does not own the log.
pub async fn make_partitions(database: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Made> {
    let mut made = Made::default();
    let mut transaction = database.begin().await?;
    wait_shortly(&mut transaction).await?;
    let there = partitions(&mut transaction).await?;
    let mut month = Month::of(now);
    for _ in 0..AHEAD {
        if !there.contains(&month) {
            let (from, to) = (month.begins(), month.next().begins());
            if has_default_rows(&mut transaction, Some(from), Some(to)).await? {
                made.in_default.push(month);
            } else {
                make(&mut transaction, month).await?;
                made.made.push(month);
            }
        }
        month = month.next();
    }
    withhold_changes(&mut transaction).await?;
    transaction.commit().await?;
    Ok(made)
}

/// What the changes below lock is wanted by every event: rather they fail than everybody waits.
async fn wait_shortly(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SET LOCAL lock_timeout = '5s'").execute(connection).await?;
    Ok(())
}

pub(super) async fn partitions(connection: &mut PgConnection) -> sqlx::Result<Vec<Month>> {
    let names = sqlx::query_scalar!(
        r#"
        SELECT c.relname::text AS "name!"
        FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'audit_events'::regclass
        ORDER BY 1
        "#
    );
    let names = names.fetch_all(connection).await?;
    Ok(names.iter().filter_map(|name| Month::of_table(name)).collect())
}

/// Whether the default partition has events from `from` on and before `to`.
async fn has_default_rows(
    connection: &mut PgConnection,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let any = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT FROM audit_events_default
            WHERE ($1::timestamptz IS NULL OR created_at >= $1)
                AND ($2::timestamptz IS NULL OR created_at < $2)
        ) AS "any!"
        "#,
        from,
        to,
    );
    any.fetch_one(connection).await
}

async fn make(connection: &mut PgConnection, month: Month) -> sqlx::Result<()> {
    let (table, from, to) = (month.table(), month.begins(), month.next().begins());
    let statements = format!(
        "CREATE TABLE {table} PARTITION OF audit_events
             FOR VALUES FROM ('{from}') TO ('{to}');
         CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
             FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
         COMMENT ON TABLE {table} IS 'Events of {month}.'",
        from = from.to_rfc3339(),
        to = to.to_rfc3339(),
    );
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection).await?;
    Ok(())
}

/// What was dropped.
#[derive(Debug, Default)]
pub struct Pruned {
    /// The months.
    pub months: Vec<Month>,
    /// Whether the default partition was emptied, too.
    pub default: bool,
    /// How many links of the chain.
    pub links: u64,
}

/// Why nothing was dropped.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// The present month, or one to come.
    #[error("only months that are over can be dropped")]
    NotOver,
    /// Sealing comes first: of what is in no chain nobody could tell later that it was dropped rightly.
    #[error("events from before then are not sealed yet; a server does that within seconds")]
    Unsealed,
    /// The default partition holds events of both sides.
    #[error(
        "the default partition has events from before then, and later ones, too: it can be dropped as a whole only"
    )]
    DefaultIsMixed,
    /// The database failed, or this role does not own the log.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

/// Drops the months before `before` for good, all or nothing, and notes where the chain begins from then on.
///
/// # Errors
/// See [`PruneError`].
pub async fn prune(
    database: &PgPool,
    sealer: &Sealer,
    before: Month,
    now: DateTime<Utc>,
) -> Result<Pruned, PruneError> {
    if before > Month::of(now) {
        return Err(PruneError::NotOver);
    }
    let kept_from = before.begins();
    let mut transaction = database.begin().await?;
    wait_shortly(&mut transaction).await?;
    // No sealer adds to the chain meanwhile.
    chain_store::wait_for_turn(&mut transaction).await?;
    let mut months = partitions(&mut transaction).await?;
    months.retain(|month| *month < before);
    let default = has_default_rows(&mut transaction, None, Some(kept_from)).await?;
    let mut pruned = Pruned { months, default, links: 0 };
    if pruned.months.is_empty() && !pruned.default {
        return Ok(pruned);
    }
    hold_still(&mut transaction, &pruned).await?;
    if is_unsealed(&mut transaction, kept_from).await? {
        return Err(PruneError::Unsealed);
    }
    if pruned.default && has_default_rows(&mut transaction, Some(kept_from), None).await? {
        return Err(PruneError::DefaultIsMixed);
    }
    let last = chain_store::last_before(&mut *transaction, kept_from).await?.unwrap_or_default();
    let head = match chain_store::hash_at(&mut *transaction, last).await? {
        Some(hash) => Head { position: last, hash: chain_store::fixed(&hash)? },
        // No link goes: a later event is the first that is left. Stragglers behind it have gone.
        None => chain_store::first_head(&mut transaction).await?,
    };
    chain_store::note(&mut *transaction, &sealer.noted(head, Some(kept_from), now)).await?;
    pruned.links = chain_store::cut(&mut transaction, head.position).await?;
    // Last: from here to the commit no event of any time can be written or read.
    drop_tables(&mut transaction, &pruned).await?;
    transaction.commit().await?;
    Ok(pruned)
}

/// The tables that go.
fn tables_of(pruned: &Pruned) -> String {
    let months = pruned.months.iter().map(|month| month.table());
    let default = pruned.default.then(|| "audit_events_default".to_owned());
    months.chain(default).collect::<Vec<_>>().join(", ")
}

/// Waits for whoever adds to what goes, and lets nobody begin to: what is not seen now would be dropped unseen.
/// Events of later months go on.
async fn hold_still(connection: &mut PgConnection, pruned: &Pruned) -> sqlx::Result<()> {
    let lock = format!("LOCK TABLE {} IN SHARE MODE", tables_of(pruned));
    sqlx::raw_sql(AssertSqlSafe(lock)).execute(connection).await?;
    Ok(())
}

async fn is_unsealed(
    connection: &mut PgConnection,
    kept_from: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let first = chain_store::unsealed(connection, None, 1).await?;
    Ok(first.first().is_some_and(|event| event.created_at < kept_from))
}

/// Drops what goes, and puts an empty default partition in the place of one that does.
async fn drop_tables(connection: &mut PgConnection, pruned: &Pruned) -> sqlx::Result<()> {
    let drop = format!("DROP TABLE {}", tables_of(pruned));
    sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut *connection).await?;
    if pruned.default {
        let again = "CREATE TABLE audit_events_default PARTITION OF audit_events DEFAULT;
            CREATE TRIGGER audit_events_default_no_truncate BEFORE TRUNCATE ON audit_events_default
                FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
            COMMENT ON TABLE audit_events_default IS
                'Events of months that have no partition of their own.'";
        sqlx::raw_sql(again).execute(connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_as_it_is_written_and_nothing_else_is_one() {
        for text in ["2026-03", "2000-12", "9998-01"] {
            assert_eq!(text.parse::<Month>().unwrap().to_string(), text);
        }
        for text in
            ["2026-3", "2026-13", "2026-00", "1999-12", "9999-12", "+026-03", "2026-03-01", ""]
        {
            assert_eq!(text.parse::<Month>(), Err(MonthError), "{text}");
        }
    }

    #[test]
    fn a_month_follows_upon_another_and_names_its_table() {
        let december: Month = "2026-12".parse().unwrap();
        assert_eq!(december.next().to_string(), "2027-01");
        assert_eq!(december.begins().to_rfc3339(), "2026-12-01T00:00:00+00:00");
        assert_eq!(Month::of_table(&december.table()), Some(december));
        assert_eq!(Month::of_table("audit_events_default"), None);
    }
}
