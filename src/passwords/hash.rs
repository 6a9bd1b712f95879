//! A password hash as it is stored: the PHC string format, read within bounds.
//!
//! Owns the reading and writing of the format. Never runs Argon2, never allocates what a stored string asks for.

use std::fmt;
use std::str::FromStr;

use argon2::password_hash::phc;
use argon2::{Algorithm, Version};
use thiserror::Error;

use super::cost::{Argon2Cost, CostError};
use super::derivation::Derivation;

/// A stored password hash: how it was made, and the tag. Cheap to copy; its `Debug` shows neither salt nor tag.
#[derive(Clone, Copy)]
pub struct PasswordHash {
    pub(super) derivation: Derivation,
    /// Compared by its own `==`, which takes the same time wherever two tags differ.
    pub(super) tag: phc::Output,
}

impl PasswordHash {
    /// How many random bytes [`super::Hasher::hash`] takes as salt.
    pub const SALT_LENGTH: usize = Derivation::SALT_LENGTH;

    /// Reads a PHC string such as `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>`: any of the three kinds of Argon2,
    /// either version, no key id and no associated data.
    ///
    /// # Errors
    /// [`InvalidHash`]; a cost outside of [`Argon2Cost`]'s bounds is refused here, before anything is allocated.
    pub fn parse(text: &str) -> Result<Self, InvalidHash> {
        let parsed = phc::PasswordHash::new(text)?;
        let algorithm =
            Algorithm::try_from(parsed.algorithm.as_str()).map_err(|_| InvalidHash::Algorithm)?;
        // Written before there were versions, that is by 0x10: so the reference implementation.
        let version = Version::try_from(parsed.version.unwrap_or(Version::V0x10.into()))
            .map_err(|_| InvalidHash::Version)?;
        let [Some(m), Some(t), Some(p)] =
            ["m", "t", "p"].map(|name| parsed.params.get_decimal(name))
        else {
            return Err(InvalidHash::Parameters);
        };
        // Three known names among three pairs: none twice and no other, which might change the result.
        if parsed.params.iter().count() != 3 {
            return Err(InvalidHash::Parameters);
        }
        let (Some(salt), Some(tag)) = (parsed.salt, parsed.hash) else {
            return Err(InvalidHash::Incomplete);
        };
        let cost = Argon2Cost::new(m, t, p)?;
        let derivation = Derivation { algorithm, version, cost, salt, tag_length: tag.len() };
        Ok(Self { derivation, tag })
    }

    /// The PHC string to store.
    pub fn to_phc(&self) -> String {
        let Derivation { algorithm, version, cost, salt, .. } = self.derivation;
        format!(
            "${algorithm}$v={}$m={},t={},p={}${salt}${}",
            u32::from(version),
            cost.memory_kib(),
            cost.iterations(),
            cost.parallelism(),
            self.tag
        )
    }
}

impl FromStr for PasswordHash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash")
            .field("algorithm", &self.derivation.algorithm)
            .field("cost", &self.derivation.cost)
            .finish_non_exhaustive()
    }
}

/// A stored hash that cannot be verified against.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidHash {
    /// Not a PHC string.
    #[error("the stored password hash is not a PHC string")]
    Malformed(#[from] phc::Error),
    /// Not Argon2.
    #[error("the stored password hash is not of the argon2 family")]
    Algorithm,
    /// An unknown version of Argon2.
    #[error("the stored password hash is of an unknown argon2 version")]
    Version,
    /// Not exactly the parameters m, t and p.
    #[error("the stored password hash must have exactly the parameters m, t and p, as numbers")]
    Parameters,
    /// No salt or no tag.
    #[error("the stored password hash lacks its salt or its tag")]
    Incomplete,
    /// It would cost too much to verify.
    #[error("the stored password hash is out of bounds")]
    Cost(#[from] CostError),
}
