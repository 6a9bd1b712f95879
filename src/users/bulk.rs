//! The SQL that takes in many people at once.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::foundation::{EmailAddress, PhoneNumber, UserId};

use super::{PhcString, Role};

/// Somebody who comes from another system.
pub struct ImportedUser {
    /// The primary key to be.
    pub id: UserId,
    /// The e-mail address.
    pub email: EmailAddress,
    /// The phone number.
    pub phone_number: PhoneNumber,
    /// A hash of any kind that `passwords` reads.
    pub password_hash: PhcString,
    /// Whether the other system has had a code back from the phone.
    pub is_verified: bool,
    /// The language tag of texts to this person.
    pub locale: Option<String>,
    /// What they may do.
    pub roles: Vec<Role>,
    /// When they signed up there.
    pub created_at: DateTime<Utc>,
}

/// An e-mail address and a phone number that somebody has.
pub struct Taken {
    /// In lower case.
    pub email: String,
    /// E.164, where they have a number.
    pub phone_number: Option<String>,
}

/// Writes all of them who are not there yet, in one statement, and answers who was written. Nobody is
/// changed who is there: by the unique indexes, so that any number of runs at once come to the same.
pub async fn insert_many(
    executor: impl PgExecutor<'_>,
    users: &[ImportedUser],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<UserId>> {
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let emails: Vec<&str> = users.iter().map(|user| user.email.as_str()).collect();
    let numbers: Vec<&str> = users.iter().map(|user| user.phone_number.e164()).collect();
    let hashes: Vec<&str> = users.iter().map(|user| user.password_hash.as_str()).collect();
    let verified: Vec<bool> = users.iter().map(|user| user.is_verified).collect();
    let locales: Vec<Option<&str>> = users.iter().map(|user| user.locale.as_deref()).collect();
    // An array of arrays would have to be a rectangle; no role has a comma in it.
    let roles: Vec<String> = users.iter().map(|user| joined(&user.roles)).collect();
    let created: Vec<DateTime<Utc>> = users.iter().map(|user| user.created_at).collect();
    sqlx::query_scalar!(
        r#"
        INSERT INTO users
            (id, email, phone_number, password_hash, is_verified, locale, roles, created_at, updated_at)
        SELECT id, email, phone_number, password_hash, is_verified, locale,
            string_to_array(roles, ','), created_at, $9
        FROM unnest(
            $1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[],
            $8::timestamptz[]
        ) AS new (id, email, phone_number, password_hash, is_verified, locale, roles, created_at)
        ON CONFLICT DO NOTHING
        RETURNING id AS "id: _"
        "#,
        &ids as _,
        &emails as _,
        &numbers as _,
        &hashes as _,
        &verified,
        &locales as _,
        &roles,
        &created,
        now,
    )
    .fetch_all(executor)
    .await
}

/// Who has one of these addresses or numbers.
pub async fn taken(
    executor: impl PgExecutor<'_>,
    users: &[&ImportedUser],
) -> sqlx::Result<Vec<Taken>> {
    let emails: Vec<String> =
        users.iter().map(|user| user.email.as_str().to_ascii_lowercase()).collect();
    let numbers: Vec<&str> = users.iter().map(|user| user.phone_number.e164()).collect();
    // Two halves, so that each goes by its index.
    sqlx::query_as!(
        Taken,
        r#"
        SELECT lower(email) AS "email!", phone_number AS "phone_number?"
        FROM users WHERE lower(email) = ANY ($1::text[])
        UNION
        SELECT lower(email), phone_number
        FROM users WHERE phone_number = ANY ($2::text[])
        "#,
        &emails,
        &numbers as _,
    )
    .fetch_all(executor)
    .await
}

fn joined(roles: &[Role]) -> String {
    let roles: Vec<&str> = roles.iter().map(Role::as_str).collect();
    roles.join(",")
}
