//! The rules of the guard: what a scope owes, when it is slowed, closed and tried again. No IO, no clock.
//!
//! Each code that is sent adds one to the *debt* of its scopes. An entered code takes off what was sent to
//! its number, and half as much again. So a scope where two of three codes are entered stays as it
//! is, one with more earns credit, and one with fewer runs out of its allowance, whatever its traffic.
//! Debt and credit halve with time: that is the sliding window.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> open
//!     open --> trusted : more was entered than not
//!     trusted --> open : the credit is used up
//!     open --> doubtful : most of the allowance is used up
//!     doubtful --> slowed : all of it is
//!     slowed --> trial : the pause is over
//!     trial --> slowed : one code is sent; the next pause is four times as long
//!     slowed --> closed : the pause is longer than an hour
//!     closed --> trial : the pause is over
//!     trial --> open : its code is entered
//!     closed --> open : time has halved the debt
//! ```

use chrono::{DateTime, TimeDelta, Utc};

/// Of a code that is entered, beside what was sent to its number: two of three codes entered keep a scope
/// as it is (1 − ⅔ · 1½ = 0). Honest sign-ups enter nine of ten.
const BONUS: f64 = 0.5;
/// Each pause is so many times as long as the one before.
const GROWTH: i32 = 4;
/// Debt below this is forgotten, and the pauses with it.
const FORGIVEN: f64 = 0.5;
/// The first pause of a range or a country where a code was entered within a day: it has honest people, who
/// soon open it again. The next ones grow, too, until a code is entered: where it is being pumped most
/// tries go to the attacker. Whom it is tried with bounds that further, see `verdict`.
const PAUSE_OF_PAYERS: TimeDelta = TimeDelta::minutes(1);
/// … and each is so many times as long as the one before.
const GROWTH_OF_PAYERS: i32 = 2;
const PAYER_FOR: TimeDelta = TimeDelta::days(1);
/// What was written further ahead is of a clock that has been put back since; clocks of replicas differ by less.
const AHEAD_AT_MOST: TimeDelta = TimeDelta::days(1);
/// A scope whose next pause was no longer than this is slowed, not closed.
const SLOWED_UP_TO: TimeDelta = TimeDelta::hours(1);

/// What codes are watched by. In the order in which rows are locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScopeKind {
    /// A block of client addresses: an IPv4 /24, an IPv6 /48.
    Block,
    /// The country of a number. Charged only where nothing narrower is trusted.
    Country,
    /// A number without its last four digits.
    Prefix,
    /// … without its last seven. Charged only where the prefix is not trusted.
    Range,
    /// … without its last two: numbers in sequence.
    Run,
}

/// How a kind of scope is measured. Debts are in codes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// How much it may owe. What a scope never seen gets.
    pub(super) allowance: f64,
    /// How much it can have in hand at most: what a healthy record is worth to whoever abuses it.
    pub(super) credit: f64,
    /// From which debt on a proof is asked for.
    pub(super) doubt_from: f64,
    half_life: TimeDelta,
    first_pause: TimeDelta,
    longest_pause: TimeDelta,
    /// Whether good and bad people are commonly found in one such scope.
    pub(super) is_wide: bool,
}

/// What a scope owes, as it was last written down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Record {
    pub(super) debt: f64,
    pub(super) strikes: i16,
    pub(super) opens_at: Option<DateTime<Utc>>,
    pub(super) paid_at: Option<DateTime<Utc>>,
    pub(super) as_of: DateTime<Utc>,
}

/// How a scope stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has credit, and vouches for the wider ones.
    Trusted,
    /// It has room.
    Open,
    /// It has room for whoever gives a proof.
    Doubtful,
    /// Its allowance is used up: one code in a pause of up to an hour.
    Slowed,
    /// … of more than an hour.
    Closed,
    /// A pause is over: one code is sent, to see.
    Trial,
}

impl ScopeKind {
    /// Every kind.
    pub(super) const ALL: [Self; 5] =
        [Self::Block, Self::Country, Self::Prefix, Self::Range, Self::Run];

    /// As the database and the command line have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Country => "country",
            Self::Prefix => "prefix",
            Self::Range => "range",
            Self::Run => "run",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The figures are argued in docs/decisions/0027.
    pub(super) const fn rule(self) -> Rule {
        let (day, quarter) = (TimeDelta::days(1), TimeDelta::minutes(15));
        match self {
            Self::Run => Rule {
                allowance: 2.0,
                credit: 2.0,
                doubt_from: 2.0,
                half_life: TimeDelta::hours(6),
                first_pause: TimeDelta::hours(1),
                longest_pause: day,
                is_wide: false,
            },
            Self::Prefix => Rule {
                allowance: 3.0,
                credit: 6.0,
                doubt_from: 2.0,
                half_life: day,
                first_pause: quarter,
                longest_pause: day,
                is_wide: false,
            },
            Self::Range => Rule {
                allowance: 6.0,
                credit: 12.0,
                doubt_from: 4.0,
                half_life: day,
                first_pause: quarter,
                longest_pause: TimeDelta::hours(12),
                is_wide: true,
            },
            Self::Country => Rule {
                allowance: 6.0,
                credit: 20.0,
                doubt_from: 3.0,
                half_life: day,
                first_pause: TimeDelta::minutes(5),
                longest_pause: TimeDelta::hours(6),
                is_wide: true,
            },
            Self::Block => Rule {
                allowance: 10.0,
                credit: 20.0,
                doubt_from: 6.0,
                half_life: TimeDelta::hours(6),
                first_pause: quarter,
                longest_pause: TimeDelta::hours(6),
                is_wide: false,
            },
        }
    }
}

