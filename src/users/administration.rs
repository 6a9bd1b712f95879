//! The SQL of what operators do to `users`: look through them, lock them, change them, delete them.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::foundation::UserId;

use super::{PhcString, Role, User};

/// How long the reason of a lock may be, in characters. The same bound stands in the constraint
/// `users_locked_reason`.
pub const LOCKED_REASON_MAX: usize = 200;

/// What sorts after all that can follow a prefix. Prefixes are compared byte by byte (`~>=~`): the order
/// of the database's language is not one of prefixes, and no index on it would help.
const LAST_CHARACTER: &str = "\u{10ffff}";

/// Which people [`list`] answers.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Only those after this one in the order of ids, which is that of their making.
    pub after: Option<UserId>,
    /// Only those who are locked.
    pub locked_only: bool,
    /// Only those with this role.
    pub role: Option<&'a Role>,
    /// Only those whose e-mail address begins so, without regard to case.
    pub email_prefix: Option<&'a str>,
    /// At most so many.
    pub limit: u32,
}

/// People, in the order of their ids.
pub async fn list(executor: impl PgExecutor<'_>, page: Page<'_>) -> sqlx::Result<Vec<User>> {
    sqlx::query_as!(
        User,
        r#"
        SELECT id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
            is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
            locked_reason, roles, password_expires_at, created_at, updated_at,
            (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
        FROM users
        WHERE ($1::uuid IS NULL OR id > $1)
            AND (NOT $2::boolean OR locked_at IS NOT NULL)
            AND ($3::text IS NULL OR $3 = ANY (roles))
            AND (
                $4::text IS NULL
                OR (lower(email) ~>=~ lower($4) AND lower(email) ~<~ (lower($4) || $5::text))
            )
        ORDER BY id
        LIMIT $6
        "#,
        page.after as _,
        page.locked_only,
        page.role.map(Role::as_str),
        page.email_prefix,
        LAST_CHARACTER,
        i64::from(page.limit),
    )
    .fetch_all(executor)
    .await
}

/// Holds the row of the person until the transaction ends, more strictly than an update of it would: a
/// session that is being written down has its foreign key checked, and waits for the end of this transaction
/// or is there before it goes on. `false`: nobody has that id.
pub async fn hold(connection: &mut PgConnection, id: UserId) -> sqlx::Result<bool> {
    let held =
        sqlx::query_scalar!(r#"SELECT 1 AS "held!" FROM users WHERE id = $1 FOR UPDATE"#, id as _);
    Ok(held.fetch_optional(connection).await?.is_some())
}

/// Locks the account, or gives the lock another reason; since when stays as it is. `None`: nobody has
/// that id. Sessions are ended by whoever calls, in the same transaction.
///
/// The row is held first: see [`hold`].
pub async fn lock(
    connection: &mut PgConnection,
    id: UserId,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<User>> {
    hold(connection, id).await?;
    sqlx::query_as!(
        User,
        r#"
        UPDATE users
        SET locked_at = COALESCE(locked_at, $3), locked_reason = $2, updated_at = $3
        WHERE id = $1
        RETURNING id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
            is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
            locked_reason, roles, password_expires_at, created_at, updated_at,
            (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
        "#,
        id as _,
        reason,
        now,
    )
    .fetch_optional(connection)
    .await
}

/// Lets the person log in again. `None`: nobody has that id.
pub async fn unlock(
    executor: impl PgExecutor<'_>,
    id: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        r#"
        UPDATE users
        SET locked_at = NULL, locked_reason = NULL, updated_at = $2
        WHERE id = $1
        RETURNING id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
            is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
            locked_reason, roles, password_expires_at, created_at, updated_at,
            (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
        "#,
        id as _,
        now,
    )
    .fetch_optional(executor)
    .await
}

/// Gives the person more roles; those they have stay. The database refuses more than
/// [`Role::MOST`]. `None`: nobody has that id.
pub async fn add_roles(
    executor: impl PgExecutor<'_>,
    id: UserId,
    roles: &[Role],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        r#"
        UPDATE users
        SET roles = ARRAY(SELECT DISTINCT role FROM unnest(roles || $2::text[]) AS role ORDER BY role),
            updated_at = $3
        WHERE id = $1
        RETURNING id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
            is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
            locked_reason, roles, password_expires_at, created_at, updated_at,
            (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
        "#,
        id as _,
        &texts(roles),
        now,
    )
    .fetch_optional(executor)
    .await
}

/// Takes roles from the person. `None`: nobody has that id.
pub async fn remove_roles(
    executor: impl PgExecutor<'_>,
    id: UserId,
    roles: &[Role],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        r#"
        UPDATE users
        SET roles = ARRAY(
                SELECT role FROM unnest(roles) AS role WHERE role <> ALL ($2::text[]) ORDER BY role
            ),
            updated_at = $3
        WHERE id = $1
        RETURNING id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
            is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
            locked_reason, roles, password_expires_at, created_at, updated_at,
            (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
        "#,
        id as _,
        &texts(roles),
        now,
    )
    .fetch_optional(executor)
    .await
}

/// Gives the person these roles and no others. The database refuses more than [`Role::MOST`], and one
/// that is there twice. `None`: nobody has that id.
pub async fn set_roles(
    connection: &mut PgConnection,
    id: UserId,
    roles: &[Role],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        r#"
        UPDATE users
        SET roles = $2, updated_at = $3
        WHERE id = $1
        RETURNING id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
            is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
            locked_reason, roles, password_expires_at, created_at, updated_at,
            (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
        "#,
        id as _,
        &texts(roles),
        now,
    )
    .fetch_optional(connection)
    .await
}

/// Gives the person another password, good until `expires_at`, if that is given. Sessions are ended by whoever calls, in the same transaction.
/// Answers whether anybody has that id.
pub async fn set_password_hash(
    connection: &mut PgConnection,
    id: UserId,
    new: &PhcString,
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let updated = sqlx::query!(
        r#"
        UPDATE users SET password_hash = $2, updated_at = $3, password_expires_at = $4 WHERE id = $1
        "#,
        id as _,
        new.as_str(),
        now,
        expires_at,
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Deletes the person, and with them their sessions, tickets, codes and devices. Answers whether
/// anybody had that id.
pub async fn delete(executor: impl PgExecutor<'_>, id: UserId) -> sqlx::Result<bool> {
    let deleted =
        sqlx::query!("DELETE FROM users WHERE id = $1", id as _).execute(executor).await?;
    Ok(deleted.rows_affected() == 1)
}

fn texts(roles: &[Role]) -> Vec<String> {
    roles.iter().map(|role| role.as_str().to_owned()).collect()
}
