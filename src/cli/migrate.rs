//! `ringfence migrate`: the schema.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use sqlx::migrate::MigrateError;
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};

use crate::audit;
use crate::config::{Environment, Settings};
use crate::database::{self, MIGRATOR, State};
use crate::foundation::Clock;

/// An advisory lock of ours: "ringf" and a number.
const LOCK: i64 = 0x7269_6E67_6600_0001;
/// How long to wait before asking for it again.
const LOCK_PERIOD: Duration = Duration::from_millis(100);

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
    let turn = wait_for_turn(pool).await.context("the database cannot be locked")?;
    let applied = MIGRATOR.run(pool).await;
    applied.map_err(|error| failed("the schema could not be brought up to date", &error))?;
    audit::make_partitions(pool, Clock::default().now())
        .await
        .context("the months of the audit log cannot be made")?;
    // What tells the server's role which migrations there are is not for that role to write.
    let migrations = ["_sqlx_migrations".to_owned()];
    let writing = ["INSERT", "UPDATE", "DELETE", "TRUNCATE"];
    database::withhold(&mut *pool.acquire().await?, &migrations, &writing)
        .await
        .context("rights on _sqlx_migrations cannot be taken back")?;
    // The lock ends with its session.
    Ok(turn.close().await?)
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

async fn revert(pool: &PgPool) -> anyhow::Result<()> {
    let migrations = database::status(pool).await?;
    let mut applied = migrations.iter().rev().filter(|it| it.state != State::Pending);
    anyhow::ensure!(applied.next().is_some(), "no migration is applied");
    let target = applied.next().map_or(0, |migration| migration.version);
    MIGRATOR
        .undo(pool, target)
        .await
        .map_err(|error| failed("the migration could not be taken back", &error))
}

/// The library's error says its cause already, and so does the cause: one of them is enough.
fn failed(what: &str, error: &MigrateError) -> anyhow::Error {
    anyhow::anyhow!("{what}: {error}")
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
