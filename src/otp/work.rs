//! A transaction that begins when PostgreSQL is first asked for something: whoever asks another store
//! before that holds no connection meanwhile.

use sqlx::{PgConnection, PgPool, Postgres, Transaction};

/// What is to happen in PostgreSQL all or nothing.
pub(super) struct Work<'p> {
    database: &'p PgPool,
    transaction: Option<Transaction<'static, Postgres>>,
}

impl<'p> Work<'p> {
    pub(super) fn on(database: &'p PgPool) -> Self {
        Self { database, transaction: None }
    }

    /// The connection that the transaction runs on.
    pub(super) async fn connection(&mut self) -> sqlx::Result<&mut PgConnection> {
        Ok(&mut **self.begun().await?)
    }

    /// The transaction itself, for whoever ends it.
    pub(super) async fn into_transaction(self) -> sqlx::Result<Transaction<'static, Postgres>> {
        match self.transaction {
            Some(transaction) => Ok(transaction),
            None => self.database.begin().await,
        }
    }

    /// Makes it happen.
    pub(super) async fn commit(self) -> sqlx::Result<()> {
        match self.transaction {
            Some(transaction) => transaction.commit().await,
            None => Ok(()),
        }
    }

    async fn begun(&mut self) -> sqlx::Result<&mut Transaction<'static, Postgres>> {
        let transaction = match self.transaction.take() {
            Some(transaction) => transaction,
            None => self.database.begin().await?,
        };
        Ok(self.transaction.insert(transaction))
    }
}
