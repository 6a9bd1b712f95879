//! The wait after wrong passwords: how many in a row are free, how the wait grows from then on, and from
//! how many on no further one is taken at all.
//!
//! ```text
//!            wrong, fewer than `free`            wrong: the next longer wait
//!              ┌───────┐                            ┌──────────────┐
//!              ▼       │                            ▼              │
//!   ●───────▶ open ────┴── wrong, `free` in all ─▶ waiting ──over──┴─▶ (one more is taken)
//!              ▲                                    │    │
//!              └───────────── right ────────────────┘    └── wrong, `most` in all ─▶ shut
//!                                                                                    │
//!   ○ forgotten ◀── `memory` without a wrong one · a reset · an operator ◀───────────┘
//! ```
//!
//! NIST SP 800-63B-4, 3.2.2: at most 100 wrong ones in a row, and waits that grow are a means against
//! guessing. Only the rule; what is counted is in `guesses`, and one statement counts it by these numbers.

use chrono::{DateTime, TimeDelta, Utc};

/// The waits, in order: each is twice the one before, and none is longer than a day.
const WAITS_MINUTES: [i64; 12] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440];

/// What is allowed at a place. A wrong password counts from before it is hashed, so that racing ones
/// cannot spend more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// So many in a row until the first wait. Ten: people mistype, and open several windows at once.
    pub(super) free: u32,
    /// How many of the waits there are; the last one comes again and again.
    pub(super) steps: usize,
    /// From so many in a row on none is taken.
    pub(super) most: Option<u32>,
    /// How long a row is kept after the last wrong one.
    memory: TimeDelta,
}

/// One person in one address block, and on one device or in one session, which are nearer to its owner than
/// a block is: waits up to a day.
pub(super) const NEAR: Rule = Rule { free: 10, steps: 12, most: None, memory: TimeDelta::days(30) };

/// One person, from all devices that are not known: waits up to 16 minutes, so that many addresses help
/// little and an owner who is elsewhere can still get in between; and never more than 100 in a row.
pub(super) const EVERYWHERE: Rule =
    Rule { free: 20, steps: 5, most: Some(100), memory: TimeDelta::days(365) };

impl Rule {
    /// When a row that counts now is forgotten: at a whole day, so that further wrong ones of the same day
    /// leave the index as it is.
    pub(super) fn forgotten_at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let at = now + self.memory + TimeDelta::days(1);
        at.date_naive().and_time(chrono::NaiveTime::MIN).and_utc()
    }
}

