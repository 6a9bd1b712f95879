//! What a code of an authenticator app is: RFC 6238 with HMAC-SHA-1, 30 seconds and 6 digits, which is what all
//! apps do. HMAC does not need of its hash what SHA-1 has lost (RFC 6238, 1.2; NIST SP 800-131A).

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use crate::foundation::{Entropy, EntropyError};

/// RFC 4226, R6: as many as HMAC-SHA-1 has, 160 bits.
const SEED_BYTES: usize = 20;
/// In seconds (RFC 6238, 5.2).
const PERIOD: i64 = 30;
const DIGITS: usize = 6;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What an app makes its codes of. Shown once, wiped after use.
#[derive(Clone)]
pub struct Seed(Zeroizing<[u8; SEED_BYTES]>);

/// Thirty seconds, counted since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(i64);

/// A code that somebody typed: 6 digits. Wiped after use.
#[derive(Clone)]
pub struct TotpCode(Zeroizing<String>);

/// A text is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A code of an app has 6 digits.")]
pub struct TotpCodeError;

impl Seed {
    /// A random one.
    pub(super) fn generate(entropy: &Entropy) -> Result<Self, EntropyError> {
        Ok(Self(Zeroizing::new(entropy.bytes()?)))
    }

    pub(super) fn expose(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// As people type it into an app: base32 (RFC 4648, 6). 20 bytes are 32 characters, and need no padding.
    pub fn base32(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(SEED_BYTES * 8 / 5));
        for five in self.0.chunks(5) {
            let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            let places = (0..8).rev().map(|place| (bits >> (place * 5) & 31) as usize);
            text.extend(places.map(|place| char::from(BASE32[place])));
        }
        text
    }

    /// What an app reads from a QR code (Google Authenticator, "Key Uri Format").
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let (issuer, account, secret) = (escaped(issuer), escaped(account), self.base32());
        let label = format!("otpauth://totp/{issuer}:{account}");
        let rest = format!("&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={PERIOD}");
        Zeroizing::new(format!("{label}?secret={}{rest}", secret.as_str()))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}

impl Step {
    /// The one that `time` is in.
    pub fn of(time: DateTime<Utc>) -> Self {
        Self(time.timestamp().div_euclid(PERIOD))
    }

    /// How many there were before it since 1970.
    pub fn number(self) -> i64 {
        self.0
    }
}

impl TotpCode {
    /// Reads a code that a person typed. Blanks and dashes within it are forgiven.
    pub fn parse(text: &str) -> Result<Self, TotpCodeError> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let well_formed = text.len() <= 32
            && digits.len() == DIGITS
            && digits.bytes().all(|digit| digit.is_ascii_digit());
        well_formed.then(|| Self(Zeroizing::new(digits))).ok_or(TotpCodeError)
    }

    /// The step that it is of: the present one, or the one before (RFC 6238, 5.2: typing takes its time).
    /// Both are compared, whatever the first says.
    pub(super) fn step_of(&self, seed: &[u8], now: DateTime<Utc>) -> Option<Step> {
        let present = Step::of(now);
        let steps = [Step(present.0 - 1), present];
        steps.into_iter().fold(None, |found, step| {
            let code = code_at(seed, step);
            let is_it = verify_slices_are_equal(code.as_bytes(), self.0.as_bytes()).is_ok();
            if is_it { Some(step) } else { found }
        })
    }
}

impl fmt::Debug for TotpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpCode(…)")
    }
}

/// The code of a step (RFC 4226, 5.3).
fn code_at(seed: &[u8], step: Step) -> Zeroizing<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed);
    let tag = hmac::sign(&key, &step.0.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes[bytes.len() - 1] & 15);
    let four = bytes[offset..offset + 4].iter();
    let number = four.fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
    Zeroizing::new(format!("{:0DIGITS$}", number % 1_000_000))
}

/// Percent-encoded, but for what stands for itself everywhere (RFC 3986, 2.3).
fn escaped(text: &str) -> String {
    let letter = |byte: u8| {
        let stays = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if stays { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(letter).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC_SEED: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// RFC 6238, appendix B, SHA-1: the last six of its eight digits.
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    #[test]
    fn codes_are_those_of_the_rfc() {
        for (seconds, code) in VECTORS {
            assert_eq!(code_at(RFC_SEED, Step::of(at(seconds))).as_str(), code, "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_in_its_step_and_the_next_and_in_no_other() {
        for (seconds, code) in VECTORS {
            let (code, step) = (TotpCode::parse(code).unwrap(), Step::of(at(seconds)));
            let begins = step.0 * PERIOD;
            for (time, is_right) in
                [(begins - 1, false), (begins, true), (begins + 59, true), (begins + 60, false)]
            {
                let found = code.step_of(RFC_SEED, at(time));
                assert_eq!(found, is_right.then_some(step), "{seconds} at {time}");
            }
        }
    }

    #[test]
    fn a_seed_is_written_as_the_rfc_has_base32() {
        let seed = Seed(Zeroizing::new(RFC_SEED.try_into().unwrap()));
        assert_eq!(seed.base32().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            seed.uri("auth.acme.example", "ada lovelace+x@example.com").as_str(),
            "otpauth://totp/auth.acme.example:ada%20lovelace%2Bx%40example.com\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=auth.acme.example\
             &algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(format!("{seed:?}"), "Seed(…)");
    }

    #[test]
    fn what_people_type_is_read() {
        for text in ["123456", "123 456", "123-456", " 123456 "] {
            assert_eq!(TotpCode::parse(text).unwrap().0.as_str(), "123456");
        }
        for text in ["", "12345", "1234567", "12345a", "１２３４５６"] {
            assert!(TotpCode::parse(text).is_err(), "{text}");
        }
    }
}
