//! Which sessions have ended, as this replica knows it: a set in memory that is asked at each request.
//!
//! The set is to be believed for as long as the channel that feeds it has been proven to work a moment
//! ago. The proof is a lease: nobody has to notice that it runs out. Without it the database is asked
//! for each token, and where that fails the token is not good.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::time::Instant;

use crate::foundation::SessionId;

use super::store::{self, Ended};

/// How long a proof counts, from before it was asked for. A session that ends while the channel is
/// cut is felt by then.
pub(super) const LEASE: Duration = Duration::from_millis(900);
/// Each takes some 30 bytes. Where more end within the life of a token the database is asked.
const SESSIONS_MAX: usize = 1_000_000;
/// By how much the clocks of replicas may differ, and how long a transaction may take from the time
/// that it writes to its commit.
const SLACK: TimeDelta = TimeDelta::minutes(1);

/// The sessions that have ended and whose access tokens could still be good.
#[derive(Debug)]
pub struct Revocations {
    set: RwLock<Set>,
    began: Instant,
    /// Milliseconds from `began` until the lease runs out; 0 without one.
    trusted_until: AtomicU64,
    token_lifetime: TimeDelta,
    sessions_max: usize,
}

#[derive(Debug, Default)]
struct Set {
    /// Seconds since 1970 from which on no token names the session any more.
    until: HashMap<SessionId, i64>,
    /// Some did not find room: who is not in it may have ended all the same.
    is_full: bool,
}

/// What is known of a session without asking the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Live,
    Ended,
    Nothing,
}

impl Revocations {
    pub(super) fn new(token_lifetime: TimeDelta) -> Self {
        Self::with_room_for(SESSIONS_MAX, token_lifetime)
    }

    fn with_room_for(sessions_max: usize, token_lifetime: TimeDelta) -> Self {
        Self {
            set: RwLock::default(),
            began: Instant::now(),
            trusted_until: AtomicU64::new(0),
            token_lifetime,
            sessions_max,
        }
    }

    /// Whether the session has ended of a token that is good for so long from first to last. Asks
    /// the database only where the channel is not to be trusted.
    pub async fn has_ended(
        &self,
        database: &PgPool,
        session: SessionId,
        good_for: TimeDelta,
    ) -> sqlx::Result<bool> {
        match self.look(session, good_for, Instant::now()) {
            Known::Live => Ok(false),
            Known::Ended => Ok(true),
            Known::Nothing => Ok(!store::has_not_ended(database, session).await?),
        }
    }

    /// Adds sessions that ended at `now`: for the replica that has ended them, which need not wait
    /// for its own word.
    pub fn note(&self, sessions: &[SessionId], now: DateTime<Utc>) {
        let mut set = self.write();
        for session in sessions {
            self.insert(&mut set, *session, now);
        }
    }

    /// Whether the channel works; otherwise the database is asked for each token.
    pub fn is_listening(&self) -> bool {
        self.is_trusted(Instant::now())
    }

    /// The channel was proven to work at `proven_at`, and everything that went before is in the set.
    pub(super) fn trust(&self, proven_at: Instant) {
        let until = (proven_at + LEASE).duration_since(self.began);
        self.trusted_until.store(milliseconds(until), Ordering::Release);
    }

    /// The channel is lost.
    pub(super) fn distrust(&self) {
        self.trusted_until.store(0, Ordering::Release);
    }

    /// Adds what the database has of sessions whose tokens could still be good at `now`.
    pub(super) async fn load(&self, database: &PgPool, now: DateTime<Utc>) -> sqlx::Result<()> {
        self.forget(now);
        let limit = i64::try_from(self.sessions_max).unwrap_or(i64::MAX).saturating_add(1);
        let since = now - self.token_lifetime - SLACK;
        let ended = store::ended_since(database, since, limit).await?;
        let mut set = self.write();
        set.is_full = ended.len() > self.sessions_max;
        for Ended { id, at } in ended {
            self.insert(&mut set, id, at);
        }
        Ok(())
    }

