//! What is kept of one person: telling them, and forgetting it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgPool};
use utoipa::ToSchema;

use crate::foundation::{PhoneNumber, UserId};

use super::code_store::CodeStore;
use super::windows::{self, Subject};
use super::{Otp, OtpFailure, ledger, store};

/// All that this room holds of a person, without what would let anybody in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedCodes)]
pub struct Exported {
    /// The codes of the last day; where codes live in Redis, the newest for each purpose.
    codes: Vec<store::Exported>,
    /// Every message and call.
    messages: Vec<ledger::Exported>,
    /// When codes were sent to, or entered wrongly for, the person and the number.
    limits: Vec<ExportedLimit>,
}

/// What a limit has counted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ExportedLimit {
    /// Whose events these are: the user's or the number's.
    #[schema(example = "send:user")]
    counted: String,
    events: Vec<DateTime<Utc>>,
}

/// The numbers, E.164, that codes of `user` went to within the last day. Where codes live in Redis, none:
/// there they are gone within minutes.
pub async fn numbers_of(connection: &mut PgConnection, user: UserId) -> sqlx::Result<Vec<String>> {
    store::numbers_of(connection, user).await
}

/// Forgets `user` and `numbers` in the database wherever the row in `users` does not take them along: what
/// is counted for them, and by what the ledger would know them. The messages themselves stay, for the books.
pub async fn forget(
    connection: &mut PgConnection,
    user: UserId,
    numbers: &[PhoneNumber],
) -> sqlx::Result<()> {
    windows::forget(&mut *connection, &Subject::all_of(user, numbers)).await?;
    ledger::forget(connection, user).await
}

impl Otp {
    /// What is stored of `user`, and counted for `numbers`.
    pub async fn export(
        &self,
        database: &PgPool,
        user: UserId,
        numbers: &[PhoneNumber],
    ) -> Result<Exported, OtpFailure> {
        // First, and without a connection in hand: Redis may keep us waiting.
        let codes = self.store.export(database, user).await?;
        let connection = &mut *database.acquire().await?;
        let rows = windows::read(&mut *connection, &Subject::all_of(user, numbers)).await?;
        let limits = rows.into_iter().map(|(subject, events)| {
            // The rest of it is the id or the number, which the person has.
            let counted = subject.rsplit_once(':').map_or(&*subject, |(kind, _)| kind).to_owned();
            ExportedLimit { counted, events }
        });
        Ok(Exported {
            limits: limits.collect(),
            codes,
            messages: ledger::export(connection, user).await?,
        })
    }

    /// Does what [`forget`] does, and forgets codes outside the database, too.
    pub async fn erase(
        &self,
        connection: &mut PgConnection,
        user: UserId,
        numbers: &[PhoneNumber],
    ) -> Result<(), OtpFailure> {
        self.forget_codes(user).await?;
        Ok(forget(connection, user, numbers).await?)
    }

    /// Forgets the codes of `user` wherever the row in `users` does not take them along.
    pub async fn forget_codes(&self, user: UserId) -> Result<(), OtpFailure> {
        self.store.forget(user).await
    }
}

impl CodeStore {
    /// The challenges of `user` that are kept, oldest first: in PostgreSQL those of the last day, in
    /// Redis the newest for each purpose, until it expires.
    async fn export(
        &self,
        database: &PgPool,
        user: UserId,
    ) -> Result<Vec<store::Exported>, OtpFailure> {
        Ok(match self {
            Self::Postgres => store::export(&mut *database.acquire().await?, user).await?,
            #[cfg(feature = "redis")]
            Self::Redis(redis) => redis.export(user).await?,
        })
    }

    /// Forgets the challenges of `user`; those in PostgreSQL go with the row in `users`.
    #[cfg_attr(
        not(feature = "redis"),
        expect(unused_variables, clippy::unused_async, reason = "Redis would be asked")
    )]
    async fn forget(&self, user: UserId) -> Result<(), OtpFailure> {
        match self {
            Self::Postgres => Ok(()),
            #[cfg(feature = "redis")]
            Self::Redis(redis) => Ok(redis.delete_of(user).await?),
        }
    }
}
