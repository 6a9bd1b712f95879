//! bcrypt: `$2a$`, `$2b$` and `$2y$`, then the cost, 22 characters of salt and 31 of tag.
//!
//! The three differ in faults of old programs only. `$2x$`, which marks hashes made with one of those, is not read.

use argon2::password_hash::phc;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::super::hash::InvalidHash;
use super::{Foreign, bounded};

/// Where bcrypt stops reading a password.
pub(super) const MOST_BYTES: usize = 72;

/// 4 is the least there is; 14 takes about a second of one core.
const COST: std::ops::RangeInclusive<u32> = 4..=14;
const SALT_CHARACTERS: usize = 22;
const TAG_CHARACTERS: usize = 31;
const TAG_BYTES: usize = 23;

/// Its own alphabet. Old programs leave chance in the bits that the last character has too many.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

#[derive(Clone, Copy)]
pub(in super::super) struct Bcrypt {
    cost: u32,
    salt: [u8; 16],
}

pub(super) fn read(cost: &str, rest: &str) -> Result<(Foreign, phc::Output), InvalidHash> {
    if cost.len() != 2 {
        return Err(InvalidHash::Parameters);
    }
    let cost = bounded("bcrypt's cost", cost, COST)?;
    let (salt, tag) = rest.split_at_checked(SALT_CHARACTERS).ok_or(InvalidHash::Incomplete)?;
    if tag.len() != TAG_CHARACTERS {
        return Err(InvalidHash::Incomplete);
    }
    let salt = BASE64.decode(salt).ok().and_then(|salt| salt.try_into().ok());
    let salt = salt.ok_or(InvalidHash::Encoding)?;
    let tag = BASE64.decode(tag).map_err(|_| InvalidHash::Encoding)?;
    Ok((Foreign::Bcrypt(Bcrypt { cost, salt }), phc::Output::new(&tag)?))
}

impl Bcrypt {
    pub(super) fn to_text(self, tag: &phc::Output) -> String {
        let Self { cost, salt } = self;
        format!("$2b${cost:02}${}{}", BASE64.encode(salt), BASE64.encode(tag.as_bytes()))
    }

    /// The password as C has it: with a NUL at its end, where that is within reach.
    pub(super) fn run(self, password: &[u8], tag: &mut [u8]) {
        let mut key = zeroize::Zeroizing::new([0; MOST_BYTES]);
        let read = password.len().min(MOST_BYTES);
        key[..read].copy_from_slice(&password[..read]);
        let key = &key[..(read + 1).min(MOST_BYTES)];
        let output = bcrypt::bcrypt(self.cost, self.salt, key);
        // The last byte is never stored: a slip of the first program that all others keep to.
        for (to, from) in tag.iter_mut().zip(&output[..TAG_BYTES]) {
            *to = *from;
        }
    }
}
