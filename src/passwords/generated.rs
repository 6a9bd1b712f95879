//! Passwords that we make up, for people whose own is set by somebody else.

use chrono::TimeDelta;
use zeroize::Zeroizing;

use crate::foundation::{Entropy, EntropyError};

use super::policy::PasswordPolicy;

/// Small letters, capitals and digits, none of which looks or sounds like another when it is read out:
/// no letter is there in both cases. 32 of them, so that five bits of a random byte choose one fairly.
const ALPHABET: &[u8; 32] = b"23456789ABDEFGHLMNRTcjkpqsuvwxyz";
/// 24 characters of five bits are 120 bits: nobody guesses them, whatever the hash costs.
const LENGTH_MIN: usize = 24;
/// How long such a password is good: it is read out or written on, and ends as soon as its person has one of
/// their own (OWASP ASVS 5.0, 6.4.1).
pub const HANDED_OUT_FOR: TimeDelta = TimeDelta::hours(24);
/// As many bytes as the longest password that a policy asks for has characters.
const BYTES: usize = *PasswordPolicy::MIN_LENGTHS.end();

impl PasswordPolicy {
    /// A random password that this policy takes for the person with that e-mail address and number: 24
    /// characters, or as many as the policy asks for.
    ///
    /// # Errors
    /// The operating system gave no random bytes.
    pub fn generate(
        &self,
        entropy: &Entropy,
        email: &str,
        phone_e164: Option<&str>,
    ) -> Result<Zeroizing<String>, EntropyError> {
        loop {
            let text = self.draw(entropy)?;
            // Nearly always: one in a thousand lacks a kind of character, where all are asked for.
            if self.check(&text, Some(email), phone_e164).is_ok() {
                return Ok(text);
            }
        }
    }

    fn draw(&self, entropy: &Entropy) -> Result<Zeroizing<String>, EntropyError> {
        let bytes = Zeroizing::new(entropy.bytes::<BYTES>()?);
        let length = self.min_length().max(LENGTH_MIN);
        let mut text = Zeroizing::new(String::with_capacity(length));
        let chosen = bytes.iter().take(length).map(|byte| ALPHABET[usize::from(byte & 31)]);
        text.extend(chosen.map(char::from));
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::policy::Composition;
    use super::*;

    #[test]
    fn every_password_is_another_and_fits_the_policy_that_asks_for_most() {
        let policy = PasswordPolicy::new(8, Composition::Mixed).unwrap();
        let (entropy, mut seen) = (Entropy::default(), HashSet::new());
        // So many that some draws lack a digit and are drawn again.
        for _ in 0..4000 {
            let text = policy.generate(&entropy, "ada@example.com", Some("+14155552671")).unwrap();
            assert_eq!(text.len(), LENGTH_MIN);
            assert!(policy.check(&text, None, None).is_ok());
            assert!(text.bytes().all(|byte| ALPHABET.contains(&byte)));
            assert!(seen.insert(text.to_string()));
        }
    }
}