/// The waits in seconds, as the statement wants them.
pub(super) fn waits() -> Vec<i64> {
    WAITS_MINUTES.iter().map(|minutes| minutes * 60).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Somebody who guesses, as the table has them.
    struct Guesser {
        rule: Rule,
        failures: u32,
        now: DateTime<Utc>,
        opens_at: DateTime<Utc>,
        taken_at: Vec<DateTime<Utc>>,
    }

    impl Guesser {
        fn new(rule: Rule) -> Self {
            let now = DateTime::UNIX_EPOCH;
            Self { rule, failures: 0, now, opens_at: now, taken_at: Vec::new() }
        }

        fn is_shut(&self) -> bool {
            self.rule.most.is_some_and(|most| self.failures >= most)
        }

        /// `false`: it was not taken.
        fn guess(&mut self) -> bool {
            if self.is_shut() || self.opens_at > self.now {
                return false;
            }
            self.failures += 1;
            self.taken_at.push(self.now);
            if let Some(beyond) = self.failures.checked_sub(self.rule.free) {
                let step = usize::try_from(beyond).unwrap().min(self.rule.steps - 1);
                self.opens_at = self.now + TimeDelta::seconds(waits()[step]);
            }
            true
        }
    }

    /// The waits of somebody who guesses whenever they may, in minutes.
    fn waits_of(rule: Rule, count: usize) -> Vec<i64> {
        let mut guesser = Guesser::new(rule);
        let waits = std::iter::repeat_with(|| {
            assert!(guesser.guess());
            let wait = (guesser.opens_at - guesser.now).num_minutes().max(0);
            guesser.now += TimeDelta::minutes(wait);
            wait
        });
        waits.take(count).collect()
    }

    #[test]
    fn near_ten_are_free_and_then_the_wait_doubles_up_to_a_day() {
        let wanted = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440, 1440];
        assert_eq!(waits_of(NEAR, 22), [&[0; 9][..], &wanted].concat());
    }

    #[test]
    fn everywhere_a_hundred_take_most_of_a_day_and_there_is_no_further_one() {
        let waits = waits_of(EVERYWHERE, 100);
        assert_eq!(waits[18..26], [0, 1, 2, 4, 8, 16, 16, 16]);
        assert_eq!(waits.iter().sum::<i64>(), 1 + 2 + 4 + 8 + 16 * 77);
        let mut guesser = Guesser::new(EVERYWHERE);
        let taken = std::iter::repeat_with(|| {
            guesser.now += TimeDelta::days(2);
            guesser.guess()
        });
        assert_eq!(taken.take(200).filter(|it| *it).count(), 100);
    }

    #[test]
    fn the_documented_waits_are_the_ones_in_force() {
        let text = include_str!("../../docs/operations.md");
        let shown = |steps: &[i64]| steps.iter().map(ToString::to_string).collect::<Vec<_>>();
        let first = shown(&WAITS_MINUTES[..4]).join(", ");
        let last = WAITS_MINUTES[WAITS_MINUTES.len() - 2];
        assert_eq!(WAITS_MINUTES.last(), Some(&(24 * 60)));
        let near = format!("| {} | {first} … {last} minutes, then a day each time |", NEAR.free);
        let (longest, most) = (WAITS_MINUTES[EVERYWHERE.steps - 1], EVERYWHERE.most.unwrap());
        let everywhere = format!(
            "| {} | {first} minutes, then {longest} each time; after {most} in a row none is taken |",
            EVERYWHERE.free
        );
        for (scope, end) in
            [("user_and_address_block", &near), ("device", &near), ("user", &everywhere)]
        {
            let row = text.lines().find(|line| line.starts_with(&format!("| `{scope}` |")));
            assert!(row.unwrap().ends_with(end), "{row:?}: {end}");
        }
    }

    #[test]
    fn nothing_is_forgotten_while_somebody_waits() {
        for rule in [NEAR, EVERYWHERE] {
            let longest = TimeDelta::seconds(waits()[rule.steps - 1]);
            assert!(rule.memory > longest * 2);
            let now = DateTime::UNIX_EPOCH + TimeDelta::minutes(777);
            assert!(rule.forgotten_at(now) >= now + rule.memory);
            assert!(rule.forgotten_at(now) <= now + rule.memory + TimeDelta::days(1));
        }
    }

    proptest! {
        #[test]
        fn however_guesses_are_spread_waits_only_grow_and_never_beyond_the_last(
            gaps in prop::collection::vec(prop_oneof![0_i64..60, 0_i64..7200, 0_i64..200_000], 0..300),
            is_near in any::<bool>(),
        ) {
            let rule = if is_near { NEAR } else { EVERYWHERE };
            let mut guesser = Guesser::new(rule);
            let mut before = TimeDelta::zero();
            for gap in gaps {
                guesser.now += TimeDelta::seconds(gap);
                if guesser.guess() {
                    let wait = (guesser.opens_at - guesser.now).max(TimeDelta::zero());
                    prop_assert!(wait >= before);
                    prop_assert!(wait <= TimeDelta::seconds(waits()[rule.steps - 1]));
                    before = wait;
                }
            }
            prop_assert!(rule.most.is_none_or(|most| guesser.failures <= most));
        }

        #[test]
        fn a_guess_is_taken_when_its_wait_is_over_and_not_before(
            gaps in prop::collection::vec(0_i64..1200, 0..80),
        ) {
            let mut guesser = Guesser::new(NEAR);
            for gap in gaps {
                guesser.now += TimeDelta::seconds(gap);
                if !guesser.guess() {
                    guesser.now = guesser.opens_at - TimeDelta::microseconds(1);
                    prop_assert!(!guesser.guess());
                    guesser.now = guesser.opens_at;
                    prop_assert!(guesser.guess());
                }
            }
        }

        #[test]
        fn in_a_year_somebody_in_one_block_has_no_more_than_ten_and_one_for_each_wait(
            gaps in prop::collection::vec(0_i64..600_000, 0..600),
        ) {
            let mut guesser = Guesser::new(NEAR);
            let year = DateTime::UNIX_EPOCH + TimeDelta::days(365);
            for gap in gaps {
                guesser.now += TimeDelta::seconds(gap);
                guesser.guess();
            }
            let taken = guesser.taken_at.iter().filter(|at| **at < year).count();
            prop_assert!(taken <= 10 + 11 + 365, "{taken}");
        }
    }
}
