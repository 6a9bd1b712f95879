//! The limits that replicas share: what counts, what a refusal says, and that nothing buys room.
//!
//! `tests/redis` runs the same files on the other store.

mod counting;
mod doors;
mod forging;
mod races;
mod resets;

use chrono::TimeDelta;
use ringfence::foundation::ClientAddress;
use ringfence::rate_limits::{Action, Exceeded, Subject, TakeError};

use crate::support::TestApp;

/// Room enough in the process, at a rate at which the shared limits are those of the table.
pub(super) const STRICT: [(&str, &str); 4] = [
    ("RATE_LIMIT_WINDOW_MS", "86400000"),
    ("RATE_LIMIT_MAX_REQUESTS", "1000000"),
    ("RATE_LIMIT_AUTH_MAX_REQUESTS", "1900"),
    ("TRUSTED_PROXIES", "127.0.0.1"),
];

pub(super) fn at(address: &str) -> [Subject<'static>; 2] {
    Subject::at(ClientAddress::new(address.parse().unwrap()).limited())
}

impl TestApp {
    /// Counts one `action` for `subjects`, as an endpoint does: whether there was room.
    async fn takes(&self, action: Action, subjects: &[Subject<'_>]) -> bool {
        match self.application.state.shared_limits.take(action, subjects, self.now()).await {
            Ok(room) => room.is_some(),
            Err(TakeError::Exceeded(Exceeded { action: of, .. })) => {
                assert_eq!(of, action);
                false
            }
            Err(TakeError::Failure(failure)) => panic!("{failure:?}"),
        }
    }

    /// Uses up all the room of one limit: how much there was.
    async fn exhaust(&self, action: Action, subject: Subject<'_>) -> u32 {
        let mut taken = 0;
        while self.takes(action, &[subject]).await {
            taken += 1;
            assert!(taken < 20_000, "{action:?} is not limited by {subject:?}");
        }
        taken
    }
}

/// What brings room for one more back.
pub(super) fn step(events: u32, period: TimeDelta) -> TimeDelta {
    period / i32::try_from(events).unwrap()
}
