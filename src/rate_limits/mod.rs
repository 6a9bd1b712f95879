//! Limits on how often something may be asked for, shared by all replicas: in PostgreSQL, or in Redis
//! where `REDIS_URL` is set. Owns the table `rate_limits`.
//!
//! One question decides about all limits of an action at once: it counts for all of them, or for none. No
//! address, number or id is kept, only a key that is made of it under `SECRET_KEY`. What a refusal looks
//! like, and whether something goes on that cannot be counted, is for the endpoints to say.

mod bucket;
mod limits;
mod postgres;
#[cfg(feature = "redis")]
mod redis;

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::time::Instant;
use tracing::warn;

#[cfg(feature = "redis")]
use crate::database::{Redis, RedisFailure};
use crate::foundation::{KeyPurpose, Keyring};

pub use bucket::{Rate, Room};
pub use limits::{Action, LIMITS, Scope, Subject};

const KEY_BYTES: usize = 16;
/// How long Redis is waited for: where nobody goes on uncounted, and where everybody does, who would
/// otherwise all wait so long while it hangs. PostgreSQL is waited for as by every other statement.
#[cfg(feature = "redis")]
const PATIENCE: [Duration; 2] = [Duration::from_secs(1), Duration::from_millis(250)];
/// So often at most the log is told that nothing can be counted.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// The limits, and where they are kept.
pub struct SharedLimits {
    store: Store,
    keyring: Arc<Keyring>,
    factor: u32,
    /// When the log was last told that nothing can be counted, for each way that this can end.
    told: Mutex<[Option<Instant>; 2]>,
}

/// Where limits are kept.
enum Store {
    /// Where everything else is.
    Postgres(PgPool),
    #[cfg(feature = "redis")]
    Redis(Arc<Redis>),
}

/// One key, and how much room it has.
struct Counter {
    key: [u8; KEY_BYTES],
    scope: Scope,
    rate: Rate,
}

/// A limit has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// What was asked for.
    pub action: Action,
    /// What the limit counts by; of several without room the one that stays so longest.
    pub scope: Scope,
    /// None is left; from when on there is some.
    pub room: Room,
}

/// An event was not counted.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// A limit has no room.
    #[error("no room for {} by {}", .0.action.as_str(), .0.scope.as_str())]
    Exceeded(Exceeded),
    /// Nobody knows whether there is room.
    #[error("the limits cannot be counted")]
    Failure(#[from] LimitFailure),
}

/// The store of limits cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum LimitFailure {
    /// PostgreSQL.
    #[error("the limits in PostgreSQL cannot be counted")]
    Database(#[source] sqlx::Error),
    /// Redis.
    #[cfg(feature = "redis")]
    #[error("the limits in Redis cannot be counted")]
    Redis(#[source] RedisFailure),
}

impl LimitFailure {
    /// Whether the store is not away but has too much to do, which whoever asks often can bring about.
    /// Nothing may go on uncounted then: the limits would end where a flood begins.
    pub fn is_overload(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::PoolTimedOut))
    }
}

impl SharedLimits {
    /// In PostgreSQL. Each limit is `factor` times what the table says.
    pub fn in_postgres(database: PgPool, keyring: Arc<Keyring>, factor: u32) -> Self {
        Self { store: Store::Postgres(database), keyring, factor, told: Mutex::default() }
    }

    /// In Redis.
    #[cfg(feature = "redis")]
    pub fn in_redis(redis: Arc<Redis>, keyring: Arc<Keyring>, factor: u32) -> Self {
        Self { store: Store::Redis(redis), keyring, factor, told: Mutex::default() }
    }

    /// Counts one `action` at `now` for every subject that it is limited by, or for none where one has
    /// no room. Answers the room of the limit with the least left; `None` where nothing limits it.
    pub async fn take(
        &self,
        action: Action,
        subjects: &[Subject<'_>],
        now: DateTime<Utc>,
    ) -> Result<Option<Room>, TakeError> {
        let counters: Vec<_> =
            subjects.iter().filter_map(|subject| self.counter(action, subject)).collect();
        if counters.is_empty() {
            return Ok(None);
        }
        let (before, is_taken) = self.store.take(action, &counters, now).await?;
        let rooms = counters.iter().zip(before).map(|(counter, tat)| {
            let tat = if is_taken { counter.rate.after_one(tat, now) } else { tat };
            (counter.scope, counter.rate.room(tat, now))
        });
        if is_taken {
            return Ok(rooms.map(|(_, room)| room).min_by_key(|room| room.remaining));
        }
        let full = rooms.filter(|(_, room)| room.remaining == 0);
        match full.max_by_key(|(_, room)| room.open_at) {
            Some((scope, room)) => Err(TakeError::Exceeded(Exceeded { action, scope, room })),
            None => unreachable!("the stores decide by the rule of `Rate`"),
        }
    }

    /// Tells the log, now and then, that `action` could not be counted, and what became of it.
    pub fn tell_failure(&self, action: Action, failure: &LimitFailure) {
        let goes_on = action.goes_on_uncounted();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let last = &mut told[usize::from(goes_on)];
        if last.is_some_and(|at| at.elapsed() < TOLD_EVERY) {
            return;
        }
        *last = Some(Instant::now());
        let (action, cause) = (action.as_str(), failure as &dyn Error);
        if goes_on {
            warn!(action, cause, "limits cannot be counted: what needs no code goes on uncounted");
        } else {
            warn!(action, cause, "limits cannot be counted: no code is sent or checked");
        }
    }

    /// Deletes what says nothing any more. Redis does that by itself.
    pub async fn delete_expired(&self, now: DateTime<Utc>) -> sqlx::Result<u64> {
        match &self.store {
            Store::Postgres(database) => postgres::delete_expired(database, now).await,
            #[cfg(feature = "redis")]
            Store::Redis(_) => Ok(0),
        }
    }

    fn counter(&self, action: Action, subject: &Subject<'_>) -> Option<Counter> {
        let scope = subject.scope();
        let rate = action.rate(scope, self.factor)?;
        let what = format!("{}:{}:{}", action.as_str(), scope.as_str(), subject.name());
        let mac = self.keyring.mac(KeyPurpose::RateLimit, what.as_bytes());
        let mut key = [0; KEY_BYTES];
        key.iter_mut().zip(mac).for_each(|(to, from)| *to = from);
        Some(Counter { key, scope, rate })
    }
}

impl Store {
    #[cfg_attr(
        not(feature = "redis"),
        expect(unused_variables, reason = "Redis is waited for as the action can wait")
    )]
    async fn take(
        &self,
        action: Action,
        counters: &[Counter],
        now: DateTime<Utc>,
    ) -> Result<(Vec<DateTime<Utc>>, bool), LimitFailure> {
        match self {
            Self::Postgres(database) => {
                postgres::take(database, counters, now).await.map_err(LimitFailure::Database)
            }
            #[cfg(feature = "redis")]
            Self::Redis(redis) => {
                let patience = PATIENCE[usize::from(action.goes_on_uncounted())];
                redis::take(redis, patience, counters, now).await.map_err(LimitFailure::Redis)
            }
        }
    }
}

impl fmt::Debug for SharedLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = match self.store {
            Store::Postgres(_) => "PostgreSQL",
            #[cfg(feature = "redis")]
            Store::Redis(_) => "Redis",
        };
        f.debug_struct("SharedLimits")
            .field("store", &store)
            .field("factor", &self.factor)
            .finish_non_exhaustive()
    }
}
