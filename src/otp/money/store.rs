//! The SQL of `message_budgets`: each statement decides and counts at once.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::amount::{Amount, Currency};
use super::budgets::Account;

/// Money to be spoken for.
pub(super) struct Entry<'a> {
    pub(super) account: &'a Account,
    pub(super) currency: &'a Currency,
    /// More than nothing.
    pub(super) micros: i64,
    pub(super) cap: Amount,
}

/// What an account has come to.
pub(super) struct Taken {
    pub(super) spent: Amount,
    /// The log has not been told yet that it is nearly spent.
    pub(super) is_unwarned: bool,
}

/// Counts the entry where the cap has room for all of it. `None`: it has not, and nothing was
/// counted.
///
/// Concurrent calls for one account wait for each other's transaction: whoever comes second sees
/// what the first has spent.
pub(super) async fn take(
    connection: &mut PgConnection,
    entry: &Entry<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Taken>> {
    let taken = sqlx::query!(
        r#"
        INSERT INTO message_budgets AS b (scope, period, currency, spent_micros, updated_at)
        SELECT $1, $2, $3, $4, $6
        WHERE $4::bigint <= $5::bigint
        ON CONFLICT (scope, period, currency) DO UPDATE
        SET spent_micros = b.spent_micros + $4, updated_at = $6
        WHERE b.spent_micros + $4 <= $5
        RETURNING spent_micros, warned_at IS NULL AS "is_unwarned!"
        "#,
        entry.account.scope.key(),
        entry.account.period,
        entry.currency.as_str(),
        entry.micros,
        entry.cap.micros(),
        now,
    )
    .fetch_optional(connection)
    .await?;
    Ok(taken.map(|row| Taken {
        // Not below zero and within the cap, or the statement had refused.
        spent: Amount::from_micros(row.spent_micros).unwrap_or(entry.cap),
        is_unwarned: row.is_unwarned,
    }))
}

/// Adds to an account that is there (less than nothing: gives back), whatever its cap.
pub(super) async fn correct(
    connection: &mut PgConnection,
    account: &Account,
    currency: &Currency,
    micros: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE message_budgets
        SET spent_micros = GREATEST(spent_micros + $4, 0), updated_at = $5
        WHERE scope = $1 AND period = $2 AND currency = $3
        "#,
        account.scope.key(),
        account.period,
        currency.as_str(),
        micros,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// `true` for the one caller who is to tell the log that an account is nearly spent.
pub(super) async fn mark_warned(
    connection: &mut PgConnection,
    entry: &Entry<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let marked = sqlx::query!(
        r#"
        UPDATE message_budgets
        SET warned_at = $4
        WHERE scope = $1 AND period = $2 AND currency = $3 AND warned_at IS NULL
        "#,
        entry.account.scope.key(),
        entry.account.period,
        entry.currency.as_str(),
        now,
    )
    .execute(connection)
    .await?;
    Ok(marked.rows_affected() == 1)
}

/// `true` for the one caller who is to tell the log that an account has no room left. Where a
/// single message costs more than all of the budget there is no row yet.
pub(super) async fn mark_exhausted(
    connection: &mut PgConnection,
    account: &Account,
    currency: &Currency,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let marked = sqlx::query!(
        r#"
        INSERT INTO message_budgets AS b
            (scope, period, currency, spent_micros, exhausted_at, updated_at)
        VALUES ($1, $2, $3, 0, $4, $4)
        ON CONFLICT (scope, period, currency) DO UPDATE
        SET exhausted_at = $4
        WHERE b.exhausted_at IS NULL
        "#,
        account.scope.key(),
        account.period,
        currency.as_str(),
        now,
    )
    .execute(connection)
    .await?;
    Ok(marked.rows_affected() == 1)
}

/// What an account has come to, in millionths; of countries, the one that has cost most.
pub(super) async fn most_spent(
    connection: &mut PgConnection,
    account: &Account,
    currency: &Currency,
) -> sqlx::Result<i64> {
    let spent = sqlx::query_scalar!(
        r#"
        SELECT coalesce(max(spent_micros), 0) AS "spent!"
        FROM message_budgets
        WHERE split_part(scope, ':', 1) = $1 AND period = $2 AND currency = $3
        "#,
        account.scope.as_str(),
        account.period,
        currency.as_str(),
    )
    .fetch_one(connection)
    .await?;
    Ok(spent)
}

/// Deletes the periods that began before `before`.
pub(in crate::otp) async fn delete_old(
    connection: &mut PgConnection,
    before: NaiveDate,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!("DELETE FROM message_budgets WHERE period < $1", before)
        .execute(connection)
        .await?;
    Ok(deleted.rows_affected())
}
