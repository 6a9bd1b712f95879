//! Passwords, seen from outside: the policy, the stored form and the hashing threads.
#![expect(clippy::unwrap_used, reason = "a failed step should fail its test")]

use std::num::NonZeroUsize;

use ringfence::passwords::{Argon2Cost, Hasher, Password, PoolSize};

mod foreign;
mod hasher;
mod policy;
mod stored;
mod vectors;

/// As little work as Argon2 does, for tests that are not about cost.
fn tiny() -> Argon2Cost {
    Argon2Cost::new(64, 1, 1).unwrap()
}

/// Threads for the tests, at `cost`.
fn hasher(cost: Argon2Cost, threads: usize, waiting: usize) -> Hasher {
    let size = PoolSize {
        threads: NonZeroUsize::new(threads).unwrap(),
        waiting: NonZeroUsize::new(waiting).unwrap(),
    };
    Hasher::start(cost, size).unwrap()
}

fn password(text: &str) -> Password {
    Password::for_login(text).unwrap()
}
