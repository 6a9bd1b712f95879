//! How a stored hash was made: by us, or by the system that a person comes from.

use argon2::password_hash::{self, phc};

use super::cost::Argon2Cost;
use super::derivation::{Derivation, Memory};
use super::foreign::Foreign;
use super::password::Password;

/// Everything but the password that decides a tag.
#[derive(Clone, Copy)]
pub(super) enum Scheme {
    /// Argon2 of any kind and cost.
    Argon2(Derivation),
    /// What only imported people have.
    Foreign {
        how: Foreign,
        /// In bytes.
        tag_length: usize,
    },
}

impl Scheme {
    /// Computes the tag: on a hashing thread.
    pub(super) fn run(
        &self,
        password: &Password,
        memory: &mut Memory,
    ) -> password_hash::Result<phc::Output> {
        match self {
            Self::Argon2(derivation) => derivation.run(password, memory),
            Self::Foreign { how, tag_length } => Ok(how.run(password.expose(), *tag_length)?),
        }
    }

    /// Whether a password that has matched should be hashed anew, now that `current` is the cost.
    pub(super) fn is_outdated(&self, password: &Password, current: Argon2Cost) -> bool {
        match self {
            Self::Argon2(derivation) => derivation.is_outdated(current),
            Self::Foreign { how, .. } => !how.may_cut(password.expose()),
        }
    }
}