    /// Drops the sessions that no token names any more. `true`: what did not find room could now.
    pub(super) fn forget(&self, now: DateTime<Utc>) -> bool {
        let now = now.timestamp();
        let mut set = self.write();
        set.until.retain(|_, until| *until > now);
        if set.until.capacity() > 1024 && set.until.len() < set.until.capacity() / 4 {
            set.until.shrink_to_fit();
        }
        set.is_full && set.until.len() < self.sessions_max
    }

    fn look(&self, session: SessionId, good_for: TimeDelta, at: Instant) -> Known {
        let is_trusted = self.is_trusted(at);
        let set = self.read();
        if set.until.contains_key(&session) {
            Known::Ended
        // A token of a time when JWT_EXPIRES_IN was longer can outlive the place of its session here.
        } else if is_trusted && !set.is_full && good_for <= self.token_lifetime {
            Known::Live
        } else {
            Known::Nothing
        }
    }

    fn insert(&self, set: &mut Set, session: SessionId, ended_at: DateTime<Utc>) {
        if set.until.len() >= self.sessions_max && !set.until.contains_key(&session) {
            set.is_full = true;
            return;
        }
        set.until.insert(session, (ended_at + self.token_lifetime + SLACK).timestamp());
    }

    fn is_trusted(&self, at: Instant) -> bool {
        milliseconds(at.duration_since(self.began)) < self.trusted_until.load(Ordering::Acquire)
    }

    fn read(&self) -> RwLockReadGuard<'_, Set> {
        // No code that can panic half-way through a change runs under the lock.
        self.set.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Set> {
        self.set.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
    const LIFETIME: TimeDelta = TimeDelta::minutes(15);

    fn session(number: u8) -> SessionId {
        SessionId::from_bytes([number; 16])
    }

    #[test]
    fn the_set_is_believed_for_as_long_as_the_channel_was_proven_to_work() {
        let known = Revocations::new(LIFETIME);
        let now = known.began;
        known.note(&[session(1)], NOW);
        assert_eq!(known.look(session(1), LIFETIME, now), Known::Ended, "never proven, but heard");
        assert_eq!(known.look(session(2), LIFETIME, now), Known::Nothing);
        known.trust(now);
        assert_eq!(known.look(session(2), LIFETIME, now), Known::Live);
        let last = now + LEASE - Duration::from_millis(1);
        assert_eq!(known.look(session(2), LIFETIME, last), Known::Live);
        assert_eq!(known.look(session(2), LIFETIME, now + LEASE), Known::Nothing);
        known.distrust();
        assert_eq!(known.look(session(2), LIFETIME, now), Known::Nothing);
    }

    #[test]
    fn a_session_is_kept_until_its_last_token_has_run_out() {
        let known = Revocations::new(LIFETIME);
        let now = known.began;
        known.note(&[session(1)], NOW);
        known.forget(NOW + LIFETIME);
        assert_eq!(known.look(session(1), LIFETIME, now), Known::Ended);
        known.forget(NOW + LIFETIME + SLACK);
        assert_eq!(known.look(session(1), LIFETIME, now), Known::Nothing);
    }

    #[test]
    fn a_token_of_longer_life_than_is_issued_today_is_asked_about() {
        let known = Revocations::new(LIFETIME);
        let now = known.began;
        known.trust(now);
        let longer = LIFETIME + TimeDelta::seconds(1);
        assert_eq!(known.look(session(1), longer, now), Known::Nothing);
    }

    #[test]
    fn a_full_set_says_nothing_of_those_who_are_not_in_it() {
        let known = Revocations::with_room_for(2, LIFETIME);
        let now = known.began;
        known.trust(now);
        known.note(&[session(1), session(2)], NOW);
        assert_eq!(known.look(session(9), LIFETIME, now), Known::Live);
        known.note(&[session(2)], NOW);
        assert_eq!(known.look(session(9), LIFETIME, now), Known::Live, "it was there");
        known.note(&[session(3)], NOW);
        assert_eq!(known.look(session(9), LIFETIME, now), Known::Nothing);
        assert_eq!(known.look(session(1), LIFETIME, now), Known::Ended);
        assert!(!known.forget(NOW), "there is no room yet");
        assert!(known.forget(NOW + LIFETIME + SLACK));
    }
}
