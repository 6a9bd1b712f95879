//! The time, handed in: the system's, or one that tests move.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// Tells the time. Cheap to clone; all clones tell the same time.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    #[cfg(feature = "test-support")]
    Manual(ManualClock),
}

impl Clock {
    /// The time now, in UTC, cut to microseconds: what PostgreSQL keeps, so that a time read back
    /// equals the time that was written.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.0 {
            Source::System => system_now(),
            #[cfg(feature = "test-support")]
            Source::Manual(manual) => manual.now(),
        };
        now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
fn system_now() -> DateTime<Utc> {
    Utc::now()
}

/// Seconds from `now` until `then`, rounded up; 0 when `then` has passed.
///
/// Rounded up because a client that waits for so long must not come too early.
pub fn whole_seconds_until(then: DateTime<Utc>, now: DateTime<Utc>) -> u64 {
    let milliseconds = u64::try_from((then - now).num_milliseconds()).unwrap_or(0);
    milliseconds.div_ceil(1000)
}

/// A clock that stands still until it is moved.
#[cfg(feature = "test-support")]
#[derive(Clone, Debug)]
pub struct ManualClock(std::sync::Arc<std::sync::Mutex<DateTime<Utc>>>);

#[cfg(feature = "test-support")]
impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: DateTime<Utc>) -> Self {
        Self(std::sync::Arc::new(std::sync::Mutex::new(start)))
    }

    /// A [`Clock`] that tells this clock's time.
    pub fn clock(&self) -> Clock {
        Clock(Source::Manual(self.clone()))
    }

    /// Moves it on (or back).
    pub fn advance(&self, by: TimeDelta) {
        *self.lock() += by;
    }

    fn now(&self) -> DateTime<Utc> {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, DateTime<Utc>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
