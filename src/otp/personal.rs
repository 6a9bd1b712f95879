//! What is kept of one person: telling them, and forgetting it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::foundation::{PhoneNumber, UserId};

use super::windows::{self, Subject};
use super::{ledger, store};

/// All that this room holds of a person, without what would let anybody in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedCodes)]
pub struct Exported {
    /// The codes of the last day.
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

/// What is stored of `user`, whose number is `number` if they have one.
pub async fn export(
    connection: &mut PgConnection,
    user: UserId,
    number: Option<&PhoneNumber>,
) -> sqlx::Result<Exported> {
    let rows = windows::read(&mut *connection, &Subject::all_of(user, number)).await?;
    let limits = rows.into_iter().map(|(subject, events)| {
        // The rest of it is the id or the number, which the person has.
        let counted = subject.rsplit_once(':').map_or(&*subject, |(kind, _)| kind).to_owned();
        ExportedLimit { counted, events }
    });
    Ok(Exported {
        limits: limits.collect(),
        codes: store::export(&mut *connection, user).await?,
        messages: ledger::export(connection, user).await?,
    })
}

/// Forgets `user` and `number` wherever the row in `users` does not take it along: what is counted for
/// them, and by what the ledger would know them. The messages themselves stay, for the books.
pub async fn erase(
    connection: &mut PgConnection,
    user: UserId,
    number: Option<&PhoneNumber>,
) -> sqlx::Result<()> {
    windows::forget(&mut *connection, &Subject::all_of(user, number)).await?;
    ledger::forget(connection, user).await
}
