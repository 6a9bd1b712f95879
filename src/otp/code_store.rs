//! Where codes live, and the limits on addresses: in PostgreSQL, or in Redis. One port, two stores.
//!
//! PostgreSQL writes within the caller's transaction and has that undo it. Redis has no part in
//! transactions: what a rollback would undo is undone here by hand (`undo_…`), and what must not be
//! seen before the commit is written after it (`replace_after_commit`). Where a step could be lost
//! between the two, it is lost on the side that lets nobody in and sends nothing twice.

use std::error::Error;
#[cfg(feature = "redis")]
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

#[cfg(feature = "redis")]
use crate::database::Redis;
use crate::foundation::{ChallengeId, PhoneNumber, UserId};

use super::code::CodeHash;
#[cfg(feature = "redis")]
use super::redis_store::RedisStore;
use super::store::{self, End, NewChallenge, Row};
use super::windows::{self, Subject, Window};
use super::work::Work;
use super::{Channel, OtpFailure, Purpose};

/// Where codes and the limits on addresses live.
#[derive(Debug, Default)]
pub enum CodeStore {
    /// Where everything else does.
    #[default]
    Postgres,
    /// In Redis or Valkey, at `REDIS_URL`.
    #[cfg(feature = "redis")]
    Redis(Box<RedisStore>),
}

