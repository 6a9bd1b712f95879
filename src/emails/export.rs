//! What this room holds of a person, for the person.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::foundation::{EmailId, UserId};

/// All that this room holds of a person, without what would let anybody in. Not `Debug`: all of it is
/// personal.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedEmails)]
pub struct Exported {
    /// E-mails that wait or have lately ended.
    pub emails: Vec<ExportedEmail>,
    /// Addresses that are to be proven.
    pub email_confirmations: Vec<ExportedConfirmation>,
}

/// A row of the outbox: all of it but what is encrypted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedEmail {
    id: EmailId,
    /// The address, until the e-mail has ended.
    recipient: Option<String>,
    template: String,
    locale: Option<String>,
    once_key: Option<String>,
    state: String,
    attempts: i16,
    failure: Option<String>,
    next_attempt_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

/// An address that is to be proven: all of it but the token's hash.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedConfirmation {
    address: String,
    sends: i16,
    window_began_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// What is stored of `user`.
pub async fn export(connection: &mut PgConnection, user: UserId) -> sqlx::Result<Exported> {
    let emails = sqlx::query_as!(
        ExportedEmail,
        r#"
        SELECT id AS "id: _", recipient, template, locale, once_key, state, attempts, failure,
            next_attempt_at, created_at, ended_at
        FROM email_outbox
        WHERE user_id = $1
        ORDER BY created_at, id
        "#,
        user as _,
    )
    .fetch_all(&mut *connection)
    .await?;
    let email_confirmations = sqlx::query_as!(
        ExportedConfirmation,
        r#"
        SELECT address, sends, window_began_at, expires_at
        FROM email_confirmations
        WHERE user_id = $1
        "#,
        user as _,
    )
    .fetch_all(connection)
    .await?;
    Ok(Exported { emails, email_confirmations })
}
