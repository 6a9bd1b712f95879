//! A circuit breaker for each carrier: one that is out of order is left alone for a while instead
//! of making everybody wait for it.
//!
//! Pure: time is handed in. Kept in memory, for each process by itself: a replica that can reach a
//! carrier goes on doing so though another cannot.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// How far back calls count.
const WINDOW: TimeDelta = TimeDelta::seconds(60);
/// Fewer calls within the window say nothing.
const CALLS_MIN: usize = 5;
/// The newest calls of a window are enough to judge by.
const CALLS_MAX: usize = 100;
/// Opens when at least this share of the calls failed, in percent.
const FAILED_PERCENT: usize = 50;
/// How long a carrier is left alone before one call tries it again.
const PAUSE: TimeDelta = TimeDelta::seconds(30);

/// Whether a carrier is asked at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// It works.
    Closed,
    /// It is left alone.
    Open,
    /// One call tries whether it works again.
    HalfOpen,
}

impl BreakerState {
    /// As `/readyz` and the log have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// What a call has shown of the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// It answered as it should, were it by a refusal.
    Works,
    /// It did not.
    Fails,
}

/// One carrier's breaker.
#[derive(Debug)]
pub(super) struct Breaker(Mutex<Inner>);

#[derive(Debug)]
enum Inner {
    Closed {
        calls: VecDeque<(DateTime<Utc>, Shown)>,
    },
    Open {
        until: DateTime<Utc>,
    },
    /// The call that tries it began a pause before `until`; should it never end, another may try.
    HalfOpen {
        until: DateTime<Utc>,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self(Mutex::new(Inner::closed()))
    }
}

impl Breaker {
    /// Whether the carrier may be asked now. Where one call is to try an open breaker, `true` for
    /// that call only.
    pub(super) fn admits(&self, now: DateTime<Utc>) -> bool {
        let mut inner = self.lock();
        match *inner {
            Inner::Closed { .. } => true,
            Inner::Open { until } | Inner::HalfOpen { until } if now < until => false,
            Inner::Open { .. } | Inner::HalfOpen { .. } => {
                *inner = Inner::HalfOpen { until: now + PAUSE };
                true
            }
        }
    }

    /// Notes what a call has shown. Returns the new state where that changed it.
    pub(super) fn note(&self, shown: Shown, now: DateTime<Utc>) -> Option<BreakerState> {
        let mut inner = self.lock();
        match (&mut *inner, shown) {
            (Inner::Closed { calls }, shown) => {
                calls.retain(|(at, _)| *at > now - WINDOW);
                calls.push_back((now, shown));
                if calls.len() > CALLS_MAX {
                    calls.pop_front();
                }
                if !is_out_of_order(calls) {
                    return None;
                }
                *inner = Inner::Open { until: now + PAUSE };
                Some(BreakerState::Open)
            }
            (Inner::Open { .. } | Inner::HalfOpen { .. }, Shown::Works) => {
                *inner = Inner::closed();
                Some(BreakerState::Closed)
            }
            (Inner::HalfOpen { .. }, Shown::Fails) => {
                *inner = Inner::Open { until: now + PAUSE };
                Some(BreakerState::Open)
            }
            // A call that began before the breaker opened.
            (Inner::Open { .. }, Shown::Fails) => None,
        }
    }

    /// Gives the try back that [`Self::admits`] let through, where nobody was asked after all: the next call
    /// may have it. Without that, refused requests would keep an open breaker open.
    pub(super) fn give_back(&self, now: DateTime<Utc>) {
        let mut inner = self.lock();
        if let Inner::HalfOpen { .. } = *inner {
            *inner = Inner::Open { until: now };
        }
    }

