//! Passwords: which ones are taken, and how they are hashed.
//!
//! Owns the rules for a new password ([`PasswordPolicy`]), the form in which a password is hashed ([`Password`]) and
//! the Argon2id threads ([`Hasher`]). Never touches a table, never knows who the user is, never sleeps on purpose.

mod cost;
mod derivation;
mod foreign;
mod generated;
mod hash;
mod hasher;
mod most_used;
mod password;
mod policy;
mod pool;
mod priority;
mod scheme;

pub use cost::{Argon2Cost, CostError};
pub use hash::{InvalidHash, PasswordHash};
pub use hasher::{HashError, Hasher, Verification};
pub use password::{Password, PasswordProblem};
pub use policy::{Composition, PasswordPolicy, PolicyError};
pub use pool::PoolSize;
