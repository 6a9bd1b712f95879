//! Leaving: a grace in which a login brings the account back, then the end of it.
//!
//! The SQL of `erasures`. Who calls [`erase`] has the other rooms forget what they know first: what
//! they hold by the id alone goes with the row.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::foundation::UserId;

/// How long somebody who leaves can think again. GDPR, article 17 asks for "without undue delay".
pub const GRACE: TimeDelta = TimeDelta::days(7);

/// Somebody whose grace is over.
pub struct Leaving {
    /// Whose row is to go.
    pub id: UserId,
    /// Their number, E.164, if they have one: other rooms know them by it.
    pub phone_number: Option<String>,
}

/// Notes that the person leaves. Returns when the account will be erased; of several requests the
/// first counts.
pub async fn leave(
    connection: &mut PgConnection,
    id: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(
        r#"
        INSERT INTO erasures AS e (user_id, requested_at, erase_after)
        VALUES ($1, $2, $3)
        ON CONFLICT (user_id) DO UPDATE
        SET erase_after = LEAST(e.erase_after, excluded.erase_after)
        RETURNING erase_after
        "#,
        id as _,
        now,
        now + GRACE,
    )
    .fetch_one(connection)
    .await
}

/// Keeps the account of somebody who has logged in within the grace. `false`: it was not leaving (any
/// more), or the grace is over.
pub async fn restore(
    executor: impl PgExecutor<'_>,
    id: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let restored =
        sqlx::query!("DELETE FROM erasures WHERE user_id = $1 AND erase_after > $2", id as _, now,)
            .execute(executor)
            .await?;
    Ok(restored.rows_affected() == 1)
}

/// Somebody whose grace is over, if there is one whom no other replica is about to erase. Until the
/// transaction ends, nobody else gets the same.
pub async fn next_to_erase(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Leaving>> {
    sqlx::query_as!(
        Leaving,
        r#"
        SELECT u.id AS "id: _", u.phone_number
        FROM erasures e JOIN users u ON u.id = e.user_id
        WHERE e.erase_after <= $1
        ORDER BY e.erase_after
        LIMIT 1
        FOR UPDATE OF e SKIP LOCKED
        "#,
        now,
    )
    .fetch_optional(connection)
    .await
}

/// Deletes the person, and with the row everything that belongs to it alone.
pub async fn erase(connection: &mut PgConnection, id: UserId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM users WHERE id = $1", id as _).execute(connection).await?;
    Ok(())
}
