//! The arithmetic of a limit: the generic cell rate algorithm (GCRA, ITU-T I.371, annex A), pure.
//!
//! A limit remembers one time for each key, the theoretical arrival time `tat`: when all its room is
//! back. An event moves it on by one step, and there is room while it is not further ahead of the
//! present than a burst. Both stores decide by this rule; what is told of their answers is computed here.

use chrono::{DateTime, TimeDelta, Utc};

/// By so much the clocks of replicas may differ. A `tat` further ahead than a burst and this was counted
/// by a clock that has since been put back.
pub(super) const SLACK: TimeDelta = TimeDelta::minutes(1);

/// So many events at once, after which room for one more comes back each step: never more than
/// `events + t / step` within any time `t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    events: u64,
    step_micros: i64,
}

/// How much room a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// How many events there is room for where nothing was counted.
    pub limit: u64,
    /// How many there is room for now.
    pub remaining: u64,
    /// From when on there is room for one.
    pub open_at: DateTime<Utc>,
    /// When all room is back.
    pub full_at: DateTime<Utc>,
}

impl Rate {
    /// `events` in a `period`, room coming back evenly over it. At least one event, and at least a
    /// microsecond for each.
    pub fn new(events: u64, period: TimeDelta) -> Self {
        let events = events.clamp(1, YEAR_MICROS);
        let micros = u64::try_from(period.num_microseconds().unwrap_or(i64::MAX)).unwrap_or(0);
        // Rounded up: less room, never more.
        let step = micros.div_ceil(events).max(1);
        // A burst is at most as long as a year, so that times stay in the range of their type.
        let step_max = i64::try_from(YEAR_MICROS / events).unwrap_or(i64::MAX).max(1);
        Self { events, step_micros: i64::try_from(step).unwrap_or(i64::MAX).min(step_max) }
    }

    /// What one event costs, in microseconds.
    pub(super) fn step_micros(self) -> i64 {
        self.step_micros
    }

    /// How far `tat` may be ahead, in microseconds.
    pub(super) fn burst_micros(self) -> i64 {
        self.step_micros.saturating_mul(i64::try_from(self.events).unwrap_or(i64::MAX))
    }

    fn step(self) -> TimeDelta {
        TimeDelta::microseconds(self.step_micros)
    }

    fn burst(self) -> TimeDelta {
        TimeDelta::microseconds(self.burst_micros())
    }

    /// The room that a key with this `tat` has.
    pub fn room(self, tat: DateTime<Utc>, now: DateTime<Utc>) -> Room {
        let used_until = self.believed(tat, now).max(now);
        let latest = now + self.burst();
        let left = (latest - used_until).num_microseconds().unwrap_or(0) / self.step_micros;
        Room {
            limit: self.events,
            remaining: u64::try_from(left).unwrap_or(0),
            open_at: (used_until + self.step() - self.burst()).max(now),
            full_at: used_until,
        }
    }

    /// The `tat` after one more event. Whether there is room for it is [`Self::room`]'s to say.
    pub fn after_one(self, tat: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        tat.max(now) + self.step()
    }

    /// The `tat` that counts: one that only a clock can have made that has since been put back is brought
    /// down to a key without room. So a clock that goes backwards grants nothing, and shuts nobody out
    /// for longer than the burst that they have used up.
    pub fn believed(self, tat: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        let latest = now + self.burst();
        if tat > latest + SLACK { latest } else { tat }
    }
}

