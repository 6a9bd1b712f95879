//! PBKDF2 (RFC 8018) with HMAC of SHA-1, SHA-256 or SHA-512, in three forms:
//! `$pbkdf2-sha256$i=600000$<salt>$<tag>` (PHC), `$pbkdf2-sha256$29000$<salt>$<tag>` (passlib, which calls SHA-1
//! plain `pbkdf2`) and `pbkdf2_sha256$870000$<salt>$<tag>` (Django, whose salt is text).

use std::num::NonZeroU32;

use argon2::password_hash::phc;
use aws_lc_rs::pbkdf2;

use super::super::hash::InvalidHash;
use super::{Foreign, Salt, bounded, decode, decode_padded, tag};

/// OWASP asks for 1.4 million with SHA-1, Django 6 for 1.2 million with SHA-256; two million take half a second to
/// a second of one core.
const ITERATIONS: std::ops::RangeInclusive<u32> = 1..=2_000_000;

#[derive(Clone, Copy)]
pub(in super::super) struct Pbkdf2 {
    digest: Digest,
    iterations: NonZeroU32,
    salt: Salt,
}

#[derive(Clone, Copy)]
enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

pub(super) fn read_phc(
    name: &str,
    parameters: &str,
    salt: &str,
    text: &str,
) -> Result<(Foreign, phc::Output), InvalidHash> {
    let digest = match name {
        "pbkdf2" | "pbkdf2-sha1" => Digest::Sha1,
        "pbkdf2-sha256" => Digest::Sha256,
        "pbkdf2-sha512" => Digest::Sha512,
        _ => return Err(InvalidHash::Algorithm),
    };
    let (iterations, length) = match parameters.split_once(',') {
        Some((iterations, length)) => (iterations, Some(length)),
        None => (parameters, None),
    };
    let iterations = iterations.strip_prefix("i=").unwrap_or(iterations);
    let bytes = decode(text)?;
    // The length of the tag may be told twice.
    let told = length.map(|length| length.strip_prefix("l=").and_then(|it| it.parse().ok()));
    if told.is_some_and(|told| told != Some(bytes.len())) {
        return Err(InvalidHash::Parameters);
    }
    finish(digest, iterations, Salt::new(&decode(salt)?)?, &bytes)
}

pub(super) fn read_django(
    name: &str,
    iterations: &str,
    salt: &str,
    text: &str,
) -> Result<(Foreign, phc::Output), InvalidHash> {
    let digest = match name {
        "pbkdf2_sha1" => Digest::Sha1,
        "pbkdf2_sha256" => Digest::Sha256,
        _ => return Err(InvalidHash::Algorithm),
    };
    finish(digest, iterations, Salt::new(salt.as_bytes())?, &decode_padded(text)?)
}

fn finish(
    digest: Digest,
    iterations: &str,
    salt: Salt,
    bytes: &[u8],
) -> Result<(Foreign, phc::Output), InvalidHash> {
    // A longer tag takes all iterations once more, and whoever guesses passwords need not.
    if bytes.len() > digest.bytes() {
        return Err(InvalidHash::Incomplete);
    }
    let iterations = bounded("PBKDF2's iterations", iterations, ITERATIONS)?;
    let iterations = NonZeroU32::new(iterations).ok_or(InvalidHash::Parameters)?;
    Ok((Foreign::Pbkdf2(Pbkdf2 { digest, iterations, salt }), tag(bytes)?))
}

impl Digest {
    fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "pbkdf2",
            Self::Sha256 => "pbkdf2-sha256",
            Self::Sha512 => "pbkdf2-sha512",
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}

impl Pbkdf2 {
    pub(super) fn to_text(self, tag: &phc::Output) -> String {
        let Self { digest, iterations, salt } = self;
        format!("${}$i={iterations}${}${tag}", digest.name(), salt.to_text())
    }

    pub(super) fn run(self, password: &[u8], tag: &mut [u8]) {
        pbkdf2::derive(self.digest.algorithm(), self.iterations, self.salt.bytes(), password, tag);
    }
}
