//! Why a number is or is not sent a code: the scopes, the rule that decides, and the last decisions.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::foundation::{Block, NumberType, PhoneNumber};

use super::admission::{ENTERED_WITHIN, standing};
use super::rules::{Record, ScopeKind, State};
use super::scopes::{Scopes, block_key, number_mac};
use super::verdict::{self, Objection};
use super::{Guard, Mode};

/// The decisions that are shown.
const SHOWN: i64 = 10;

/// What would become of a code now, and why.
#[derive(Debug)]
pub struct Explanation {
    /// `send`, `doubt` or `refuse`.
    pub outcome: &'static str,
    /// Whether that holds: `GUARD` may be `record` or `off`.
    pub is_enforced: bool,
    /// The rule that decides, in words.
    pub because: String,
    /// When a scope opens that refuses.
    pub opens_at: Option<DateTime<Utc>>,
    /// Every scope of the number, and of the address where there is one.
    pub scopes: Vec<ScopeStanding>,
    /// The last decisions on the number or its prefix, newest first; on the number, those of a day.
    pub decisions: Vec<PastDecision>,
}

/// How one scope stands.
#[derive(Debug)]
pub struct ScopeStanding {
    /// What it is.
    pub kind: ScopeKind,
    /// Which one.
    pub key: String,
    /// How it stands.
    pub state: State,
    /// Codes that were sent and not entered, less what entered ones have paid. Below nothing: credit.
    pub debt: f64,
    /// How much it may owe.
    pub allowance: f64,
    /// Until when it is closed.
    pub opens_at: Option<DateTime<Utc>>,
    /// Whether it has a say. A trusted scope speaks for the wider ones.
    pub has_a_say: bool,
}

/// A decision that was taken.
#[derive(Debug)]
pub struct PastDecision {
    /// When.
    pub decided_at: DateTime<Utc>,
    /// `send`, `doubt` or `refuse`.
    pub outcome: String,
    /// Whether it held.
    pub is_enforced: bool,
    /// The kind of scope that decided.
    pub decided_by: Option<String>,
    /// Whether it was this number, and not another of its prefix.
    pub is_of_number: bool,
    /// Where it was asked for.
    pub block: String,
    /// Who took the code.
    pub provider: Option<String>,
    /// When its number was proven.
    pub verified_at: Option<DateTime<Utc>>,
}

impl Guard {
    /// What would become of a code to `number`, which nobody has proven, asked for in `block`.
    pub async fn explain(
        &self,
        database: &PgPool,
        number: &PhoneNumber,
        block: Option<Block>,
    ) -> sqlx::Result<Explanation> {
        let now = self.clock.now();
        let scopes = Scopes::of(&self.keyring, number, block.map(block_key));
        let mac = number_mac(&self.keyring, number);
        let standing = standing(database, &scopes, &mac, now).await?;
        let judged = verdict::judge(&standing.records, &standing.asked, false, now);
        let (mut outcome, mut because, mut opens_at) = in_words(judged);
        let mut is_enforced = self.rules.mode == Mode::On;
        let rule = match self.blocked_by(number) {
            Some(prefix) => Some(format!("BLOCKED_PREFIXES has {prefix}")),
            None if number.number_type() == NumberType::Neither => Some(
                "no network has given the number to a person: its kind gets no codes".to_owned(),
            ),
            None => None,
        };
        if let Some(rule) = rule {
            (outcome, because, opens_at, is_enforced) = ("refuse", rule, None, true);
        }
        let shown = ScopeKind::ALL.into_iter().filter_map(|kind| {
            let record = standing.records.get(&kind).copied().unwrap_or(Record::fresh(now));
            let has_a_say = standing.asked.contains(&kind);
            Some(ScopeStanding::of(kind, scopes.key(kind)?, record, has_a_say, now))
        });
        let scopes_shown = shown.collect();
        let decisions = self.last_decisions(database, &scopes, &mac).await?;
        Ok(Explanation { outcome, is_enforced, because, opens_at, scopes: scopes_shown, decisions })
    }

    async fn last_decisions(
        &self,
        database: &PgPool,
        scopes: &Scopes,
        mac: &[u8],
    ) -> sqlx::Result<Vec<PastDecision>> {
        sqlx::query_as!(
            PastDecision,
            r#"
            SELECT decided_at, outcome, is_enforced, decided_by,
                number_mac IS NOT DISTINCT FROM $2 AS "is_of_number!", block, provider, verified_at
            FROM guard_decisions
            WHERE prefix = $1
            ORDER BY decided_at DESC, id DESC
            LIMIT $3
            "#,
            scopes.prefix,
            mac,
            SHOWN,
        )
        .fetch_all(database)
        .await
    }
}

impl ScopeStanding {
    pub(super) fn of(
        kind: ScopeKind,
        key: &str,
        record: Record,
        has_a_say: bool,
        now: DateTime<Utc>,
    ) -> Self {
        let rule = kind.rule();
        let state = record.state(&rule, now);
        let is_shut = matches!(state, State::Slowed | State::Closed);
        let left = record.at(&rule, now);
        Self {
            kind,
            key: key.to_owned(),
            state,
            debt: left.debt,
            allowance: rule.allowance,
            opens_at: left.opens_at.filter(|_| is_shut),
            has_a_say,
        }
    }
}

fn in_words(judged: Result<(), Objection>) -> (&'static str, String, Option<DateTime<Utc>>) {
    match judged {
        Ok(()) => ("send", "every scope has room".to_owned(), None),
        Err(Objection::Doubt(kind)) => {
            let kind = kind.as_str();
            let minutes = ENTERED_WITHIN.num_minutes();
            let because = format!(
                "too few codes of the {kind} were entered within {minutes} minutes: a proof is asked for"
            );
            ("doubt", because, None)
        }
        Err(Objection::Refuse(kind, opens_at)) => {
            let kind = kind.as_str();
            let because =
                format!("too few codes of the {kind} were entered: nothing is sent for a while");
            ("refuse", because, Some(opens_at))
        }
    }
}