const YEAR_MICROS: u64 = 365 * 86_400 * 1_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One key, as a store keeps it.
    struct Key {
        rate: Rate,
        tat: DateTime<Utc>,
    }

    impl Key {
        fn new(rate: Rate) -> Self {
            Self { rate, tat: at(0) }
        }

        fn take(&mut self, now: DateTime<Utc>) -> bool {
            let has_room = self.rate.room(self.tat, now).remaining > 0;
            let Self { rate, tat } = *self;
            self.tat = if has_room { rate.after_one(tat, now) } else { rate.believed(tat, now) };
            has_room
        }
    }

    fn at(micros: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::microseconds(micros)
    }

    fn rates() -> impl Strategy<Value = Rate> {
        (1_u64..40, 1_i64..10_000_000)
            .prop_map(|(events, micros)| Rate::new(events, TimeDelta::microseconds(micros)))
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_a_burst_and_what_came_back(
            rate in rates(), pauses in prop::collection::vec(0_i64..2_000_000, 1..200)
        ) {
            let mut key = Key::new(rate);
            let mut now = 0;
            let mut taken = Vec::new();
            for pause in pauses {
                now += pause;
                if key.take(at(now)) {
                    taken.push(now);
                }
            }
            for (first, begin) in taken.iter().enumerate() {
                for (last, end) in taken.iter().enumerate().skip(first) {
                    let most = i64::try_from(rate.events).unwrap() + (end - begin) / rate.step_micros;
                    prop_assert!(i64::try_from(last - first + 1).unwrap() <= most);
                }
            }
        }

        #[test]
        fn room_comes_back_at_the_time_told_and_not_a_microsecond_sooner(
            rate in rates(), pauses in prop::collection::vec(0_i64..100_000, 1..100)
        ) {
            let mut key = Key::new(rate);
            let mut now = 0;
            for pause in pauses {
                now += pause;
                key.take(at(now));
                let room = rate.room(key.tat, at(now));
                let has_room = |time| rate.room(key.tat, time).remaining > 0;
                if room.remaining == 0 {
                    prop_assert!(has_room(room.open_at));
                    prop_assert!(!has_room(room.open_at - TimeDelta::microseconds(1)));
                } else {
                    prop_assert_eq!(room.open_at, at(now));
                }
                prop_assert_eq!(rate.room(key.tat, room.full_at).remaining, rate.events);
            }
        }

        #[test]
        fn what_remains_can_be_had_at_once_and_no_more(
            rate in rates(), pauses in prop::collection::vec(0_i64..1_000_000, 0..50)
        ) {
            let mut key = Key::new(rate);
            let mut now = 0;
            for pause in pauses {
                now += pause;
                key.take(at(now));
            }
            let remaining = rate.room(key.tat, at(now)).remaining;
            for _ in 0..remaining {
                prop_assert!(key.take(at(now)));
            }
            prop_assert!(!key.take(at(now)));
        }

        #[test]
        fn a_clock_put_back_grants_nothing_and_shuts_nobody_out_for_long(
            rate in rates(), back in 0_i64..100_000_000_000
        ) {
            let mut key = Key::new(rate);
            let now = 200_000_000_000;
            while key.take(at(now)) {}
            let now = now - back;
            prop_assert!(!key.take(at(now)), "room came of a clock put back");
            let longest = rate.step() + SLACK;
            let room = rate.room(key.tat, at(now));
            prop_assert!(room.open_at - at(now) <= longest, "{:?}", room.open_at - at(now));
            prop_assert!(key.take(room.open_at));
        }

        #[test]
        fn clocks_that_differ_by_less_than_a_minute_grant_together_what_one_does(
            rate in rates(), asked in prop::collection::vec(any::<bool>(), 1..300), ahead in 0_i64..60_000_000
        ) {
            let mut key = Key::new(rate);
            let granted = asked.iter().filter(|is_ahead| {
                key.take(at(100_000_000 + if **is_ahead { ahead } else { 0 }))
            });
            let most = rate.events + u64::try_from(ahead / rate.step_micros).unwrap();
            prop_assert!(u64::try_from(granted.count()).unwrap() <= most);
        }

        #[test]
        fn every_rate_stays_within_what_times_can_hold(events: u64, seconds in 0_i64..10_000_000) {
            let rate = Rate::new(events, TimeDelta::seconds(seconds));
            let now: DateTime<Utc> = "2026-03-04T05:06:07Z".parse().unwrap();
            let room = rate.room(rate.after_one(now, now), now);
            prop_assert!(room.limit > 0);
        }
    }

    #[test]
    fn a_hundred_in_an_hour_are_a_hundred_at_once_and_then_one_each_36_seconds() {
        let mut key = Key::new(Rate::new(100, TimeDelta::hours(1)));
        assert_eq!((0..200).filter(|_| key.take(at(0))).count(), 100);
        let room = key.rate.room(key.tat, at(0));
        assert_eq!(room.open_at, at(36_000_000));
        assert_eq!(room.full_at, at(3_600_000_000));
        assert!(!key.take(at(35_999_999)));
        assert!(key.take(at(36_000_000)));
        assert!(!key.take(at(36_000_000)));
    }
}
