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
}

/// What a scope owes, as it was last written down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Record {
    pub(super) debt: f64,
    pub(super) strikes: i16,
    pub(super) opens_at: Option<DateTime<Utc>>,
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
            },
            Self::Prefix => Rule {
                allowance: 3.0,
                credit: 6.0,
                doubt_from: 2.0,
                half_life: day,
                first_pause: quarter,
                longest_pause: day,
            },
            Self::Range => Rule {
                allowance: 6.0,
                credit: 12.0,
                doubt_from: 4.0,
                half_life: day,
                first_pause: quarter,
                longest_pause: TimeDelta::hours(12),
            },
            Self::Country => Rule {
                allowance: 10.0,
                credit: 20.0,
                doubt_from: 6.0,
                half_life: day,
                first_pause: TimeDelta::minutes(5),
                longest_pause: TimeDelta::hours(6),
            },
            Self::Block => Rule {
                allowance: 10.0,
                credit: 20.0,
                doubt_from: 6.0,
                half_life: TimeDelta::hours(6),
                first_pause: quarter,
                longest_pause: TimeDelta::hours(6),
            },
        }
    }
}

impl Rule {
    /// Whether one more code is within the allowance.
    fn has_room(&self, debt: f64) -> bool {
        debt + 1.0 <= self.allowance
    }

    fn pause(&self, strikes: i16) -> TimeDelta {
        let growth = GROWTH.checked_pow(u32::from(strikes.unsigned_abs())).unwrap_or(i32::MAX);
        let pause = self.first_pause.checked_mul(growth).unwrap_or(self.longest_pause);
        pause.min(self.longest_pause)
    }
}

impl Record {
    /// A scope that nothing was ever sent to.
    pub(super) const fn fresh(now: DateTime<Utc>) -> Self {
        Self { debt: 0.0, strikes: 0, opens_at: None, as_of: now }
    }

    /// What is left of it at `now`. A clock that has gone back changes nothing.
    pub(super) fn at(self, rule: &Rule, now: DateTime<Utc>) -> Self {
        let passed = (now - self.as_of).max(TimeDelta::zero());
        let halvings = passed.as_seconds_f64() / rule.half_life.as_seconds_f64();
        let debt = self.debt * (-halvings).exp2();
        let (strikes, opens_at) =
            if debt < FORGIVEN { (0, None) } else { (self.strikes, self.opens_at) };
        Self { debt, strikes, opens_at, as_of: self.as_of.max(now) }
    }

