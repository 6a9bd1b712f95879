//! What the ledger adds up to: for `ringfence sms report`. Reads only.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// What a report has a line for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportBy {
    /// Each country that numbers belong to.
    Country,
    /// Each carrier.
    Provider,
    /// Each day, in UTC.
    Day,
}

impl ReportBy {
    /// As the command line has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Provider => "provider",
            Self::Day => "day",
        }
    }
}

/// One line: a country, a provider or a day, and a currency.
#[derive(Clone, Debug)]
pub struct ReportLine {
    /// The country's code, the provider's name, or the day as `2026-11-21`. Empty for numbers that
    /// belong to no country.
    pub group: String,
    /// What `cost` is in; empty where no price was noted.
    pub currency: String,
    /// What it adds up to.
    pub figures: Figures,
}

/// Messages, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// All of them.
    pub messages: i64,
    /// Taken by the carrier, whatever became of them then.
    pub sent: i64,
    /// Of these, arrived by the carrier's word.
    pub delivered: i64,
    /// Not sent, or by the carrier's word not arrived.
    pub failed: i64,
    /// Nobody can tell whether they were sent, or not yet.
    pub unknown: i64,
    /// Their code was entered rightly.
    pub verified: i64,
    /// What they cost, in millionths.
    pub cost_micros: i64,
    /// How many of the prices are the carrier's own; the others are of the price table.
    pub prices_told: i64,
}

impl Figures {
    /// Messages that have, or may have, reached somebody.
    pub fn handed_over(&self) -> i64 {
        self.sent + self.unknown
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            messages: self.messages + other.messages,
            sent: self.sent + other.sent,
            delivered: self.delivered + other.delivered,
            failed: self.failed + other.failed,
            unknown: self.unknown + other.unknown,
            verified: self.verified + other.verified,
            cost_micros: self.cost_micros + other.cost_micros,
            prices_told: self.prices_told + other.prices_told,
        }
    }
}

/// Adds up the messages entered at `since` or later. Days come in their order, all else by the
/// number of messages.
pub async fn report(
    database: &PgPool,
    since: DateTime<Utc>,
    by: ReportBy,
) -> sqlx::Result<Vec<ReportLine>> {
    let rows = sqlx::query!(
        r#"
        SELECT
            CASE $2
                WHEN 'country' THEN COALESCE(country, '')
                WHEN 'provider' THEN provider
                ELSE to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
            END AS "group!",
            COALESCE(price_currency, '') AS "currency!",
            count(*) AS "messages!",
            count(*) FILTER (
                WHERE state IN ('sent', 'delivered')
                    OR state = 'failed' AND provider_reference IS NOT NULL
            ) AS "sent!",
            count(*) FILTER (WHERE state = 'delivered') AS "delivered!",
            count(*) FILTER (WHERE state = 'failed') AS "failed!",
            count(*) FILTER (WHERE state IN ('queued', 'unknown')) AS "unknown!",
            count(verified_at) AS "verified!",
            COALESCE(sum(price_micros), 0)::bigint AS "cost_micros!",
            count(*) FILTER (WHERE price_is_told) AS "prices_told!"
        FROM messages
        WHERE created_at >= $1
        GROUP BY 1, 2
        ORDER BY CASE WHEN $2 = 'day' THEN 0 ELSE count(*) END DESC, 1, 2
        "#,
        since,
        by.as_str(),
    )
    .fetch_all(database)
    .await?;
    let line = rows.into_iter().map(|row| ReportLine {
        group: row.group,
        currency: row.currency,
        figures: Figures {
            messages: row.messages,
            sent: row.sent,
            delivered: row.delivered,
            failed: row.failed,
            unknown: row.unknown,
            verified: row.verified,
            cost_micros: row.cost_micros,
            prices_told: row.prices_told,
        },
    });
    Ok(line.collect())
}
