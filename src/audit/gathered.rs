//! Refusals that may come faster than each is worth a row.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// At most one row in so long, and replica.
const PERIOD: TimeDelta = TimeDelta::seconds(1);

/// Counts what is written down together.
#[derive(Debug, Default)]
pub struct Gathered(Mutex<Count>);

#[derive(Debug, Default)]
struct Count {
    times: u64,
    written_at: Option<DateTime<Utc>>,
}

impl Gathered {
    /// Counts once more. `Some`: it is time to write down that it came so often since the last time.
    pub fn count(&self, now: DateTime<Utc>) -> Option<u64> {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        count.times += 1;
        // Also where the clock was set back.
        let is_due = count.written_at.is_none_or(|last| now < last || now - last >= PERIOD);
        is_due.then(|| {
            count.written_at = Some(now);
            std::mem::take(&mut count.times)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_within_a_second_is_counted_and_told_with_the_next() {
        let (gathered, now) = (Gathered::default(), DateTime::UNIX_EPOCH);
        assert_eq!(gathered.count(now), Some(1));
        assert_eq!(gathered.count(now), None);
        assert_eq!(gathered.count(now + TimeDelta::milliseconds(999)), None);
        assert_eq!(gathered.count(now + TimeDelta::seconds(1)), Some(3));
        assert_eq!(gathered.count(now), Some(1), "a clock that was set back holds nothing up");
    }
}
