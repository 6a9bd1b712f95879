//! What is known of the installation: its settings, and what its database says.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::audit::{self, Standing};
use crate::config::Settings;
use crate::database::{self, Rights};
use crate::foundation::Clock;
use crate::passwords::PasswordHash;
use crate::tokens::{self, KeyState};
use crate::users;

/// What a requirement can be held against.
pub struct Facts {
    /// All settings, as `serve` would take them.
    pub(super) settings: Settings,
    /// What the database says, or why it does not.
    pub(super) database: Result<DatabaseFacts, String>,
}

/// What the database says.
pub(super) struct DatabaseFacts {
    /// Why `serve` would not start on the schema.
    pub(super) schema_fault: Option<String>,
    /// What the role of the settings may do.
    pub(super) rights: Rights,
    /// `None` where it could not be read, as on a schema that is behind.
    pub(super) contents: Option<Contents>,
}

/// What rows of ours say.
pub(super) struct Contents {
    /// From when on the key that signs has signed; `None` where none does.
    pub(super) signs_since: Option<DateTime<Utc>>,
    /// Accounts whose password hash another system has made.
    pub(super) foreign_hashes: i64,
    /// How the audit log stands.
    pub(super) audit: Standing,
    /// When they were read.
    pub(super) read_at: DateTime<Utc>,
}

impl Facts {
    /// Asks the database that the settings name. One that cannot be asked is a fact like any other.
    pub(super) async fn gather(settings: Settings) -> Self {
        let pool = database::pool(settings.database.clone(), 1);
        let database = ask(&pool).await.map_err(|error| error.to_string());
        pool.close().await;
        Self { settings, database }
    }
}

async fn ask(pool: &PgPool) -> sqlx::Result<DatabaseFacts> {
    let rights = database::rights(pool).await?;
    let schema_fault = database::require_current(pool).await.err().map(|error| error.to_string());
    let contents = match &schema_fault {
        None => read(pool).await,
        Some(_) => None,
    };
    Ok(DatabaseFacts { schema_fault, rights, contents })
}

/// `None` also where the role may not look.
async fn read(pool: &PgPool) -> Option<Contents> {
    let read_at = Clock::default().now();
    let keys = tokens::list_keys(pool).await.ok()?;
    let signing = keys.iter().find(|key| key.life.state(read_at) == KeyState::Signing);
    let foreign_hashes = users::count_hashes_unlike(pool, PasswordHash::PREFIX).await.ok()?;
    let audit = audit::standing(pool, read_at).await.ok()?;
    let signs_since = signing.map(|key| key.life.signs_from);
    Some(Contents { signs_since, foreign_hashes, audit, read_at })
}
