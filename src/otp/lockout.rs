//! The wait after too many wrong codes: how many may be given in how long, so that each further round
//! of guessing costs twice the wait of the one before.
//!
//! NIST SP 800-63B-4, 3.2.2 names a wait that grows as a means against guessing, and 100 wrong
//! attempts in a row as the most. Kept as sliding windows over the times of the wrong codes, so that
//! there is no level that whoever stays just below a limit never raises.
//!
//! A wait of a day still leaves some 5,800 guesses a year, and nobody is to be shut out for good. So who has
//! been given [`LONG_MEMORY`] wrong codes within a year gets codes that are harder to guess.
//!
//! Only the rules; what is counted is in `windows`.

use chrono::TimeDelta;

use super::windows::Window;

/// The wait after the first round of wrong codes, and the period of the innermost window.
pub(super) const FIRST_WAIT: TimeDelta = TimeDelta::hours(1);
/// No wait is longer.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(24);
/// For how long a wrong code is remembered at most.
pub(super) const MEMORY: TimeDelta = TimeDelta::days(7);

/// Wrong codes within a year that a user and a number may have before their codes get longer. Nothing
/// takes one back, a right code least of all: who waits for the owner's gains nothing by it.
pub(super) const LONG_MEMORY: Window = Window { events: 25, period: TimeDelta::days(365) };
/// How many digits they have from then on, at least: the 5,800 guesses that `windows` leave for a year
/// are then a chance of 1 in 17,000, and the first `LONG_MEMORY` another of 1 in 29,000: two
/// that were live at the time, for a login and for a new password, take nine more.
pub const LONG_CODE_DIGITS: usize = 8;

/// The windows in which wrong codes must find room, shortest first: `per_hour` in an hour, twice as
/// many in 3 hours, three times as many in 7, and so on. Who gives all that are allowed at once then
/// waits 1, 2, 4, 8, 16 hours, and a day from then on, as far as [`MEMORY`] reaches.
pub(super) fn windows(per_hour: u32) -> Vec<Window> {
    let waits = std::iter::successors(Some(FIRST_WAIT), |wait| Some((*wait * 2).min(LONGEST_WAIT)));
    let periods = waits.scan(TimeDelta::zero(), |end, wait| {
        *end += wait;
        (*end <= MEMORY).then_some(*end)
    });
    let rounds = periods.zip(1_u32..);
    rounds
        .map(|(period, round)| Window { events: per_hour.saturating_mul(round), period })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::super::app_codes::YEAR;
    use super::*;

    /// Somebody's wrong codes, as `otp_windows` has them.
    struct Guesser {
        windows: Vec<Window>,
        wrong: Vec<DateTime<Utc>>,
        now: DateTime<Utc>,
    }

    impl Guesser {
        fn new(per_hour: u32) -> Self {
            let windows = windows(per_hour);
            Self { windows, wrong: Vec::new(), now: DateTime::UNIX_EPOCH }
        }

        /// How long until a guess is taken.
        fn wait(&self) -> TimeDelta {
            let opens = self.windows.iter().filter_map(|it| it.opens_at(&self.wrong, self.now));
            opens.max().map_or(TimeDelta::zero(), |at| at - self.now)
        }

        /// `false`: it was not taken.
        fn guess(&mut self) -> bool {
            let is_taken = self.wait() == TimeDelta::zero();
            if is_taken {
                self.wrong.push(self.now);
            }
            is_taken
        }

        /// The most wrong codes within any `period`.
        fn most_within(&self, period: TimeDelta) -> usize {
            let since = |first: &DateTime<Utc>| {
                let (from, until) = (*first, *first + period);
                self.wrong.iter().filter(|it| (from..until).contains(*it)).count()
            };
            self.wrong.iter().map(since).max().unwrap_or_default()
        }
    }

    #[test]
    fn who_guesses_whenever_they_may_waits_twice_as_long_each_time_and_a_day_at_most() {
        let mut guesser = Guesser::new(10);
        let mut waits = Vec::new();
        for _ in 0..10 {
            let taken = std::iter::repeat_with(|| guesser.guess()).take_while(|taken| *taken);
            assert_eq!(taken.count(), 10);
            waits.push(guesser.wait().num_hours());
            guesser.now += guesser.wait();
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 24, 24, 24, 24, 24]);
        assert_eq!(guesser.wrong.len(), 100);
    }

    #[test]
    fn a_hundred_wrong_codes_take_more_than_five_days() {
        let longest = *windows(10).last().unwrap();
        assert_eq!((longest.events, longest.period), (100, TimeDelta::hours(151)));
        assert!(longest.period <= MEMORY, "rows are deleted too early");
    }

    #[test]
    fn a_year_of_guessing_at_one_account_comes_to_less_than_one_in_ten_thousand() {
        const MOST_ATTEMPTS: u32 = 5;
        let mut guesser = Guesser::new(10);
        let mut total = 0_u32;
        while guesser.now < DateTime::UNIX_EPOCH + LONG_MEMORY.period {
            while guesser.guess() {
                total += 1;
            }
            guesser.now += guesser.wait();
            let forgotten = guesser.now - MEMORY;
            guesser.wrong.retain(|wrong| *wrong > forgotten);
        }
        // Two codes may be live when the last of them is given, for a login and for a new password, and
        // still have their six digits.
        let short = LONG_MEMORY.events - 1 + 2 * MOST_ATTEMPTS;
        let long = total - short;
        // Of those of an app two are right at a time.
        let by_app = YEAR.events;
        let chance =
            f64::from(by_app) * 2e-6 + f64::from(short - by_app) / 1e6 + f64::from(long) / 1e8;
        assert!(total > 5000, "{total}: nobody is shut out for good");
        assert!(chance < 1e-4, "{total} guesses have a chance of {chance}");
    }

    proptest! {
        #[test]
        fn however_guesses_are_spread_none_waits_too_long_and_none_is_too_many(
            gaps in prop::collection::vec(prop_oneof![0_i64..60, 0_i64..7200, 0_i64..200_000], 0..300),
            per_hour in 1_u32..6,
        ) {
            let mut guesser = Guesser::new(per_hour);
            for gap in gaps {
                guesser.now += TimeDelta::seconds(gap);
                guesser.guess();
                prop_assert!(guesser.wait() <= LONGEST_WAIT);
            }
            for (window, round) in guesser.windows.iter().zip(1_u32..) {
                let most = usize::try_from(per_hour * round).unwrap();
                prop_assert!(guesser.most_within(window.period) <= most, "{window:?}");
            }
        }

        #[test]
        fn a_guess_is_taken_when_its_wait_is_over_and_not_before(
            gaps in prop::collection::vec(0_i64..1200, 0..200), per_hour in 1_u32..6,
        ) {
            let mut guesser = Guesser::new(per_hour);
            for gap in gaps {
                guesser.now += TimeDelta::seconds(gap);
                if !guesser.guess() {
                    let opens = guesser.now + guesser.wait();
                    guesser.now = opens - TimeDelta::microseconds(1);
                    prop_assert!(!guesser.guess());
                    guesser.now = opens;
                    prop_assert!(guesser.guess());
                }
            }
        }
    }
}
