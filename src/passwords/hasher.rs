//! Hashing passwords with Argon2id, and verifying them against that and the hashes of other systems, on threads of
//! its own.
//!
//! Owns the threads, the current cost and the decoy that unknown users are verified against. Never hashes on an async
//! thread, never makes a salt, never logs a password or a hash.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use argon2::password_hash::{self, phc};
use thiserror::Error;

use crate::foundation::Metric;

use super::cost::Argon2Cost;
use super::derivation::{Derivation, Memory};
use super::foreign::Foreign;
use super::hash::PasswordHash;
use super::password::Password;
use super::pool::{Pool, PoolError, PoolSize};
use super::scheme::Scheme;

/// The hashing threads. Share it behind an `Arc`; dropping it ends the threads after the hash in hand.
pub struct Hasher {
    pool: Pool<Order, password_hash::Result<phc::Output>>,
    cost: Argon2Cost,
    hashes_done: Arc<AtomicU64>,
}

struct Order {
    scheme: Scheme,
    password: Password,
    ordered_at: Instant,
}

/// What a verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The password is right.
    Match,
    /// The password is right, but the stored hash is weaker than what is made now, or of another system: store a new
    /// one.
    MatchOutdated,
    /// The password is wrong, or there is no such user.
    Mismatch,
}

/// Why there is no hash and no verdict.
#[derive(Debug, Error)]
pub enum HashError {
    /// Every thread is busy and the queue is full: overload, worth a 503.
    #[error("too many passwords are waiting to be hashed")]
    Busy {
        /// When to come again; at least a second.
        retry_after: Duration,
    },
    /// [`Hasher::close`] has been called.
    #[error("the password hasher has been closed")]
    Closed,
    /// The thread panicked. It goes on with the next password.
    #[error("the password hasher panicked")]
    Panicked,
    /// Argon2 gave up, in practice for want of memory.
    #[error("argon2 failed")]
    Argon2(#[from] password_hash::Error),
}

impl Hasher {
    /// Starts the threads. Each takes `cost`'s memory when it first hashes, and keeps it.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub fn start(cost: Argon2Cost, size: PoolSize) -> io::Result<Self> {
        let hashes_done = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&hashes_done);
        let pool = Pool::start("argon2", size, move || {
            let (mut memory, counter) = (Memory::for_cost(cost), Arc::clone(&counter));
            move |order: Order| {
                let begun = Instant::now();
                Metric::HashWait.observe(&[], begun.duration_since(order.ordered_at));
                let tag = order.scheme.run(&order.password, &mut memory);
                Metric::HashDuration.observe(&[], begun.elapsed());
                counter.fetch_add(1, Ordering::Relaxed);
                tag
            }
        })?;
        Ok(Self { pool, cost, hashes_done })
    }

    /// Hashes a new password under the current cost. `salt` must be fresh and random.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn hash(
        &self,
        password: Password,
        salt: [u8; PasswordHash::SALT_LENGTH],
    ) -> Result<PasswordHash, HashError> {
        let scheme = Scheme::Argon2(Derivation::current(self.cost, salt)?);
        let tag = self.derive(scheme, password).await?;
        Ok(PasswordHash { scheme, tag })
    }

    /// Verifies a password against the stored hash, under the parameters stored with it.
    ///
    /// `None`, an unknown user, costs one hash at the current cost and is a mismatch: the time tells nothing. Only a
    /// hash that was made at another cost or in another system takes another time, until its owner next logs in. A
    /// wrong password against one of another system costs a hash of ours besides, as the right one does when it is
    /// hashed anew. To do that after [`Verification::MatchOutdated`], keep a clone of the password.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn verify(
        &self,
        password: Password,
        stored: Option<PasswordHash>,
    ) -> Result<Verification, HashError> {
        let Some(stored) = stored else {
            return self.mismatch(password).await;
        };
        match stored.scheme {
            Scheme::Argon2(_) => {
                let matches = self.derive(stored.scheme, password.clone()).await? == stored.tag;
                Ok(self.verdict(matches, &stored, &password))
            }
            Scheme::Foreign { .. } => {
                let verification = self.verify_foreign(&password, &stored).await?;
                if verification != Verification::MatchOutdated {
                    self.mismatch(password).await?;
                }
                Ok(verification)
            }
        }
    }

    /// Another system has hashed what was typed there, byte for byte: that is tried first. Then the normal form, for
    /// those that normalise, where it is another.
    async fn verify_foreign(
        &self,
        password: &Password,
        stored: &PasswordHash,
    ) -> Result<Verification, HashError> {
        let normal = password.typed().is_some().then(|| password.clone());
        let first = password.typed().unwrap_or_else(|| password.clone());
        for form in std::iter::once(first).chain(normal) {
            let matches = self.derive(stored.scheme, form.clone()).await? == stored.tag;
            if matches && !Foreign::is_ambiguous(form.expose()) {
                return Ok(self.verdict(true, stored, &form));
            }
        }
        Ok(Verification::Mismatch)
    }

    fn verdict(&self, matches: bool, stored: &PasswordHash, password: &Password) -> Verification {
        match (matches, stored.scheme.is_outdated(password, self.cost)) {
            (false, _) => Verification::Mismatch,
            (true, false) => Verification::Match,
            (true, true) => Verification::MatchOutdated,
        }
    }

    /// Costs what a hash of ours costs, and matches nothing.
    async fn mismatch(&self, password: Password) -> Result<Verification, HashError> {
        let decoy = Derivation::current(self.cost, [0; PasswordHash::SALT_LENGTH])?;
        self.derive(Scheme::Argon2(decoy), password).await?;
        Ok(Verification::Mismatch)
    }

    /// Takes no more passwords; those that wait are still hashed, then the threads end. Does not wait for that.
    pub fn close(&self) {
        self.pool.close();
    }

    /// How many hashes of any kind have been computed since the start.
    pub fn hashes_done(&self) -> u64 {
        self.hashes_done.load(Ordering::Relaxed)
    }

    /// How many passwords wait for a thread.
    pub fn queue_depth(&self) -> usize {
        self.pool.queue_depth()
    }

    async fn derive(&self, scheme: Scheme, password: Password) -> Result<phc::Output, HashError> {
        match self.pool.submit(Order { scheme, password, ordered_at: Instant::now() }).await {
            Ok(tag) => Ok(tag?),
            Err(PoolError::Full { retry_after }) => {
                Metric::HashRefusals.add(&[]);
                Err(HashError::Busy { retry_after })
            }
            Err(PoolError::Closed) => Err(HashError::Closed),
            Err(PoolError::Panicked) => Err(HashError::Panicked),
        }
    }
}

impl PoolSize {
    /// One thread a core, and a queue that drains in about two seconds on a slow core: 32 a thread at the default
    /// cost, where a hash takes 20 to 70 ms, fewer where a hash costs more.
    pub fn for_this_machine(cost: Argon2Cost) -> Self {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let at_default_cost = 32 * Argon2Cost::default().work_kib();
        let a_thread = usize::try_from((at_default_cost / cost.work_kib()).clamp(4, 256));
        let a_thread = a_thread.ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN);
        Self { threads, waiting: threads.saturating_mul(a_thread) }
    }
}
