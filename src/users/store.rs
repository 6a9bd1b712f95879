//! The SQL of `users`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::database::violates;
use crate::foundation::{EmailAddress, PhoneNumber, UserId};

use super::{Identifier, InsertError, NewUser, PhcString, User};

/// Writes a new person. Two racing sign-ups with one e-mail address or number: the database
/// decides.
pub async fn insert(executor: impl PgExecutor<'_>, new: &NewUser<'_>) -> Result<(), InsertError> {
    let inserted = sqlx::query!(
        r#"
        INSERT INTO users
            (id, email, phone_number, password_hash, locale, created_at, updated_at,
                password_expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6, $7)
        "#,
        new.id as _,
        new.email.as_str(),
        new.phone_number.map(PhoneNumber::e164),
        new.password_hash.as_str(),
        new.locale,
        new.created_at,
        new.password_expires_at,
    )
    .execute(executor)
    .await;
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if violates(&error, "users_email_key") => Err(InsertError::EmailTaken),
        Err(error) if violates(&error, "users_phone_number_key") => Err(InsertError::PhoneTaken),
        Err(error) => Err(InsertError::Database(error)),
    }
}

/// Whether nobody has the address or the number yet. The indexes decide, see [`insert`]; this costs the same
/// whatever is found.
pub async fn require_free(
    executor: impl PgExecutor<'_>,
    email: &EmailAddress,
    number: Option<&PhoneNumber>,
) -> Result<(), InsertError> {
    let taken = sqlx::query!(
        r#"
        SELECT EXISTS (SELECT FROM users WHERE lower(email) = lower($1)) AS "email!",
            EXISTS (SELECT FROM users WHERE phone_number = $2) AS "number!"
        "#,
        email.as_str(),
        number.map(PhoneNumber::e164),
    );
    let taken = taken.fetch_one(executor).await.map_err(InsertError::Database)?;
    match (taken.email, taken.number) {
        (true, _) => Err(InsertError::EmailTaken),
        (_, true) => Err(InsertError::PhoneTaken),
        _ => Ok(()),
    }
}

/// How many people have a password hash that begins otherwise. Reads all of them.
pub async fn count_hashes_unlike(executor: impl PgExecutor<'_>, prefix: &str) -> sqlx::Result<i64> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM users WHERE NOT starts_with(password_hash, $1)"#,
        prefix,
    );
    count.fetch_one(executor).await
}

/// The person with that id.
pub async fn find(executor: impl PgExecutor<'_>, id: UserId) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        r#"
        SELECT id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
            is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
            locked_reason, roles, password_expires_at, created_at, updated_at,
            (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
        FROM users
        WHERE id = $1
        "#,
        id as _,
    )
    .fetch_optional(executor)
    .await
}

/// The person with that e-mail address or phone number.
pub async fn find_by_identifier(
    executor: impl PgExecutor<'_>,
    identifier: &Identifier,
) -> sqlx::Result<Option<User>> {
    match identifier {
        Identifier::Email(email) => {
            sqlx::query_as!(
                User,
                r#"
                SELECT id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
                    is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
                    locked_reason, roles, password_expires_at, created_at, updated_at,
                    (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
                FROM users
                WHERE lower(email) = lower($1)
                "#,
                email.as_str(),
            )
            .fetch_optional(executor)
            .await
        }
        Identifier::PhoneNumber(number) => {
            sqlx::query_as!(
                User,
                r#"
                SELECT id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
                    is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
                    locked_reason, roles, password_expires_at, created_at, updated_at,
                    (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
                FROM users
                WHERE phone_number = $1
                "#,
                number.e164(),
            )
            .fetch_optional(executor)
            .await
        }
    }
}

/// Whether the person may not log in, or is not there at all.
///
/// To be asked once a session has been written down, and before anybody is told of it: [`super::lock`] makes
/// the session's foreign key wait, so that a lock either finds the session or is found here.
pub async fn is_locked(executor: impl PgExecutor<'_>, id: UserId) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT locked_at IS NOT NULL AS "is_locked!" FROM users WHERE id = $1"#,
        id as _,
    )
    .fetch_optional(executor)
    .await?;
    Ok(found.unwrap_or(true))
}

/// What [`hold_password`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The password is the one that was proven, and the person may log in.
    Holds,
    /// Another password has taken its place, or the person is not there any more.
    Outdated,
    /// The password is the one that was proven, and the account is locked.
    Locked,
}

