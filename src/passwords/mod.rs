//! Passwords: which ones are taken, how they are hashed, and how often one may be wrong.
//!
//! Owns the rules for a new password ([`PasswordPolicy`]), the form in which a password is hashed ([`Password`]), the
//! Argon2id threads ([`Hasher`]) and what is counted of wrong ones ([`Guesses`]), in the tables `password_guesses`,
//! `password_block_tallies` and `password_totals`. Knows users by their ids only, never sleeps on purpose.

mod cost;
mod derivation;
mod foreign;
mod generated;
mod guess_store;
mod guesses;
mod hash;
mod hasher;
mod lockout;
mod most_used;
mod password;
mod policy;
mod pool;
mod priority;
mod scheme;
mod stuffing;

pub use cost::{Argon2Cost, CostError};
pub use generated::HANDED_OUT_FOR;
pub use guesses::{
    ExportedGuesses, Guess, GuessRefusal, GuessScope, Guesses, Origin, Slowed, Whose,
    delete_expired_guesses, export_guesses, forget_guesses, slowed,
};
pub use hash::{InvalidHash, PasswordHash};
pub use hasher::{HashError, Hasher, Verification};
pub use password::{Password, PasswordProblem};
pub use policy::{Composition, PasswordPolicy, PolicyError};
pub use pool::PoolSize;
