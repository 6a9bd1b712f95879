//! The code itself: drawing it, reading it, and the keyed hash that is stored of it.

use std::fmt;

use zeroize::Zeroizing;

use crate::foundation::{ChallengeId, Entropy, EntropyError, KeyPurpose, Keyring, PhoneNumber};

use super::Purpose;

/// A one-time code: 4 to 10 decimal digits. Never stored, never logged, wiped after use.
#[derive(Clone, PartialEq, Eq)]
pub struct OtpCode(Zeroizing<String>);

/// A text is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A code has 4 to 10 digits.")]
pub struct OtpCodeError;

impl OtpCode {
    /// Reads a code that a person typed. Blanks around and within it are forgiven: phones show
    /// codes in groups.
    pub fn parse(text: &str) -> Result<Self, OtpCodeError> {
        let within_bounds = text.len() <= 32;
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let well_formed = within_bounds
            && (4..=10).contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_digit());
        well_formed.then(|| Self(Zeroizing::new(digits))).ok_or(OtpCodeError)
    }

    /// Draws a code of `length` digits, each as likely as any other.
    pub(super) fn generate(entropy: &Entropy, length: usize) -> Result<Self, EntropyError> {
        entropy.digits(length).map(|digits| Self(Zeroizing::new(digits)))
    }

    /// The digits, for the message and for the provider that judges them.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OtpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpCode(…)")
    }
}

/// What a stored code hash is bound to: a code for one purpose, challenge or number is worth
/// nothing for another.
pub(super) struct Binding<'a> {
    pub(super) purpose: Purpose,
    pub(super) challenge: ChallengeId,
    pub(super) number: &'a PhoneNumber,
}

impl Binding<'_> {
    /// HMAC-SHA-256 under the current key. A plain hash would not do: there are only a million
    /// codes to try.
    pub(super) fn hash(&self, keyring: &Keyring, code: &OtpCode) -> CodeHash {
        CodeHash {
            key_id: keyring.current_id().to_owned(),
            mac: keyring.mac(KeyPurpose::OtpCode, &self.message(code)),
        }
    }

    /// Whether `code` is the one that was hashed; compared in constant time.
    pub(super) fn matches(&self, keyring: &Keyring, code: &OtpCode, hash: &CodeHash) -> bool {
        keyring.verify_mac(KeyPurpose::OtpCode, &hash.key_id, &self.message(code), &hash.mac)
    }

    fn message(&self, code: &OtpCode) -> Zeroizing<Vec<u8>> {
        let Self { purpose, challenge, number } = self;
        let parts = [purpose.as_str(), &challenge.to_string(), number.e164(), code.expose()];
        Zeroizing::new(parts.join("\n").into_bytes())
    }
}

/// The keyed hash of a code, and which key made it.
#[derive(Clone, Debug)]
pub(super) struct CodeHash {
    pub(super) key_id: String,
    pub(super) mac: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_are_four_to_ten_digits() {
        for text in ["1234", "123456", "1234567890", "123 456", " 123-456 "] {
            assert!(OtpCode::parse(text).is_ok(), "{text:?}");
        }
        for text in
            ["", "123", "12345678901", "12345a", "١٢٣٤٥٦", "１２３４５６", "12\n3456", "-12345+"]
        {
            assert!(OtpCode::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_hash_fits_only_its_code_number_challenge_and_purpose() {
        let keyring = Keyring::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        let entropy = Entropy::default();
        let new_id = || ChallengeId::new(DateTime::UNIX_EPOCH, &entropy).unwrap();
        let number = PhoneNumber::from_e164("+14155552671").unwrap();
        let other_number = PhoneNumber::from_e164("+14155552672").unwrap();
        let binding = Binding { purpose: Purpose::Login, challenge: new_id(), number: &number };
        let code = OtpCode::parse("123456").unwrap();
        let hash = binding.hash(&keyring, &code);

        assert!(binding.matches(&keyring, &code, &hash));
        assert!(!binding.matches(&keyring, &OtpCode::parse("123457").unwrap(), &hash));
        assert!(!Binding { challenge: new_id(), ..binding }.matches(&keyring, &code, &hash));
        for purpose in [Purpose::PasswordReset, Purpose::PhoneChange] {
            assert!(!Binding { purpose, ..binding }.matches(&keyring, &code, &hash));
        }
        assert!(!Binding { number: &other_number, ..binding }.matches(&keyring, &code, &hash));
    }

    proptest! {
        #[test]
        fn any_text_is_a_code_or_refused(text in "\\PC*") {
            if let Ok(code) = OtpCode::parse(&text) {
                prop_assert!((4..=10).contains(&code.expose().len()));
            }
        }

        #[test]
        fn what_was_drawn_is_read_back(length in 6_usize..=10) {
            let code = OtpCode::generate(&Entropy::default(), length).unwrap();
            prop_assert_eq!(code.expose().len(), length);
            prop_assert_eq!(OtpCode::parse(code.expose()), Ok(code));
        }
    }
}
