//! scrypt (RFC 7914): `$scrypt$ln=16,r=8,p=1$<salt>$<tag>`, as PHC strings and passlib have it.

use argon2::password_hash::phc;

use super::super::hash::InvalidHash;
use super::{Foreign, Salt, bounded, decode, tag};

/// The logarithm of N.
const LOG_N: std::ops::RangeInclusive<u32> = 1..=20;
const R: std::ops::RangeInclusive<u32> = 1..=32;
const P: std::ops::RangeInclusive<u32> = 1..=16;
/// What one hash may take: 128 N r bytes. What OWASP names first (`ln=17,r=8`) takes 128 MiB.
const MOST_MEMORY_KIB: u32 = 131_072;
/// What is filled in all p rounds together: about a second of one core.
const MOST_WORK_KIB: u32 = 262_144;

#[derive(Clone, Copy)]
pub(in super::super) struct Scrypt {
    log_n: u32,
    r: u32,
    p: u32,
    salt: Salt,
    params: scrypt::Params,
}

pub(super) fn read(
    parameters: &str,
    salt: &str,
    text: &str,
) -> Result<(Foreign, phc::Output), InvalidHash> {
    let mut named = ["ln=", "r=", "p="].into_iter();
    let values: Option<Vec<&str>> =
        parameters.split(',').map(|pair| pair.strip_prefix(named.next()?)).collect();
    let Some([log_n, r, p]) = values.as_deref() else {
        return Err(InvalidHash::Parameters);
    };
    let log_n = bounded("scrypt's ln", log_n, LOG_N)?;
    let (r, p) = (bounded("scrypt's r", r, R)?, bounded("scrypt's p", p, P)?);
    // No overflow: 2^20 times 32 times 16 is 2^29, and a block is an eighth of a KiB.
    let memory_kib = (1_u32 << log_n) * r / 8;
    bound("scrypt's memory in KiB", memory_kib, MOST_MEMORY_KIB)?;
    bound("scrypt's memory in KiB times p", memory_kib * p, MOST_WORK_KIB)?;
    let small = u8::try_from(log_n).map_err(|_| InvalidHash::Parameters)?;
    let params = scrypt::Params::new(small, r, p).map_err(|_| InvalidHash::Parameters)?;
    let scrypt = Scrypt { log_n, r, p, salt: Salt::new(&decode(salt)?)?, params };
    Ok((Foreign::Scrypt(scrypt), tag(&decode(text)?)?))
}

fn bound(parameter: &'static str, value: u32, most: u32) -> Result<(), InvalidHash> {
    let fits = value <= most;
    fits.then_some(()).ok_or(InvalidHash::OutOfBounds { parameter, least: 0, most })
}

impl Scrypt {
    pub(super) fn to_text(self, tag: &phc::Output) -> String {
        let Self { log_n, r, p, salt, .. } = self;
        format!("$scrypt$ln={log_n},r={r},p={p}${}${tag}", salt.to_text())
    }

    pub(super) fn run(self, password: &[u8], tag: &mut [u8]) {
        // Fails for an empty tag only, and none is read.
        let _ = scrypt::scrypt(password, self.salt.bytes(), &self.params, tag);
    }
}