/// Whether the password whose hash is `proven` is still the person's. The answer holds until the
/// transaction ends.
///
/// To be asked before whatever that password opens is written down, and in the same transaction. Hashing takes long
/// enough for another password to come in between. The row is held `FOR SHARE`, which a new password waits for, as it
/// does not for the key of a session: so who sets one ends what was written down before it, and what comes after it
/// is refused here. Held first of all, so that nobody waits for somebody who waits for them.
pub async fn hold_password(
    connection: &mut PgConnection,
    id: UserId,
    proven: &PhcString,
) -> sqlx::Result<Proof> {
    let held = sqlx::query!(
        r#"
        SELECT password_hash = $2 AS "is_proven!", locked_at IS NOT NULL AS "is_locked!"
        FROM users
        WHERE id = $1
        FOR SHARE
        "#,
        id as _,
        proven.as_str(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(match held {
        Some(held) if held.is_proven && held.is_locked => Proof::Locked,
        Some(held) if held.is_proven => Proof::Holds,
        _ => Proof::Outdated,
    })
}

/// Notes that a code was sent, and Sinch's id where Sinch judges it.
pub async fn record_otp_sent(
    connection: &mut PgConnection,
    id: UserId,
    sinch_verification_id: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE users
        SET sinch_verification_id = $2, last_otp_sent_at = $3, updated_at = $3
        WHERE id = $1
        "#,
        id as _,
        sinch_verification_id,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that the person has proven `number`. `None`: that is not the person's number (any more).
pub async fn verify_phone(
    connection: &mut PgConnection,
    id: UserId,
    number: &PhoneNumber,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        r#"
        UPDATE users
        SET is_verified = true, sinch_verification_id = NULL, updated_at = $3
        WHERE id = $1 AND phone_number = $2
        RETURNING id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
            is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
            locked_reason, roles, password_expires_at, created_at, updated_at,
            (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
        "#,
        id as _,
        number.e164(),
        now,
    )
    .fetch_optional(connection)
    .await
}

/// Puts `new` in place of `old`, good until `expires_at`, if that is given. `false`: the password has changed since `old` was read, and nothing is
/// changed.
pub async fn replace_password_hash(
    executor: impl PgExecutor<'_>,
    id: UserId,
    old: &PhcString,
    new: &PhcString,
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let replaced = sqlx::query!(
        r#"
        UPDATE users SET password_hash = $3, updated_at = $4, password_expires_at = $5
        WHERE id = $1 AND password_hash = $2
        "#,
        id as _,
        old.as_str(),
        new.as_str(),
        now,
        expires_at,
    )
    .execute(executor)
    .await?;
    Ok(replaced.rows_affected() == 1)
}

/// Sets the password of a person who has proven `number` in place of the old one. `false`: that is not
/// their verified number (any more), and nothing is changed.
pub async fn reset_password_hash(
    connection: &mut PgConnection,
    id: UserId,
    number: &PhoneNumber,
    new: &PhcString,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let reset = sqlx::query!(
        r#"
        UPDATE users
        SET password_hash = $3, password_expires_at = NULL, sinch_verification_id = NULL,
            updated_at = $4
        WHERE id = $1 AND phone_number = $2 AND is_verified
        "#,
        id as _,
        number.e164(),
        new.as_str(),
        now,
    )
    .execute(connection)
    .await?;
    Ok(reset.rows_affected() == 1)
}
