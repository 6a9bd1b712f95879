//! The SQL of `messages`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::foundation::{ChallengeId, Keyring, MessageId};

use super::{Entry, News, NumberMac, State};

/// Why a message is unknown that was left behind.
const LEFT_BEHIND: &str = "left_behind";

/// Writes a message down before its carrier is asked.
pub(in crate::otp) async fn add(
    connection: &mut PgConnection,
    keyring: &Keyring,
    entry: &Entry<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let number = NumberMac::of(entry.number, keyring);
    sqlx::query!(
        r#"
        INSERT INTO messages (
            id, challenge_id, user_id, number_mac, number_key_id, country, provider, channel,
            purpose, price_micros, price_currency, created_at, updated_at
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
        "#,
        entry.id as _,
        entry.challenge as _,
        entry.user as _,
        number.mac,
        number.key_id,
        entry.number.country().map(ToString::to_string),
        entry.provider,
        entry.channel.as_str(),
        entry.purpose,
        entry.price.micros(),
        entry.currency.as_str(),
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Moves a message on. `false`: the state machine does not lead from where it is to the new state,
/// and nothing was changed.
pub(in crate::otp) async fn advance(
    connection: &mut PgConnection,
    id: MessageId,
    news: News<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let moved = sqlx::query!(
        r#"
        UPDATE messages
        SET state = $2, provider_reference = COALESCE(provider_reference, $3), failure = $4,
            updated_at = $5, segments = COALESCE($7, segments)
        WHERE id = $1 AND state = ANY ($6)
        "#,
        id as _,
        news.state.as_str(),
        news.reference,
        news.failure,
        now,
        &news.state.predecessors(),
        news.segments,
    )
    .execute(connection)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// The message that its carrier knows by `reference`.
pub(in crate::otp) async fn find_by_reference(
    connection: &mut PgConnection,
    provider: &str,
    reference: &str,
) -> sqlx::Result<Option<MessageId>> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: _" FROM messages WHERE provider = $1 AND provider_reference = $2"#,
        provider,
        reference,
    )
    .fetch_optional(connection)
    .await
}

/// The message by which `provider` carried a code.
pub(in crate::otp) async fn find_by_challenge(
    connection: &mut PgConnection,
    provider: &str,
    challenge: ChallengeId,
) -> sqlx::Result<Option<MessageId>> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: _" FROM messages WHERE provider = $1 AND challenge_id = $2"#,
        provider,
        challenge as _,
    )
    .fetch_optional(connection)
    .await
}

/// Notes that the code which `provider` carried was entered rightly. `true` for exactly one caller, once.
pub(in crate::otp) async fn mark_verified(
    connection: &mut PgConnection,
    challenge: ChallengeId,
    provider: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let marked = sqlx::query!(
        r#"
        UPDATE messages
        SET verified_at = $3
        WHERE challenge_id = $1 AND provider = $2 AND verified_at IS NULL
        "#,
        challenge as _,
        provider,
        now,
    )
    .execute(connection)
    .await?;
    Ok(marked.rows_affected() == 1)
}

/// Calls unknown what has been queued since before `before`. Returns how many.
pub(in crate::otp) async fn give_up_on_queued(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let given_up = sqlx::query!(
        r#"
        UPDATE messages
        SET state = $3, failure = $4, updated_at = $2
        WHERE state = 'queued' AND created_at < $1
        "#,
        before,
        now,
        State::Unknown.as_str(),
        LEFT_BEHIND,
    )
    .execute(connection)
    .await?;
    Ok(given_up.rows_affected())
}
