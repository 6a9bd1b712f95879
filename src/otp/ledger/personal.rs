//! What the ledger knows of a person: telling them, and forgetting them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::foundation::{ChallengeId, MessageId, UserId};

/// In `messages.number_key_id` where nobody's number is kept any more.
const ERASED: &str = "erased";
/// In `messages.number_mac` there: the HMAC of no number.
const NO_MAC: [u8; 32] = [0; 32];

/// A row of a person, for the person: all of it but the keyed hash of their own number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedMessage)]
pub(in crate::otp) struct Exported {
    id: MessageId,
    challenge_id: ChallengeId,
    /// ISO 3166-1 alpha-2 country of the number.
    country: Option<String>,
    provider: String,
    channel: String,
    purpose: String,
    state: String,
    failure: Option<String>,
    /// The carrier's own id.
    provider_reference: Option<String>,
    segments: Option<i16>,
    /// In millionths of `priceCurrency`.
    price_micros: Option<i64>,
    price_currency: Option<String>,
    /// Whether the carrier told the price.
    price_is_told: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    verified_at: Option<DateTime<Utc>>,
}

/// The messages to `user`, oldest first.
pub(in crate::otp) async fn export(
    connection: &mut PgConnection,
    user: UserId,
) -> sqlx::Result<Vec<Exported>> {
    sqlx::query_as!(
        Exported,
        r#"
        SELECT id AS "id: _", challenge_id AS "challenge_id: _", country, provider, channel, purpose,
            state, failure, provider_reference, segments, price_micros, price_currency,
            price_is_told, created_at, updated_at, verified_at
        FROM messages
        WHERE user_id = $1
        ORDER BY created_at, id
        "#,
        user as _,
    )
    .fetch_all(connection)
    .await
}

/// Takes from the messages to `user` by what they could be told to be theirs.
pub(in crate::otp) async fn forget(
    connection: &mut PgConnection,
    user: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE messages SET user_id = NULL, number_mac = $2, number_key_id = $3
        WHERE user_id = $1
        "#,
        user as _,
        NO_MAC.as_slice(),
        ERASED,
    )
    .execute(connection)
    .await?;
    Ok(())
}
