//! Phone numbers that people have changed, for as long as that can be undone.
//!
//! Owns the table `phone_changes`. A change is here only once it is done; one that waits for its code is
//! no more than that code. While a row is here, nobody else can have the old number, so that it is there
//! to be put back, and no password is reset by the new one.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor};
use utoipa::ToSchema;

use crate::foundation::{OpaqueToken, PhoneNumber, TokenHash, UserId};

/// For how long a change can be undone.
pub const UNDO_FOR: TimeDelta = TimeDelta::hours(72);

/// A change that can still be undone.
#[derive(Clone, Debug)]
pub struct Undoable {
    /// Whose number changed.
    pub user: UserId,
    /// The number before, E.164.
    pub old_number: String,
    /// When it changed.
    pub changed_at: DateTime<Utc>,
    undo: TokenHash,
}

/// Notes that `user` has changed numbers, to be undone by `undo`. The row of the user is locked by then,
/// so that changes are written in the order in which they were made.
pub async fn record(
    connection: &mut PgConnection,
    user: UserId,
    (old, new): (&str, &PhoneNumber),
    undo: &OpaqueToken,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO phone_changes (user_id, old_number, new_number, undo_hash, changed_at, undo_until)
        VALUES ($1, $2, $3, $4, $5, $6)
        "#,
        user as _,
        old,
        new.e164(),
        undo.hash() as _,
        now,
        now + UNDO_FOR,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether `number` is kept for somebody other than `user`, who had it until lately.
///
/// Asked after the number was written to a row in `users`, in the same transaction: that write waits for
/// a change that is about to free the number, and so this statement sees what the change has left here.
pub async fn is_kept_from(
    connection: &mut PgConnection,
    user: UserId,
    number: &PhoneNumber,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT FROM phone_changes WHERE old_number = $1 AND user_id <> $2 AND undo_until > $3
        ) AS "is_kept!"
        "#,
        number.e164(),
        user as _,
        now,
    )
    .fetch_one(connection)
    .await
}

/// Whether `user` has a number that can still be undone. Does the same work where there is no user.
pub async fn is_recent(
    executor: impl PgExecutor<'_>,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT FROM phone_changes WHERE user_id = $1 AND undo_until > $2
        ) AS "is_recent!"
        "#,
        user as _,
        now,
    )
    .fetch_one(executor)
    .await
}

/// The numbers, E.164, that `user` had before and after their changes.
pub async fn numbers_of(executor: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"
        SELECT old_number AS "number!" FROM phone_changes WHERE user_id = $1
        UNION
        SELECT new_number FROM phone_changes WHERE user_id = $1
        "#,
        user as _,
    )
    .fetch_all(executor)
    .await
}

/// The change that `undo` belongs to, if it can still be undone.
pub async fn find(
    executor: impl PgExecutor<'_>,
    undo: &OpaqueToken,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Undoable>> {
    sqlx::query_as!(
        Undoable,
        r#"
        SELECT user_id AS "user: _", old_number, changed_at, undo_hash AS "undo: _"
        FROM phone_changes
        WHERE undo_hash = $1 AND undo_until > $2
        "#,
        undo.hash() as _,
        now,
    )
    .fetch_optional(executor)
    .await
}

/// Takes the change back, and with it every later one of the same user: who made this one against the
/// user's will may have made those, and would undo the undoing by them. `true` for exactly one caller,
/// however many race. The row of the user is locked by then, so that no later change is missed.
pub async fn take_back(
    connection: &mut PgConnection,
    change: &Undoable,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let taken_back = sqlx::query!(
        r#"
        DELETE FROM phone_changes later
        USING phone_changes this
        WHERE this.undo_hash = $1 AND this.undo_until > $2
            AND later.user_id = this.user_id AND later.id >= this.id
        "#,
        change.undo.clone() as _,
        now,
    )
    .execute(connection)
    .await?;
    Ok(taken_back.rows_affected() > 0)
}

/// Deletes the changes that stay as they are. Returns their number.
pub async fn delete_expired(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!("DELETE FROM phone_changes WHERE undo_until <= $1", now)
        .execute(executor)
        .await?;
    Ok(deleted.rows_affected())
}

/// A row of a person, for the person: all of it but the token's hash. Not `Debug`: all of it is personal.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedPhoneChange)]
pub struct Exported {
    /// E.164.
    old_number: String,
    /// E.164.
    new_number: String,
    changed_at: DateTime<Utc>,
    undo_until: DateTime<Utc>,
}

/// What is stored of `user`'s changes.
pub async fn export(executor: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<Vec<Exported>> {
    sqlx::query_as!(
        Exported,
        r#"
        SELECT old_number, new_number, changed_at, undo_until
        FROM phone_changes
        WHERE user_id = $1
        ORDER BY id
        "#,
        user as _,
    )
    .fetch_all(executor)
    .await
}
