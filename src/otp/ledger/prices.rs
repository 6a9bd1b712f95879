//! What a message has cost: by the price table until its carrier tells, or until it is certain that
//! nothing was sent.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::foundation::{Country, MessageId};

use crate::otp::money::{Amount, Currency};

/// By how much the price of a message has changed.
pub(in crate::otp) struct PriceChange {
    /// Where it went.
    pub(in crate::otp) country: Option<Country>,
    /// When it was entered.
    pub(in crate::otp) created_at: DateTime<Utc>,
    /// The new price less the old one.
    pub(in crate::otp) micros: i64,
}

/// What became of a price that a carrier told.
pub(in crate::otp) enum Told {
    /// It is the message's price from now on.
    Noted(PriceChange),
    /// The ledger has the message in the currency `ours`.
    OtherCurrency { ours: String },
    /// A price was told before, or there is no such message.
    Before,
}

/// Takes the price off a message that was certainly not sent, once. `None`: it has none, or its
/// carrier has told one.
pub(in crate::otp) async fn waive(
    connection: &mut PgConnection,
    id: MessageId,
) -> sqlx::Result<Option<PriceChange>> {
    let waived = sqlx::query!(
        r#"
        WITH estimated AS (
            SELECT id, price_micros, country, created_at
            FROM messages
            WHERE id = $1 AND price_micros > 0 AND NOT price_is_told
            FOR UPDATE
        )
        UPDATE messages AS m
        SET price_micros = 0
        FROM estimated AS e
        WHERE m.id = e.id
        RETURNING e.price_micros AS "estimate!", e.country, e.created_at
        "#,
        id as _,
    )
    .fetch_optional(connection)
    .await?;
    Ok(waived.map(|row| PriceChange {
        country: row.country.and_then(|country| country.parse().ok()),
        created_at: row.created_at,
        micros: -row.estimate,
    }))
}

/// Notes the price that the carrier tells, if none was told before. Of racing calls one notes it:
/// the others wait for its row and then find the price told.
pub(in crate::otp) async fn settle(
    connection: &mut PgConnection,
    id: MessageId,
    price: Amount,
    currency: &Currency,
) -> sqlx::Result<Told> {
    let noted = sqlx::query!(
        r#"
        WITH estimated AS (
            SELECT id, price_micros, country, created_at
            FROM messages
            WHERE id = $1 AND NOT price_is_told AND COALESCE(price_currency, $3) = $3
            FOR UPDATE
        )
        UPDATE messages AS m
        SET price_micros = $2, price_currency = $3, price_is_told = true
        FROM estimated AS e
        WHERE m.id = e.id
        RETURNING COALESCE(e.price_micros, 0) AS "estimate!", e.country, e.created_at
        "#,
        id as _,
        price.micros(),
        currency.as_str(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(row) = noted {
        return Ok(Told::Noted(PriceChange {
            country: row.country.and_then(|country| country.parse().ok()),
            created_at: row.created_at,
            micros: price.micros() - row.estimate,
        }));
    }
    let ours = sqlx::query_scalar!(
        r#"SELECT price_currency AS "ours!" FROM messages WHERE id = $1 AND price_currency <> $2"#,
        id as _,
        currency.as_str(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(ours.map_or(Told::Before, |ours| Told::OtherCurrency { ours }))
}
