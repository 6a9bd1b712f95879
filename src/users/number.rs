//! Another phone number in the place of the one before.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::database::violates;
use crate::foundation::{PhoneNumber, UserId};

use super::{PhcString, User};

/// Why somebody cannot have a number.
#[derive(Debug, thiserror::Error)]
pub enum NumberError {
    /// Somebody else has it.
    #[error("the phone number is taken")]
    Taken,
    /// Something broke.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for NumberError {
    fn from(error: sqlx::Error) -> Self {
        if violates(&error, "users_phone_number_key") { Self::Taken } else { Self::Database(error) }
    }
}

/// Puts `new`, which the person has proven, in the place of `old`, or of none. `None`: `old` is not their
/// number (any more), and nothing is changed. Whoever else wants `new` at the same moment: the database decides.
pub async fn change_number(
    connection: &mut PgConnection,
    id: UserId,
    old: Option<&str>,
    new: &PhoneNumber,
    now: DateTime<Utc>,
) -> Result<Option<User>, NumberError> {
    let user = sqlx::query_as!(
        User,
        r#"
        UPDATE users
        SET phone_number = $3, is_verified = true, sinch_verification_id = NULL, updated_at = $4
        WHERE id = $1 AND phone_number IS NOT DISTINCT FROM $2
        RETURNING id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
            is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
            locked_reason, roles, password_expires_at, created_at, updated_at,
            (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
        "#,
        id as _,
        old,
        new.e164(),
        now,
    )
    .fetch_optional(connection)
    .await?;
    Ok(user)
}

/// Puts `number`, which the person had and had proven before, back in the place of whichever they have
/// now, and `password_hash` in the place of the password that the change was made with. `None`: there is
/// no such person.
pub async fn restore_number(
    connection: &mut PgConnection,
    id: UserId,
    number: &str,
    password_hash: &PhcString,
    now: DateTime<Utc>,
) -> Result<Option<User>, NumberError> {
    let user = sqlx::query_as!(
        User,
        r#"
        UPDATE users
        SET phone_number = $2, is_verified = true, sinch_verification_id = NULL,
            password_hash = $3, updated_at = $4
        WHERE id = $1
        RETURNING id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
            is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
            locked_reason, roles, password_expires_at, created_at, updated_at,
            (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
        "#,
        id as _,
        number,
        password_hash.as_str(),
        now,
    )
    .fetch_optional(connection)
    .await?;
    Ok(user)
}

/// Whoever has `number`, if anybody. Until the transaction ends nobody else changes their row.
pub async fn hold_number(
    connection: &mut PgConnection,
    number: &PhoneNumber,
) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        r#"
        SELECT id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
            is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
            locked_reason, roles, password_expires_at, created_at, updated_at,
            (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
        FROM users
        WHERE phone_number = $1
        FOR UPDATE OF users
        "#,
        number.e164(),
    )
    .fetch_optional(connection)
    .await
}

/// Takes the number from the person, whose row is held.
pub async fn release_number(
    connection: &mut PgConnection,
    id: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE users
        SET phone_number = NULL, is_verified = false, sinch_verification_id = NULL, updated_at = $2
        WHERE id = $1
        "#,
        id as _,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
