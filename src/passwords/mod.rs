//! Passwords: which ones are taken.
//!
//! Owns the rules for a new password ([`PasswordPolicy`]) and the form in which a password is hashed ([`Password`]).
//! Never touches a table, never knows who the user is.

mod most_used;
mod password;
mod policy;

pub use password::{Password, PasswordProblem};
pub use policy::{Composition, PasswordPolicy, PolicyError};