impl Rule {
    /// Whether one more code is within the allowance.
    fn has_room(&self, debt: f64) -> bool {
        debt + 1.0 <= self.allowance
    }

    /// The pause after the next code.
    fn pause(&self, record: &Record, strikes: i16, now: DateTime<Utc>) -> TimeDelta {
        let is_payer = record.paid_at.is_some_and(|paid_at| now - paid_at < PAYER_FOR);
        let (first, growth) = if self.is_wide && is_payer {
            (PAUSE_OF_PAYERS, GROWTH_OF_PAYERS)
        } else {
            (self.first_pause, GROWTH)
        };
        let growth = growth.checked_pow(u32::from(strikes.unsigned_abs())).unwrap_or(i32::MAX);
        let pause = first.checked_mul(growth).unwrap_or(self.longest_pause);
        pause.min(self.longest_pause)
    }
}

impl Record {
    /// A scope that nothing was ever sent to.
    pub(super) const fn fresh(now: DateTime<Utc>) -> Self {
        Self { debt: 0.0, strikes: 0, opens_at: None, paid_at: None, as_of: now }
    }

    /// What is left of it at `now`. A clock that goes back changes nothing; one that is put back by far ends the
    /// pause, which would last until it has caught up, and halves the debt from then on.
    pub(super) fn at(self, rule: &Rule, now: DateTime<Utc>) -> Self {
        let is_of_another_clock = self.as_of - now > AHEAD_AT_MOST;
        let as_of = if is_of_another_clock { now } else { self.as_of.max(now) };
        let passed = (now - self.as_of).max(TimeDelta::zero());
        let halvings = passed.as_seconds_f64() / rule.half_life.as_seconds_f64();
        let debt = self.debt * (-halvings).exp2();
        let opens_at = self.opens_at.filter(|_| !is_of_another_clock);
        let (strikes, opens_at) =
            if debt < FORGIVEN { (0, None) } else { (self.strikes, opens_at) };
        Self { debt, strikes, opens_at, as_of, ..self }
    }

    /// How it stands at `now`.
    pub(super) fn state(self, rule: &Rule, now: DateTime<Utc>) -> State {
        let record = self.at(rule, now);
        let Self { debt, strikes, opens_at, .. } = record;
        if rule.has_room(debt) {
            return match debt {
                debt if debt < 0.0 => State::Trusted,
                debt if debt + 1.0 > rule.doubt_from => State::Doubtful,
                _ => State::Open,
            };
        }
        match opens_at {
            Some(opens_at) if opens_at > now => {
                let is_short = rule.pause(&record, strikes - 1, now) <= SLOWED_UP_TO;
                if is_short { State::Slowed } else { State::Closed }
            }
            _ => State::Trial,
        }
    }

    /// One more code is sent.
    pub(super) fn charged(self, rule: &Rule, now: DateTime<Utc>) -> Self {
        let mut record = self.at(rule, now);
        record.debt += 1.0;
        if !rule.has_room(record.debt) {
            record.opens_at = Some(now + rule.pause(&record, record.strikes, now));
            record.strikes = record.strikes.saturating_add(1);
        }
        record
    }

    /// A code was entered, of `sends` to its number. Where nothing could be sent any more, one can be.
    pub(super) fn paid(self, rule: &Rule, sends: u32, now: DateTime<Utc>) -> Self {
        let record = self.at(rule, now);
        let left = record.debt - f64::from(sends) - BONUS;
        let debt = left.min(rule.allowance - 1.0).max(-rule.credit);
        Self { debt, strikes: 0, opens_at: None, paid_at: Some(now), as_of: record.as_of }
    }

    /// Whether nothing is open with it.
    pub(super) fn owes_nothing(self, rule: &Rule, now: DateTime<Utc>) -> bool {
        self.at(rule, now).debt < FORGIVEN
    }

    /// When to ask again, for whoever this scope is not tried with.
    pub(super) fn another_try(self, rule: &Rule, now: DateTime<Utc>) -> DateTime<Utc> {
        now + rule.pause(&self, 0, now)
    }

    /// A code that was charged has certainly not been sent.
    pub(super) fn refunded(self, rule: &Rule, now: DateTime<Utc>) -> Self {
        let mut record = self.at(rule, now);
        let was_paused = !rule.has_room(record.debt);
        record.debt = (record.debt - 1.0).max(-rule.credit);
        if was_paused {
            record.strikes = (record.strikes - 1).max(0);
            record.opens_at = (!rule.has_room(record.debt)).then_some(now);
        }
        record
    }
}

impl State {
    /// As the command line has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Open => "open",
            Self::Doubtful => "doubtful",
            Self::Slowed => "slowed",
            Self::Closed => "closed",
            Self::Trial => "trial",
        }
    }
}

#[cfg(test)]
mod tests;
