//! What was sent, refused and entered, by country, prefix, block or provider.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::Guard;
use super::rules::{ScopeKind, State};
use super::store;

/// What has a line of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportBy {
    /// The country of the number.
    Country,
    /// The number without its last four digits.
    Prefix,
    /// The /24 or /48 that asked.
    Block,
    /// Who carried the code. Watched, and never refused: a carrier that fails has a breaker.
    Provider,
}

/// One line.
#[derive(Debug)]
pub struct ReportLine {
    /// Which country, prefix, block or provider; empty for none.
    pub group: String,
    /// Codes that were let go.
    pub sent: i64,
    /// … whose number was proven within the hour after.
    pub verified: i64,
    /// Decisions that asked for a proof, or with `GUARD=record` would have.
    pub doubted: i64,
    /// … that refused, or would have. Those that held are kept for a day.
    pub refused: i64,
    /// How it stands now; of a provider nothing is judged.
    pub state: Option<State>,
}

impl ReportBy {
    /// As the command line has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Prefix => "prefix",
            Self::Block => "block",
            Self::Provider => "provider",
        }
    }

    const fn kind(self) -> Option<ScopeKind> {
        match self {
            Self::Country => Some(ScopeKind::Country),
            Self::Prefix => Some(ScopeKind::Prefix),
            Self::Block => Some(ScopeKind::Block),
            Self::Provider => None,
        }
    }
}

impl Guard {
    /// The `limit` groups with the most codes that were not entered or not sent, since then.
    pub async fn report(
        &self,
        database: &PgPool,
        by: ReportBy,
        since: DateTime<Utc>,
        limit: i64,
    ) -> sqlx::Result<Vec<ReportLine>> {
        let rows = sqlx::query!(
            r#"
            SELECT g.name AS "group!",
                count(*) FILTER (WHERE outcome = 'send' OR NOT is_enforced) AS "sent!",
                count(*) FILTER (WHERE verified_at IS NOT NULL) AS "verified!",
                count(*) FILTER (WHERE outcome = 'doubt') AS "doubted!",
                count(*) FILTER (WHERE outcome = 'refuse') AS "refused!"
            FROM guard_decisions,
                LATERAL (
                    SELECT CASE $1
                        WHEN 'country' THEN country
                        WHEN 'prefix' THEN prefix
                        WHEN 'block' THEN block
                        ELSE COALESCE(provider, '')
                    END AS name
                ) AS g
            WHERE decided_at >= $2
            GROUP BY g.name
            ORDER BY count(*) FILTER (WHERE verified_at IS NULL) DESC, g.name
            LIMIT $3
            "#,
            by.as_str(),
            since,
            limit,
        )
        .fetch_all(database)
        .await?;
        let now = self.clock.now();
        let names: Vec<String> = rows.iter().map(|row| row.group.clone()).collect();
        let standing = match by.kind() {
            Some(kind) => store::read_named(database, kind, &names).await?,
            None => std::collections::BTreeMap::new(),
        };
        let lines = rows.into_iter().map(|row| {
            let record = standing.get(&row.group).copied();
            let state = record.zip(by.kind()).map(|(record, kind)| record.state(&kind.rule(), now));
            ReportLine {
                group: row.group,
                sent: row.sent,
                verified: row.verified,
                doubted: row.doubted,
                refused: row.refused,
                state,
            }
        });
        Ok(lines.collect())
    }
}
