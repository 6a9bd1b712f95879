//! Whether the database can serve, asked at most once a second whoever wants to know.

use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::warn;

use super::{SchemaBehind, require_current};

/// How long an answer stands: `/readyz` is open to all and must not be a way to the pool.
const STANDS_FOR: Duration = Duration::from_secs(1);

/// Looks at a database for those who ask whether it can serve.
#[derive(Debug, Default)]
pub struct DatabaseWatch(Mutex<Option<(Instant, DatabaseHealth)>>);

/// How a database stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseHealth {
    /// It answers.
    pub answers: bool,
    /// Its schema has everything that this version needs.
    pub is_current: bool,
}

impl DatabaseWatch {
    /// How it stands, or stood within the last second. Those who ask together wait for one answer.
    pub async fn look(&self, database: &PgPool) -> DatabaseHealth {
        let mut last = self.0.lock().await;
        if let Some((at, health)) = *last
            && at.elapsed() < STANDS_FOR
        {
            return health;
        }
        let health = ask(database).await;
        *last = Some((Instant::now(), health));
        health
    }
}

async fn ask(database: &PgPool) -> DatabaseHealth {
    let Err(error) = require_current(database).await else {
        return DatabaseHealth { answers: true, is_current: true };
    };
    warn!(error = &error as &dyn std::error::Error, "not ready");
    let answers = !matches!(error, SchemaBehind::Database(_));
    DatabaseHealth { answers, is_current: false }
}