    /// How it stands.
    pub(super) fn state(&self) -> BreakerState {
        match *self.lock() {
            Inner::Closed { .. } => BreakerState::Closed,
            Inner::Open { .. } => BreakerState::Open,
            Inner::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// From when on [`Self::admits`] will let a call through; `now` where it does already.
    pub(super) fn admits_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        match *self.lock() {
            Inner::Closed { .. } => now,
            Inner::Open { until } | Inner::HalfOpen { until } => until.max(now),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code that can panic half-way through a change runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn closed() -> Self {
        Self::Closed { calls: VecDeque::new() }
    }
}

fn is_out_of_order(calls: &VecDeque<(DateTime<Utc>, Shown)>) -> bool {
    let failed = calls.iter().filter(|(_, shown)| *shown == Shown::Fails).count();
    calls.len() >= CALLS_MIN && failed * 100 >= calls.len() * FAILED_PERCENT
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn opened() -> Breaker {
        let breaker = Breaker::default();
        let opened = (0..5).filter_map(|second| breaker.note(Shown::Fails, at(second))).collect();
        let opened: Vec<_> = opened;
        assert_eq!(opened, [BreakerState::Open]);
        breaker
    }

    #[test]
    fn it_opens_when_half_of_enough_calls_failed() {
        let breaker = Breaker::default();
        for second in 0..4 {
            assert_eq!(breaker.note(Shown::Fails, at(second)), None, "too few to tell");
        }
        assert_eq!(breaker.note(Shown::Works, at(4)), Some(BreakerState::Open), "four of five");
        let breaker = Breaker::default();
        for second in 0..20 {
            let shown = if second % 3 == 0 { Shown::Fails } else { Shown::Works };
            assert!(second < 5 || breaker.state() == BreakerState::Closed, "a third is not enough");
            breaker.note(shown, at(second));
        }
    }

    #[test]
    fn failures_long_ago_do_not_count() {
        let breaker = Breaker::default();
        for minute in 0..50 {
            assert_eq!(breaker.note(Shown::Fails, at(minute * 61)), None);
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn after_a_pause_one_call_tries_it() {
        let breaker = opened();
        assert!(!breaker.admits(at(33)));
        assert_eq!(breaker.admits_at(at(10)), at(34));
        assert!(breaker.admits(at(34)));
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert!(!breaker.admits(at(35)), "only one");
        assert_eq!(breaker.note(Shown::Works, at(36)), Some(BreakerState::Closed));
        assert!(breaker.admits(at(36)));
    }

    #[test]
    fn a_try_that_fails_opens_it_again_and_one_that_never_ends_makes_room_for_another() {
        let breaker = opened();
        assert!(breaker.admits(at(34)));
        assert_eq!(breaker.note(Shown::Fails, at(40)), Some(BreakerState::Open));
        assert!(!breaker.admits(at(69)));
        assert!(breaker.admits(at(70)));
        assert!(breaker.admits(at(100)), "the try of second 70 got lost");
    }

    #[test]
    fn a_try_that_is_given_back_is_somebody_elses_and_nothing_else_opens_it() {
        let breaker = opened();
        breaker.give_back(at(10));
        assert!(!breaker.admits(at(33)), "it was nobody's yet");
        assert!(breaker.admits(at(34)));
        breaker.give_back(at(35));
        assert!(breaker.admits(at(35)));
        assert!(!breaker.admits(at(36)), "only one");
        assert_eq!(breaker.note(Shown::Works, at(37)), Some(BreakerState::Closed));
        breaker.give_back(at(38));
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    proptest! {
        #[test]
        fn whatever_happens_it_lets_calls_through_again(
            steps in prop::collection::vec((0_i64..40, any::<bool>(), any::<bool>()), 0..200)
        ) {
            let (breaker, mut second) = (Breaker::default(), 0);
            for (pause, asks, works) in steps {
                second += pause;
                if !asks || breaker.admits(at(second)) {
                    breaker.note(if works { Shown::Works } else { Shown::Fails }, at(second));
                }
                let next = breaker.admits_at(at(second));
                prop_assert!(next <= at(second) + PAUSE);
            }
            prop_assert!(breaker.admits(at(second) + PAUSE));
        }
    }
}
