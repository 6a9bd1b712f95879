//! The way to PostgreSQL: the pool, the migrations, and the private server of `ringfence dev`; and the way
//! to Redis, where there is one.
//!
//! Knows no table but sqlx's own. What the tables mean is their rooms' business.

mod migrations;
#[cfg(all(unix, feature = "private-postgres"))]
pub mod private_postgres;
#[cfg(feature = "redis")]
mod redis;
mod rights;
mod watch;

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgPool};

pub use migrations::{MIGRATOR, Migration, SchemaBehind, State, require_current, status};
#[cfg(feature = "redis")]
pub use redis::{LuaScript, Redis, RedisFailure, RedisUrlError, micros, read_micros};
pub use rights::{Rights, rights, withhold};
pub use watch::{DatabaseHealth, DatabaseWatch};

/// How long a request waits for a connection before it is told that we are too busy.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection is believed to be alive without asking.
const IDLE_TRUSTED_FOR: Duration = Duration::from_secs(1);

/// A pool of at most `size` connections. Connects when first used.
pub fn pool(options: PgConnectOptions, size: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                // A connection that was just in use is sound; one that lay idle may have been lost
                // with its server, and is asked first.
                if meta.idle_for > IDLE_TRUSTED_FOR {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options.application_name("ringfence"))
}

/// Whether `error` says that the constraint or unique index of that name was violated.
pub fn violates(error: &sqlx::Error, constraint: &str) -> bool {
    error.as_database_error().and_then(|error| error.constraint()) == Some(constraint)
}
