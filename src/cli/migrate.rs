//! `ringfence migrate`: the schema.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use sqlx::migrate::{MigrateError, MigrationType};
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres};

use crate::audit;
use crate::config::{Environment, Settings};
use crate::database::{self, MIGRATOR, State};
use crate::foundation::Clock;

/// An advisory lock of ours: "ringf" and a number.
const LOCK: i64 = 0x7269_6E67_6600_0001;
/// How long to wait before asking for it again.
const LOCK_PERIOD: Duration = Duration::from_millis(100);
/// For so long a migration waits for each lock on a table, and whoever wants to read the table waits behind it.
const TABLE_LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// What PostgreSQL says then: `lock_not_available`.
const LOCK_NOT_AVAILABLE: &str = "55P03";

#[derive(Subcommand)]
pub(super) enum Migrate {
    /// Apply what is missing.
    Run,
    /// List every migration and how it stands.
    Status,
    /// Take the newest applied migration back, with the data that it holds.
    Revert,
}

pub(super) async fn run(environment: &Environment, migrate: Migrate) -> anyhow::Result<()> {
    let pool = database::pool(Settings::read_database(environment)?, 2);
    match migrate {
        Migrate::Run => apply(&pool).await?,
        Migrate::Status => {}
        Migrate::Revert => revert(&pool).await?,
    }
    print_status(&pool).await?;
    pool.close().await;
    Ok(())
}

/// Applies what is missing. Replicas that do so together wait for each other.
pub(super) async fn apply(pool: &PgPool) -> anyhow::Result<()> {
    let mut turn = wait_for_turn(pool).await.context("the database cannot be locked")?;
    let applied = apply_in_turn(pool, &mut turn).await;
    end_turn(turn, applied).await
}

async fn apply_in_turn(pool: &PgPool, session: &mut PgConnection) -> anyhow::Result<()> {
    const WHAT: &str = "the schema could not be brought up to date";
    let pending = database::status(pool).await.context("the database cannot be asked")?;
    for pending in pending.iter().filter(|it| it.state == State::Pending) {
        wait_shortly(session, MigrationType::ReversibleUp, pending.version).await?;
        let applied = MIGRATOR.run_to(pending.version, &mut *session).await;
        applied.map_err(|error| failed(WHAT, pending.version, &error))?;
    }
    // Nothing is left to apply: holds what is applied against what this binary knows.
    MIGRATOR.run(session).await.map_err(|error| anyhow::anyhow!("{WHAT}: {error}"))?;
    audit::make_partitions(pool, Clock::default().now())
        .await
        .context("the months of the audit log cannot be made")?;
    // What tells the server's role which migrations there are is not for that role to write.
    let migrations = ["_sqlx_migrations".to_owned()];
    let writing = ["INSERT", "UPDATE", "DELETE", "TRUNCATE"];
    database::withhold(&mut *pool.acquire().await?, &migrations, &writing)
        .await
        .context("rights on _sqlx_migrations cannot be taken back")
}

/// Takes a lock by asking again and again. A session that waits in `pg_advisory_lock`, as the migrator's
/// own would, is in a transaction all the while, and `CREATE INDEX CONCURRENTLY` waits for the end of it.
async fn wait_for_turn(pool: &PgPool) -> sqlx::Result<PoolConnection<Postgres>> {
    let mut session = pool.acquire().await?;
    loop {
        let lock = sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "taken!""#, LOCK);
        if lock.fetch_one(&mut *session).await? {
            return Ok(session);
        }
        tokio::time::sleep(LOCK_PERIOD).await;
    }
}

/// The lock of the turn and the bound of [`wait_shortly`] end with the session, however it went.
async fn end_turn(turn: PoolConnection<Postgres>, done: anyhow::Result<()>) -> anyhow::Result<()> {
    let closed = turn.close().await;
    done?;
    Ok(closed?)
}

/// Lets the session wait for no lock longer than [`TABLE_LOCK_TIMEOUT`]: all who want to read the table queue up behind
/// it. What has no transaction may wait: it makes indexes beside the work, which holds nobody up, and if it were broken
/// off, an invalid one would be left behind.
async fn wait_shortly(
    session: &mut PgConnection,
    way: MigrationType,
    version: i64,
) -> sqlx::Result<()> {
    let mut migrations = MIGRATOR.iter();
    let may_wait =
        migrations.any(|it| it.version == version && it.migration_type == way && it.no_tx);
    let milliseconds = if may_wait { 0 } else { TABLE_LOCK_TIMEOUT.as_millis() };
    let set = AssertSqlSafe(format!("SET lock_timeout = {milliseconds}"));
    sqlx::raw_sql(set).execute(session).await?;
    Ok(())
}

async fn revert(pool: &PgPool) -> anyhow::Result<()> {
    let mut turn = wait_for_turn(pool).await.context("the database cannot be locked")?;
    let reverted = revert_in_turn(pool, &mut turn).await;
    end_turn(turn, reverted).await
}

async fn revert_in_turn(pool: &PgPool, session: &mut PgConnection) -> anyhow::Result<()> {
    let migrations = database::status(pool).await?;
    let mut applied = migrations.iter().rev().filter(|it| it.state != State::Pending);
    let newest = applied.next().context("no migration is applied")?.version;
    let target = applied.next().map_or(0, |migration| migration.version);
    wait_shortly(session, MigrationType::ReversibleDown, newest).await?;
    MIGRATOR
        .undo(session, target)
        .await
        .map_err(|error| failed("the migration could not be taken back", newest, &error))
}

/// The library's error says its cause already, and so does the cause: one of them is enough.
fn failed(what: &str, version: i64, error: &MigrateError) -> anyhow::Error {
    let cause = match error {
        MigrateError::ExecuteMigration(cause, _) | MigrateError::Execute(cause) => Some(cause),
        _ => None,
    };
    let cause = cause.and_then(sqlx::Error::as_database_error);
    if cause.is_none_or(|cause| cause.code().as_deref() != Some(LOCK_NOT_AVAILABLE)) {
        return anyhow::anyhow!("{what}: {error}");
    }
    anyhow::anyhow!(
        "{what}: no lock was to be had within {} s, so migration {version:04} was given up and changed nothing; \
         try again when no dump and no other long transaction is at work",
        TABLE_LOCK_TIMEOUT.as_secs()
    )
}

async fn print_status(pool: &PgPool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for migration in database::status(pool).await.context("the database cannot be asked")? {
        let state = match migration.state {
            State::Pending => "pending",
            State::Applied => "applied",
            State::Changed => "CHANGED since it was applied",
            State::Failed => "FAILED half-way",
        };
        writeln!(out, "{:04} {:<16} {state}", migration.version, migration.description)?;
    }
    Ok(())
}
