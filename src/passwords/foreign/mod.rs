//! Password hashes of other systems: read within bounds, verified, never made.
//!
//! Owns their formats and what a row of an import may cost. A login whose hash is one of these gets a hash of
//! ours in its place.

mod bcrypt;
mod pbkdf2;
mod scrypt;

use argon2::password_hash::phc;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::hash::InvalidHash;

/// How a password was hashed elsewhere: everything but the password and the tag.
#[derive(Clone, Copy)]
pub(super) enum Foreign {
    Bcrypt(bcrypt::Bcrypt),
    Scrypt(scrypt::Scrypt),
    Pbkdf2(pbkdf2::Pbkdf2),
}

impl Foreign {
    /// `None`: the text is of no kind that is read here.
    pub(super) fn parse(text: &str) -> Option<Result<(Self, phc::Output), InvalidHash>> {
        let parts: Vec<&str> = text.splitn(MOST_PARTS, '$').collect();
        match parts[..] {
            ["", "2a" | "2b" | "2y", cost, rest] => Some(bcrypt::read(cost, rest)),
            ["", "scrypt", parameters, salt, tag] => Some(scrypt::read(parameters, salt, tag)),
            ["", name, parameters, salt, tag] if name.starts_with("pbkdf2") => {
                Some(pbkdf2::read_phc(name, parameters, salt, tag))
            }
            [name, iterations, salt, tag] if name.starts_with("pbkdf2_") => {
                Some(pbkdf2::read_django(name, iterations, salt, tag))
            }
            _ => None,
        }
    }

    /// The text to store, in one form for each kind whatever form it was read from.
    pub(super) fn to_text(self, tag: &phc::Output) -> String {
        match self {
            Self::Bcrypt(bcrypt) => bcrypt.to_text(tag),
            Self::Scrypt(scrypt) => scrypt.to_text(tag),
            Self::Pbkdf2(pbkdf2) => pbkdf2.to_text(tag),
        }
    }

    /// Computes a tag as long as `length` bytes: up to a second of one core.
    pub(super) fn run(self, password: &str, length: usize) -> Result<phc::Output, phc::Error> {
        let mut tag = [0; phc::Output::MAX_LENGTH];
        let tag = tag.get_mut(..length).ok_or(phc::Error::ValueTooLong)?;
        match self {
            Self::Bcrypt(bcrypt) => bcrypt.run(password.as_bytes(), tag),
            Self::Scrypt(scrypt) => scrypt.run(password.as_bytes(), tag),
            Self::Pbkdf2(pbkdf2) => pbkdf2.run(password.as_bytes(), tag),
        }
        phc::Output::new(tag)
    }

    /// Whether other passwords than this one have its tag by design, or had it in the old system.
    ///
    /// bcrypt repeats the password and a NUL after it: `a` and `a\0a` are one to it. HMAC, and so PBKDF2 and
    /// scrypt, fills the password up with NULs: `a` and `a\0` are one.
    pub(super) fn is_ambiguous(password: &str) -> bool {
        password.contains('\0')
    }

    /// Whether the hash may say nothing about the end of the password. What matches so is let in, as the old
    /// system did, but no hash is made of it: a slip behind the end would count from then on.
    pub(super) fn may_cut(self, password: &str) -> bool {
        matches!(self, Self::Bcrypt(_)) && password.len() >= bcrypt::MOST_BYTES
    }

    /// The name of the kind, for `Debug`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bcrypt(_) => "bcrypt",
            Self::Scrypt(_) => "scrypt",
            Self::Pbkdf2(_) => "pbkdf2",
        }
    }
}

/// One more than any form has, so that a part too many is seen.
const MOST_PARTS: usize = 6;
/// In bytes. A shorter tag matches too many passwords.
const LEAST_TAG: usize = 16;
const MOST_SALT: usize = 64;

/// A salt of 1 to 64 bytes: others salt with more, and with less, than PHC strings do.
#[derive(Clone, Copy)]
struct Salt {
    bytes: [u8; MOST_SALT],
    length: usize,
}

impl Salt {
    fn new(salt: &[u8]) -> Result<Self, InvalidHash> {
        let mut bytes = [0; MOST_SALT];
        let place = bytes.get_mut(..salt.len()).filter(|place| !place.is_empty());
        place.ok_or(InvalidHash::Incomplete)?.copy_from_slice(salt);
        Ok(Self { bytes, length: salt.len() })
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn to_text(self) -> String {
        STANDARD_NO_PAD.encode(self.bytes())
    }
}

/// Base64 without padding, also with the `.` that passlib writes for `+`.
fn decode(text: &str) -> Result<Vec<u8>, InvalidHash> {
    STANDARD_NO_PAD.decode(text.replace('.', "+")).map_err(|_| InvalidHash::Encoding)
}

fn decode_padded(text: &str) -> Result<Vec<u8>, InvalidHash> {
    STANDARD.decode(text).map_err(|_| InvalidHash::Encoding)
}

fn tag(bytes: &[u8]) -> Result<phc::Output, InvalidHash> {
    if bytes.len() < LEAST_TAG {
        return Err(InvalidHash::Incomplete);
    }
    Ok(phc::Output::new(bytes)?)
}

/// A whole number, written in digits only, within bounds.
fn bounded(
    parameter: &'static str,
    text: &str,
    bounds: std::ops::RangeInclusive<u32>,
) -> Result<u32, InvalidHash> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Err(InvalidHash::Parameters);
    }
    let (least, most) = (*bounds.start(), *bounds.end());
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or(InvalidHash::OutOfBounds { parameter, least, most })
}