    /// How it stands at `now`.
    pub(super) fn state(self, rule: &Rule, now: DateTime<Utc>) -> State {
        let Self { debt, strikes, opens_at, .. } = self.at(rule, now);
        if rule.has_room(debt) {
            return match debt {
                debt if debt < 0.0 => State::Trusted,
                debt if debt + 1.0 > rule.doubt_from => State::Doubtful,
                _ => State::Open,
            };
        }
        match opens_at {
            Some(opens_at) if opens_at > now => {
                let is_short = rule.pause(strikes - 1) <= SLOWED_UP_TO;
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
            record.opens_at = Some(now + rule.pause(record.strikes));
            record.strikes = record.strikes.saturating_add(1);
        }
        record
    }

    /// A code was entered, of `sends` to its number. Where nothing could be sent any more, one can be.
    pub(super) fn paid(self, rule: &Rule, sends: u32, now: DateTime<Utc>) -> Self {
        let record = self.at(rule, now);
        let left = record.debt - f64::from(sends) - BONUS;
        let debt = left.min(rule.allowance - 1.0).max(-rule.credit);
        Self { debt, strikes: 0, opens_at: None, as_of: record.as_of }
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn may_send(record: Record, rule: &Rule, now: DateTime<Utc>) -> bool {
        !matches!(record.state(rule, now), State::Slowed | State::Closed)
    }

    /// Somebody asks every minute of a day and enters nothing: how many codes go.
    fn sent_in_a_day(kind: ScopeKind, begin: Record) -> u32 {
        let rule = kind.rule();
        let (mut record, mut sent) = (begin, 0);
        for now in (0..24 * 60).map(|minute| at(minute * 60)) {
            if may_send(record, &rule, now) {
                record = record.charged(&rule, now);
                sent += 1;
            }
        }
        sent
    }

    #[test]
    fn a_day_without_an_entered_code_costs_what_the_decision_says() {
        let fresh = ScopeKind::ALL.map(|kind| sent_in_a_day(kind, Record::fresh(at(0))));
        assert_eq!(fresh, [16, 16, 7, 10, 5], "block, country, prefix, range, run");
        let trusted = ScopeKind::ALL.map(|kind| {
            let debt = -kind.rule().credit;
            sent_in_a_day(kind, Record { debt, ..Record::fresh(at(0)) })
        });
        assert_eq!(trusted, [33, 36, 13, 22, 7], "with the best record there is");
    }

    #[test]
    fn a_scope_goes_from_open_over_slowed_to_closed_and_is_tried_again() {
        let rule = ScopeKind::Prefix.rule();
        let mut record = Record::fresh(at(0));
        assert_eq!(record.state(&rule, at(0)), State::Open);
        for _ in 0..2 {
            record = record.charged(&rule, at(0));
        }
        assert_eq!(record.state(&rule, at(0)), State::Doubtful);
        record = record.charged(&rule, at(0));
        assert_eq!(record.state(&rule, at(899)), State::Slowed);
        assert_eq!(record.state(&rule, at(900)), State::Trial);
        record = record.charged(&rule, at(900));
        assert_eq!(record.state(&rule, at(900 + 3599)), State::Slowed);
        record = record.charged(&rule, at(4500));
        assert_eq!(record.state(&rule, at(4500 + 4 * 3600 - 1)), State::Closed);
        assert_eq!(record.state(&rule, at(4500 + 4 * 3600)), State::Trial);
        let entered = record.paid(&rule, 1, at(4600));
        assert!(may_send(entered, &rule, at(4600)), "an entered code opens it");
        assert_eq!(record.state(&rule, at(9 * 86_400)), State::Open, "so does time");
    }

    #[test]
    fn nine_of_ten_entered_are_never_refused() {
        for kind in ScopeKind::ALL {
            let rule = kind.rule();
            let mut record = Record::fresh(at(0));
            for send in 0..1000 {
                let now = at(send * 60);
                assert!(may_send(record, &rule, now), "{kind:?}, send {send}");
                record = record.charged(&rule, now);
                if send % 10 != 0 {
                    record = record.paid(&rule, 1, now);
                }
            }
            assert_eq!(record.state(&rule, at(1000 * 60)), State::Trusted);
        }
    }

    #[test]
    fn a_clock_that_goes_back_gives_no_room() {
        let rule = ScopeKind::Prefix.rule();
        let mut record = Record::fresh(at(0));
        for _ in 0..3 {
            record = record.charged(&rule, at(0));
        }
        assert!(!may_send(record, &rule, at(-86_400)));
        assert_eq!(record.at(&rule, at(-86_400)), record);
    }

    fn kinds() -> impl Strategy<Value = ScopeKind> {
        proptest::sample::select(ScopeKind::ALL.to_vec())
    }

    proptest! {
        /// Whatever is mixed in: beyond the best record and the trials of a day, each entered code is worth
        /// two others at most.
        #[test]
        fn a_few_entered_codes_buy_no_more_than_a_few_others(
            kind in kinds(), entered in proptest::collection::vec(proptest::bool::weighted(0.1), 1..1000)
        ) {
            let rule = kind.rule();
            let (mut record, mut sent, mut paid) = (Record::fresh(at(0)), 0.0, 0.0);
            for (minute, is_entered) in (0..).zip(entered) {
                let now = at(minute * 60);
                if may_send(record, &rule, now) {
                    record = record.charged(&rule, now);
                    sent += 1.0;
                    if is_entered {
                        record = record.paid(&rule, 1, now);
                        paid += 1.0;
                    }
                }
            }
            let pauses = 8.0 * (1.0 + paid);
            prop_assert!(sent <= rule.allowance * 2.0 + 2.0 * paid + pauses, "{sent} for {paid}");
        }

        #[test]
        fn debt_and_credit_stay_within_their_bounds_and_shrink_with_time(
            kind in kinds(), steps in proptest::collection::vec((0u8..3, 0i64..40_000), 1..200)
        ) {
            let rule = kind.rule();
            let (mut record, mut now) = (Record::fresh(at(0)), 0);
            for (step, wait) in steps {
                now += wait;
                let before = record.at(&rule, at(now)).debt.abs();
                prop_assert!(before <= record.debt.abs());
                record = match step {
                    0 if may_send(record, &rule, at(now)) => record.charged(&rule, at(now)),
                    1 => record.paid(&rule, 1, at(now)),
                    _ => record.refunded(&rule, at(now)),
                };
                prop_assert!(record.debt >= -rule.credit);
                prop_assert!(record.strikes >= 0);
            }
        }

        #[test]
        fn what_is_taken_back_leaves_no_less_room_than_before(
            kind in kinds(), sends in 0usize..12
        ) {
            let rule = kind.rule();
            let charge = |record: Record, _| record.charged(&rule, at(0));
            let before = (0..sends).fold(Record::fresh(at(0)), charge);
            let after = before.charged(&rule, at(0)).refunded(&rule, at(0));
            prop_assert_eq!(after.debt, before.debt);
            prop_assert_eq!(after.strikes, before.strikes);
            prop_assert!(may_send(after, &rule, at(0)) || !may_send(before, &rule, at(0)));
        }
    }
}
