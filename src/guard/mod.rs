//! The guard against SMS pumping: codes that are asked for to be paid for, not to be entered.
//!
//! Owns the tables `guard_scopes` and `guard_decisions`. Decides on each code before a carrier is
//! asked, by what has come of the codes before it: for the block of addresses that asks, and for the
//! run, the prefix, the range and the country of the number. Knows nothing of users, codes or carriers:
//! whoever sends tells it what became of a send.
//!
//! | to | look at |
//! |---|---|
//! | know the rules | `rules` (one scope), `verdict` (all scopes of a code) |
//! | decide on a code, take it back, note that it was entered | `admission` |
//! | name the scopes of a number | `scopes` |
//! | explain it to an operator | `explain`, `report` |

mod admission;
mod explain;
mod report;
mod rules;
mod scopes;
mod store;
mod verdict;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use crate::foundation::{Clock, Keyring, PhoneNumber};

pub use admission::{Admission, Admitted, Asked, Proof};
pub use explain::{Explanation, PastDecision, ScopeStanding};
pub use report::{ReportBy, ReportLine};
pub use rules::{ScopeKind, State};

/// For how long codes that went are kept: a month can be looked at.
const SENDS_KEPT_FOR: TimeDelta = TimeDelta::days(35);
/// … and those that did not, and whose number it was: as many as anybody cares to ask for.
const REFUSALS_KEPT_FOR: TimeDelta = TimeDelta::days(1);
/// For how long a scope is remembered that nothing is sent to.
const SCOPES_KEPT_FOR: TimeDelta = TimeDelta::days(30);

/// `GUARD`: what comes of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It holds.
    On,
    /// It is written down, and everything is sent.
    Record,
    /// Nothing is decided or written down.
    Off,
}

/// The settings of the guard.
#[derive(Clone, Debug)]
pub struct Rules {
    /// `GUARD`.
    pub mode: Mode,
    /// `BLOCKED_PREFIXES`: what numbers that get nothing begin with, `+` and digits. Holds in every mode: it
    /// is the operator's word, not a guess.
    pub blocked_prefixes: Vec<String>,
}

/// Decides on codes.
#[derive(Debug)]
pub struct Guard {
    rules: Rules,
    keyring: Arc<Keyring>,
    clock: Clock,
}

impl Guard {
    /// By `rules`. Numbers are written down under a key of `keyring`.
    pub fn new(rules: Rules, keyring: Arc<Keyring>, clock: Clock) -> Self {
        Self { rules, keyring, clock }
    }

    /// `BLOCKED_PREFIXES`: the one that `number` begins with.
    fn blocked_by(&self, number: &PhoneNumber) -> Option<&str> {
        let prefixes = self.rules.blocked_prefixes.iter();
        prefixes.map(String::as_str).find(|prefix| number.e164().starts_with(prefix))
    }

    /// Deletes what nobody asks for any more, and forgets whose numbers the decisions of yesterday were
    /// on. Returns the number of rows deleted.
    pub async fn keep_house(&self, database: &PgPool, now: DateTime<Utc>) -> sqlx::Result<u64> {
        let refusals_before = now - REFUSALS_KEPT_FOR;
        store::forget_numbers(database, refusals_before).await?;
        let decisions =
            store::delete_decisions(database, now - SENDS_KEPT_FOR, refusals_before).await?;
        let scopes = store::delete_scopes(database, now - SCOPES_KEPT_FOR).await?;
        Ok(decisions + scopes)
    }
}
