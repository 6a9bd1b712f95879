//! What one Argon2 hash costs, and between which bounds.
//!
//! Owns the bounds, for our own settings and for hashes imported from elsewhere alike: a row of the database must
//! not be able to take the server's memory or hold a thread for minutes.

use std::ops::RangeInclusive;

use thiserror::Error;

/// The parameters m, t and p of Argon2 (RFC 9106 §3.1), within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Cost {
    memory_kib: u32,
    iterations: u32,
    parallelism: u32,
}

impl Default for Argon2Cost {
    /// 19 MiB, two passes, one lane: what OWASP's Password Storage Cheat Sheet names first.
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1 }
    }
}

impl Argon2Cost {
    /// Memory in KiB, and at least [`Self::MEMORY_KIB_PER_LANE`] for each lane. Each hashing thread may need as much.
    pub const MEMORY_KIB: RangeInclusive<u32> = 8..=262_144;
    /// Passes over the memory.
    pub const ITERATIONS: RangeInclusive<u32> = 1..=64;
    /// Lanes. They are computed one after the other: the pool already keeps every core busy.
    pub const PARALLELISM: RangeInclusive<u32> = 1..=16;
    /// Two blocks for each of the four slices of a lane (RFC 9106 §3.1).
    pub const MEMORY_KIB_PER_LANE: u32 = 8;
    /// KiB filled in all passes together: 1 GiB, about a second of one core.
    pub const MAX_WORK_KIB: u64 = 1_048_576;

    /// A cost within the bounds.
    ///
    /// # Errors
    /// The first bound that is overstepped.
    pub fn new(memory_kib: u32, iterations: u32, parallelism: u32) -> Result<Self, CostError> {
        let cost = Self { memory_kib, iterations, parallelism };
        if !Self::PARALLELISM.contains(&parallelism) {
            return Err(CostError::Parallelism { parallelism });
        }
        let least_kib = Self::MEMORY_KIB_PER_LANE * parallelism;
        if !Self::MEMORY_KIB.contains(&memory_kib) || memory_kib < least_kib {
            return Err(CostError::Memory { memory_kib, least_kib });
        }
        if !Self::ITERATIONS.contains(&iterations) {
            return Err(CostError::Iterations { iterations });
        }
        if cost.work_kib() > Self::MAX_WORK_KIB {
            return Err(CostError::Work { work_kib: cost.work_kib() });
        }
        Ok(cost)
    }

    /// Memory in KiB.
    pub fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub fn iterations(self) -> u32 {
        self.iterations
    }

    /// Lanes.
    pub fn parallelism(self) -> u32 {
        self.parallelism
    }

    /// KiB filled in all passes together; the time of a hash goes with it.
    pub(super) fn work_kib(self) -> u64 {
        u64::from(self.memory_kib) * u64::from(self.iterations)
    }

    /// Whether any parameter is lower than that of `current`.
    pub(super) fn is_below(self, current: Self) -> bool {
        self.memory_kib < current.memory_kib
            || self.iterations < current.iterations
            || self.parallelism < current.parallelism
    }
}

/// A cost outside of the bounds.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CostError {
    /// Too little memory for the lanes, or too much for a server.
    #[error(
        "argon2 memory must be between {least_kib} and {} KiB, not {memory_kib}",
        Argon2Cost::MEMORY_KIB.end()
    )]
    Memory {
        /// What was asked for, in KiB.
        memory_kib: u32,
        /// The least for this parallelism, in KiB.
        least_kib: u32,
    },
    /// No pass, or too many.
    #[error(
        "argon2 iterations must be between {} and {}, not {iterations}",
        Argon2Cost::ITERATIONS.start(),
        Argon2Cost::ITERATIONS.end()
    )]
    Iterations {
        /// What was asked for.
        iterations: u32,
    },
    /// No lane, or too many.
    #[error(
        "argon2 parallelism must be between {} and {}, not {parallelism}",
        Argon2Cost::PARALLELISM.start(),
        Argon2Cost::PARALLELISM.end()
    )]
    Parallelism {
        /// What was asked for.
        parallelism: u32,
    },
    /// Each parameter is within bounds, but one hash would take seconds.
    #[error(
        "argon2 memory times iterations must be at most {} KiB, not {work_kib}",
        Argon2Cost::MAX_WORK_KIB
    )]
    Work {
        /// What was asked for, in KiB.
        work_kib: u64,
    },
}
