//! A password hash as it is stored: the PHC string format and those of other systems, read within bounds.
//!
//! Owns the reading and writing of the formats. Never hashes, never allocates what a stored string asks for.

use std::fmt;
use std::str::FromStr;

use argon2::password_hash::phc;
use argon2::{Algorithm, Version};
use thiserror::Error;

use super::cost::{Argon2Cost, CostError};
use super::derivation::Derivation;
use super::foreign::Foreign;
use super::scheme::Scheme;

/// A stored password hash: how it was made, and the tag. Cheap to copy; its `Debug` shows neither salt nor tag.
#[derive(Clone, Copy)]
pub struct PasswordHash {
    pub(super) scheme: Scheme,
    /// Compared by its own `==`, which takes the same time wherever two tags differ.
    pub(super) tag: phc::Output,
}

impl PasswordHash {
    /// How a hash of ours begins.
    pub const PREFIX: &str = "$argon2id$";

    /// How many random bytes [`super::Hasher::hash`] takes as salt.
    pub const SALT_LENGTH: usize = Derivation::SALT_LENGTH;

    /// Reads a PHC string such as `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>`: any of the three kinds of Argon2,
    /// either version, no key id and no associated data. Also reads bcrypt, scrypt and PBKDF2 as other systems
    /// write them.
    ///
    /// # Errors
    /// [`InvalidHash`]; a cost outside of the bounds of its kind is refused here, before anything is allocated.
    pub fn parse(text: &str) -> Result<Self, InvalidHash> {
        match Foreign::parse(text) {
            Some(read) => {
                let (how, tag) = read?;
                Ok(Self { scheme: Scheme::Foreign { how, tag_length: tag.len() }, tag })
            }
            None => Self::parse_argon2(text),
        }
    }

    fn parse_argon2(text: &str) -> Result<Self, InvalidHash> {
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
        let cost = Argon2Cost::new(m, t, p).map_err(InvalidHash::Cost)?;
        let derivation = Derivation { algorithm, version, cost, salt, tag_length: tag.len() };
        Ok(Self { scheme: Scheme::Argon2(derivation), tag })
    }

    /// The text to store: a PHC string, or for bcrypt the form that is usual there.
    pub fn to_phc(&self) -> String {
        let Derivation { algorithm, version, cost, salt, .. } = match self.scheme {
            Scheme::Argon2(derivation) => derivation,
            Scheme::Foreign { how, .. } => return how.to_text(&self.tag),
        };
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
        let mut shown = f.debug_struct("PasswordHash");
        match self.scheme {
            Scheme::Argon2(Derivation { algorithm, cost, .. }) => {
                shown.field("algorithm", &algorithm).field("cost", &cost)
            }
            Scheme::Foreign { how, .. } => shown.field("algorithm", &how.name()),
        };
        shown.finish_non_exhaustive()
    }
}

/// A stored hash that cannot be verified against.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidHash {
    /// Not a PHC string, nor of any other form that is read.
    #[error("the password hash is of no form that is read here")]
    Malformed(#[from] phc::Error),
    /// Not Argon2, nor another kind that is read.
    #[error(
        "the password hash is neither argon2, bcrypt, scrypt nor PBKDF2 with SHA-1, SHA-256 or SHA-512"
    )]
    Algorithm,
    /// An unknown version of Argon2.
    #[error("the password hash is of an unknown argon2 version")]
    Version,
    /// Not exactly the parameters of its kind.
    #[error("the password hash does not have exactly the parameters of its kind, as numbers")]
    Parameters,
    /// No salt or no tag, or one too short to be of worth or longer than any system makes it.
    #[error("the password hash lacks its salt or its tag, or they are too short or too long")]
    Incomplete,
    /// Not base64 of the kind that belongs there.
    #[error("the salt or the tag of the password hash is not base64")]
    Encoding,
    /// It would cost too much to verify.
    #[error("the password hash is out of bounds: {0}")]
    Cost(CostError),
    /// It would cost too much to verify, or is of no worth. Of other kinds than Argon2.
    #[error("the password hash is out of bounds: {parameter} must be between {least} and {most}")]
    OutOfBounds {
        /// Which parameter.
        parameter: &'static str,
        /// The least that is read.
        least: u32,
        /// The most that is read.
        most: u32,
    },
}
