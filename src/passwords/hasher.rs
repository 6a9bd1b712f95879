//! Hashing and verifying passwords with Argon2id, on threads of its own.
//!
//! Owns the threads, the current cost and the decoy that unknown users are verified against. Never hashes on an async
//! thread, never makes a salt, never logs a password or a hash.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use argon2::password_hash::{self, phc};
use thiserror::Error;

use super::cost::Argon2Cost;
use super::derivation::{Derivation, Memory};
use super::hash::PasswordHash;
use super::password::Password;
use super::pool::{Pool, PoolError, PoolSize};

/// The hashing threads. Share it behind an `Arc`; dropping it ends the threads after the hash in hand.
pub struct Hasher {
    pool: Pool<Order, password_hash::Result<phc::Output>>,
    cost: Argon2Cost,
    hashes_done: Arc<AtomicU64>,
}

struct Order {
    derivation: Derivation,
    password: Password,
}

/// What a verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The password is right.
    Match,
    /// The password is right, but the stored hash is weaker than what is made now: store a new one.
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
                let tag = order.derivation.run(&order.password, &mut memory);
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
        let derivation = Derivation::current(self.cost, salt)?;
        let tag = self.derive(derivation, password).await?;
        Ok(PasswordHash { derivation, tag })
    }

    /// Verifies a password against the stored hash, under the parameters stored with it.
    ///
    /// `None`, an unknown user, costs one hash at the current cost and is a mismatch: the time tells nothing. (Only a
    /// hash that was made at another cost takes another time, until its owner next logs in.) To hash the password
    /// anew after [`Verification::MatchOutdated`], keep a clone of it.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn verify(
        &self,
        password: Password,
        stored: Option<PasswordHash>,
    ) -> Result<Verification, HashError> {
        let Some(PasswordHash { derivation, tag }) = stored else {
            let decoy = Derivation::current(self.cost, [0; PasswordHash::SALT_LENGTH])?;
            self.derive(decoy, password).await?;
            return Ok(Verification::Mismatch);
        };
        let matches = self.derive(derivation, password).await? == tag;
        Ok(match (matches, derivation.is_outdated(self.cost)) {
            (false, _) => Verification::Mismatch,
            (true, false) => Verification::Match,
            (true, true) => Verification::MatchOutdated,
        })
    }

    /// Takes no more passwords; those that wait are still hashed, then the threads end. Does not wait for that.
    pub fn close(&self) {
        self.pool.close();
    }

    /// How many times Argon2 has run since the start.
    pub fn hashes_done(&self) -> u64 {
        self.hashes_done.load(Ordering::Relaxed)
    }

    /// How many passwords wait for a thread.
    pub fn queue_depth(&self) -> usize {
        self.pool.queue_depth()
    }

    async fn derive(
        &self,
        derivation: Derivation,
        password: Password,
    ) -> Result<phc::Output, HashError> {
        match self.pool.submit(Order { derivation, password }).await {
            Ok(tag) => Ok(tag?),
            Err(PoolError::Full { retry_after }) => Err(HashError::Busy { retry_after }),
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
