//! The e-mail address of a person: another one, or the proof of the one there is.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::database::violates;
use crate::foundation::UserId;

/// What the address was before.
#[derive(Clone)]
pub struct Changed {
    /// The address that was given up, or the same one where it was only proven.
    pub previous: String,
    /// The language tag of e-mails to this person.
    pub locale: Option<String>,
}

/// Why somebody cannot have an address.
#[derive(Debug, thiserror::Error)]
pub enum ChangeEmailError {
    /// Somebody else has it.
    #[error("the e-mail address is taken")]
    Taken,
    /// Something broke.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

/// Gives the person `address`, proven at `verified_at` or not at all. `None`: there is no such
/// person. Of several people who want one address the unique index decides.
pub async fn change_email(
    connection: &mut PgConnection,
    id: UserId,
    address: &str,
    verified_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Option<Changed>, ChangeEmailError> {
    let changed = sqlx::query_as!(
        Changed,
        r#"
        WITH before AS (
            SELECT id, email FROM users WHERE id = $1 FOR UPDATE
        )
        UPDATE users AS u
        SET email = $2, email_verified_at = $3, updated_at = $4
        FROM before
        WHERE u.id = before.id
        RETURNING before.email AS previous, u.locale
        "#,
        id as _,
        address,
        verified_at,
        now,
    )
    .fetch_optional(connection)
    .await;
    match changed {
        Ok(changed) => Ok(changed),
        Err(error) if violates(&error, "users_email_key") => Err(ChangeEmailError::Taken),
        Err(error) => Err(ChangeEmailError::Database(error)),
    }
}
