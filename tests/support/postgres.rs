//! One private PostgreSQL for a test run, and for each test a database of its own.
//!
//! Starts with the first test that asks, and ends with the process, however that ends. Include it
//! by `#[path]`.

use std::sync::atomic::{AtomicU32, Ordering};

use ringfence::database::private_postgres::{Durability, PrivatePostgres, Settings};
use ringfence::database::{MIGRATOR, pool};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::OnceCell;

const TEMPLATE: &str = "migrated";

static POSTGRES: OnceCell<PrivatePostgres> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A database with the current schema and nothing in it.
pub(crate) struct TestDatabase {
    /// How `sqlx` reaches it.
    pub(crate) options: PgConnectOptions,
    /// The same as a URL, for `DATABASE_URL`.
    pub(crate) url: String,
}

impl TestDatabase {
    /// Migrated.
    pub(crate) async fn new() -> Self {
        Self::create(TEMPLATE).await
    }

    /// Without any table.
    pub(crate) async fn empty() -> Self {
        Self::create("template1").await
    }

    async fn create(template: &str) -> Self {
        let postgres = POSTGRES.get_or_init(start).await;
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let admin = pool(postgres.connect_options("postgres"), 1);
        let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
        sqlx::query(AssertSqlSafe(create)).execute(&admin).await.unwrap();
        admin.close().await;
        Self { options: postgres.connect_options(&name), url: postgres.url(&name) }
    }
}

async fn start() -> PrivatePostgres {
    let directory = std::env::temp_dir().join(format!("ringfence-test-{}", std::process::id()));
    let settings = Settings::new(directory, Durability::Disposable);
    let started = tokio::task::spawn_blocking(move || PrivatePostgres::start(&settings));
    let postgres = started.await.unwrap().unwrap_or_else(|error| panic!("{error:#}"));
    postgres.create_database(TEMPLATE).await.unwrap();
    let template = pool(postgres.connect_options(TEMPLATE), 1);
    MIGRATOR.run(&template).await.unwrap();
    // A template that somebody is connected to cannot be copied.
    template.close().await;
    postgres
}
