//! The migrations in the binary, and how the schema of a database compares to them.

use std::collections::HashMap;

use sqlx::migrate::{MigrationType, Migrator};
use sqlx::{PgPool, Row as _};

/// The migrations of `migrations/`, compiled in.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// A migration, and whether the database has it.
#[derive(Clone, Debug)]
pub struct Migration {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub description: String,
    /// How it stands in the database.
    pub state: State,
}

/// How a migration stands in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not applied yet.
    Pending,
    /// Applied.
    Applied,
    /// Applied in another wording than the binary has.
    Changed,
    /// Begun and not finished; a person has to look at it.
    Failed,
}

/// The schema lacks what this version needs, or differs from it.
#[derive(Debug, thiserror::Error)]
pub enum SchemaBehind {
    /// Migrations are missing.
    #[error("the schema is behind by {missing} migration(s); run: ringfence migrate run")]
    Missing {
        /// How many.
        missing: usize,
    },
    /// A migration was changed after it was applied, or stopped half-way.
    #[error(
        "migration {version} of the schema is not the one that this version knows; see: ringfence migrate status"
    )]
    Different {
        /// Its number.
        version: i64,
    },
    /// It could not be asked.
    #[error("the database could not be asked for its schema")]
    Database(#[from] sqlx::Error),
}

/// Every migration of the binary, in order, with its state in the database.
pub async fn status(database: &PgPool) -> sqlx::Result<Vec<Migration>> {
    let applied = applied(database).await?;
    let state = |migration: &sqlx::migrate::Migration| match applied.get(&migration.version) {
        None => State::Pending,
        Some((false, _)) => State::Failed,
        Some((true, checksum)) if checksum[..] == migration.checksum[..] => State::Applied,
        Some(_) => State::Changed,
    };
    let ups = MIGRATOR
        .iter()
        .filter(|migration| migration.migration_type != MigrationType::ReversibleDown);
    Ok(ups
        .map(|migration| Migration {
            version: migration.version,
            description: migration.description.to_string(),
            state: state(migration),
        })
        .collect())
}

/// Refuses a schema that lacks a migration of this version. A schema that is ahead is fine: during
/// a roll-out the old version runs on the new schema.
pub async fn require_current(database: &PgPool) -> Result<(), SchemaBehind> {
    let migrations = status(database).await?;
    let different = migrations.iter().find(|it| matches!(it.state, State::Changed | State::Failed));
    if let Some(Migration { version, .. }) = different {
        return Err(SchemaBehind::Different { version: *version });
    }
    match migrations.iter().filter(|it| it.state == State::Pending).count() {
        0 => Ok(()),
        missing => Err(SchemaBehind::Missing { missing }),
    }
}

type Applied = HashMap<i64, (bool, Vec<u8>)>;

async fn applied(database: &PgPool) -> sqlx::Result<Applied> {
    // sqlx makes its table with the first migration, so it may not be there yet.
    let exists: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(database)
        .await?;
    if !exists {
        return Ok(Applied::new());
    }
    let rows = sqlx::query("SELECT version, success, checksum FROM _sqlx_migrations")
        .fetch_all(database)
        .await?;
    rows.iter()
        .map(|row| {
            Ok((row.try_get("version")?, (row.try_get("success")?, row.try_get("checksum")?)))
        })
        .collect()
}