/// The store of codes cannot be reached, or answers what makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("the store of codes failed")]
pub struct StoreFailure(#[source] Box<dyn Error + Send + Sync>);

impl StoreFailure {
    /// What failed, of whatever a code needs beside the database.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// Which challenge is meant. PostgreSQL needs no more than the id.
#[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "Redis would be asked"))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) user: UserId,
    pub(super) purpose: Purpose,
    pub(super) id: ChallengeId,
}

impl CodeStore {
    /// The Redis that codes live in, for whatever else is kept there.
    #[cfg(feature = "redis")]
    pub fn redis(&self) -> Option<&Arc<Redis>> {
        match self {
            Self::Postgres => None,
            Self::Redis(store) => Some(store.redis()),
        }
    }

    /// Whether the store answers; `None` where it is PostgreSQL, which is looked after elsewhere. Asked
    /// at most once a second.
    #[cfg_attr(
        not(feature = "redis"),
        expect(clippy::unused_async, reason = "Redis would be asked")
    )]
    pub async fn answers(&self) -> Option<bool> {
        match self {
            Self::Postgres => None,
            #[cfg(feature = "redis")]
            Self::Redis(redis) => Some(redis.redis().answers().await),
        }
    }

    /// Takes the resend that is due after a burnt code, for one caller however many race.
    pub(super) async fn take_free_resend(
        &self,
        work: &mut Work<'_>,
        user: UserId,
        purpose: Purpose,
        created_after: DateTime<Utc>,
    ) -> Result<bool, OtpFailure> {
        Ok(match self {
            Self::Postgres => {
                let connection = work.connection().await?;
                store::take_free_resend(connection, user, purpose, created_after).await?
            }
            #[cfg(feature = "redis")]
            Self::Redis(redis) => redis.take_free_resend(user, purpose, created_after).await?,
        })
    }

    /// Counts an event if every window has room for it, as [`windows::take`] does.
    pub(super) async fn count(
        &self,
        work: &mut Work<'_>,
        subject: &Subject,
        windows: &[Window],
        now: DateTime<Utc>,
    ) -> Result<bool, OtpFailure> {
        #[cfg(feature = "redis")]
        if let (Self::Redis(redis), true) = (self, subject.is_address()) {
            return Ok(redis.count(subject, windows, now).await?);
        }
        Ok(windows::take(work.connection().await?, subject, windows, now).await?)
    }

    /// From when on [`Self::count`] will find room.
    pub(super) async fn room_at(
        &self,
        work: &mut Work<'_>,
        subject: &Subject,
        windows: &[Window],
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, OtpFailure> {
        #[cfg(feature = "redis")]
        if let (Self::Redis(redis), true) = (self, subject.is_address()) {
            return Ok(redis.room_at(subject, windows, now).await?);
        }
        Ok(windows::room_at(work.connection().await?, subject, windows, now).await?)
    }

    /// Takes an event counted at `at` back, once, for each subject.
    pub(super) async fn give_back(
        &self,
        work: &mut Work<'_>,
        subjects: &[Subject],
        at: DateTime<Utc>,
    ) -> Result<(), OtpFailure> {
        windows::give_back(work.connection().await?, subjects, at).await?;
        self.undo_count(subjects, at).await;
        Ok(())
    }

    /// Takes back what [`Self::count`] has counted in Redis, in a transaction that came to nothing.
    /// Where that fails it stays counted, at worst for as long as the window lasts.
    #[cfg_attr(
        not(feature = "redis"),
        expect(unused_variables, clippy::unused_async, reason = "Redis would be asked")
    )]
    pub(super) async fn undo_count(&self, subjects: &[Subject], at: DateTime<Utc>) {
        match self {
            Self::Postgres => {}
            #[cfg(feature = "redis")]
            Self::Redis(redis) => {
                for subject in subjects.iter().filter(|subject| subject.is_address()) {
                    redis.undone(redis.give_back(subject, at).await);
                }
            }
        }
    }

    /// Gives the free resend back that was taken for a send that came to nothing.
    #[cfg_attr(
        not(feature = "redis"),
        expect(unused_variables, clippy::unused_async, reason = "Redis would be asked")
    )]
    pub(super) async fn undo_free_resend(&self, user: UserId, purpose: Purpose) {
        match self {
            Self::Postgres => {}
            #[cfg(feature = "redis")]
            Self::Redis(redis) => redis.undone(redis.give_free_resend_back(user, purpose).await),
        }
    }

    /// Ends the live challenge of the user and purpose and writes the new one, in PostgreSQL.
    pub(super) async fn replace_within(
        &self,
        work: &mut Work<'_>,
        new: &NewChallenge<'_>,
    ) -> Result<(), OtpFailure> {
        match self {
            Self::Postgres => Ok(store::replace(work.connection().await?, new).await?),
            #[cfg(feature = "redis")]
            Self::Redis(_) => Ok(()),
        }
    }

    /// Does the same in Redis, once it is certain that the new code may be sent: until then the one
    /// before stays good.
    #[cfg_attr(
        not(feature = "redis"),
        expect(unused_variables, clippy::unused_async, reason = "Redis would be asked")
    )]
    pub(super) async fn replace_after_commit(
        &self,
        new: &NewChallenge<'_>,
    ) -> Result<(), StoreFailure> {
        match self {
            Self::Postgres => Ok(()),
            #[cfg(feature = "redis")]
            Self::Redis(redis) => redis.replace(new).await,
        }
    }

    /// Has another carrier carry the live challenge. `false`: it was replaced in the meantime.
    pub(super) async fn hand_to(
        &self,
        work: &mut Work<'_>,
        key: &Key,
        provider: &str,
        code_hash: Option<&CodeHash>,
    ) -> Result<bool, OtpFailure> {
        Ok(match self {
            Self::Postgres => {
                store::hand_to(work.connection().await?, key.id, provider, code_hash).await?
            }
            #[cfg(feature = "redis")]
            Self::Redis(redis) => redis.hand_to(key, provider, code_hash).await?,
        })
    }

    /// Notes that the provider took it. `false`: it was replaced in the meantime.
    pub(super) async fn mark_sent(
        &self,
        connection: &mut PgConnection,
        key: &Key,
        reference: Option<&str>,
        sent_at: DateTime<Utc>,
    ) -> Result<bool, OtpFailure> {
        Ok(match self {
            Self::Postgres => store::mark_sent(connection, key.id, reference, sent_at).await?,
            #[cfg(feature = "redis")]
            Self::Redis(redis) => redis.mark_sent(key, reference, sent_at).await?,
        })
    }

    /// Ends a live challenge.
    pub(super) async fn end(
        &self,
        work: &mut Work<'_>,
        key: &Key,
        end: End,
        now: DateTime<Utc>,
    ) -> Result<(), OtpFailure> {
        match self {
            Self::Postgres => store::end(work.connection().await?, key.id, end, now).await?,
            #[cfg(feature = "redis")]
            Self::Redis(redis) => redis.end(key, end, now).await?,
        }
        Ok(())
    }

    /// The live challenge: on its way or sent, not ended, not expired.
    pub(super) async fn find_live(
        &self,
        database: &PgPool,
        user: UserId,
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<Option<Row>, OtpFailure> {
        Ok(match self {
            Self::Postgres => {
                let connection = &mut *database.acquire().await?;
                store::find_live(connection, user, purpose, now).await?
            }
            #[cfg(feature = "redis")]
            Self::Redis(redis) => redis.find_live(user, purpose, now).await?,
        })
    }

    /// The live challenge that a guess is for. PostgreSQL spends the attempt at once, and takes it
    /// back where the caller's transaction comes to nothing; Redis only looks, and
    /// [`Self::spend_attempt`] decides.
    pub(super) async fn begin_attempt(
        &self,
        work: &mut Work<'_>,
        user: UserId,
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<Option<Row>, OtpFailure> {
        Ok(match self {
            Self::Postgres => {
                store::take_attempt(work.connection().await?, user, purpose, now).await?
            }
            #[cfg(feature = "redis")]
            Self::Redis(redis) => redis.find_live(user, purpose, now).await?,
        })
    }

    /// Spends the attempt on that very challenge, and on no newer one. Returns how many are left after
    /// it; `None` where it is not live any more or none was left.
    #[cfg_attr(
        not(feature = "redis"),
        expect(unused_variables, clippy::unused_async, reason = "Redis would be asked")
    )]
    pub(super) async fn spend_attempt(
        &self,
        key: &Key,
        begun: i16,
        now: DateTime<Utc>,
    ) -> Result<Option<i16>, StoreFailure> {
        match self {
            Self::Postgres => Ok(Some(begun)),
            #[cfg(feature = "redis")]
            Self::Redis(redis) => redis.take_attempt(key, now).await,
        }
    }

    /// Gives a guess back that nobody judged.
    pub(super) async fn give_attempt_back(
        &self,
        work: &mut Work<'_>,
        key: &Key,
    ) -> Result<(), OtpFailure> {
        match self {
            Self::Postgres => {
                store::give_attempt_back(work.connection().await?, key.id).await?;
            }
            #[cfg(feature = "redis")]
            Self::Redis(redis) => redis.give_attempt_back(key).await?,
        }
        Ok(())
    }

    /// Uses the challenge up, in PostgreSQL. `true` for exactly one caller, however many race; in Redis
    /// [`Self::consume_last`] decides.
    pub(super) async fn consume_within(
        &self,
        connection: &mut PgConnection,
        key: &Key,
        now: DateTime<Utc>,
    ) -> Result<bool, OtpFailure> {
        Ok(match self {
            Self::Postgres => store::consume(connection, key.id, now).await?,
            #[cfg(feature = "redis")]
            Self::Redis(_) => true,
        })
    }

    /// Uses the challenge up in Redis, when nothing but the commit is left to do. `true` for exactly one
    /// caller, however many race.
    ///
    /// It stays used up even where the commit fails: whether one whose answer got lost has happened,
    /// nobody can tell.
    #[cfg_attr(
        not(feature = "redis"),
        expect(unused_variables, clippy::unused_async, reason = "Redis would be asked")
    )]
    pub(super) async fn consume_last(
        &self,
        key: &Key,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreFailure> {
        match self {
            Self::Postgres => Ok(true),
            #[cfg(feature = "redis")]
            Self::Redis(redis) => redis.consume(key, now).await,
        }
    }

    /// Whether a hosted provider was asked, after `created_after`, to send a code by `channel` to
    /// `number` under the reference `id`, and that code is still live.
    pub(super) async fn is_expected(
        &self,
        database: &PgPool,
        id: ChallengeId,
        (number, channel): (&PhoneNumber, Channel),
        created_after: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, OtpFailure> {
        Ok(match self {
            Self::Postgres => {
                let connection = &mut *database.acquire().await?;
                store::is_expected(connection, id, number, channel, created_after, now).await?
            }
            #[cfg(feature = "redis")]
            Self::Redis(redis) => {
                redis.is_expected(id, (number, channel), created_after, now).await?
            }
        })
    }

    /// Takes the one permission to speak the code. `true` for exactly one caller, however many race.
    pub(super) async fn mark_spoken(
        &self,
        database: &PgPool,
        id: ChallengeId,
        now: DateTime<Utc>,
    ) -> Result<bool, OtpFailure> {
        Ok(match self {
            Self::Postgres => {
                let connection = &mut *database.acquire().await?;
                store::mark_spoken(connection, id, now).await?
            }
            #[cfg(feature = "redis")]
            Self::Redis(redis) => redis.mark_spoken(id, now).await?,
        })
    }
}
