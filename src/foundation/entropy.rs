//! Chance, handed in: bytes of the operating system's generator.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// Draws random bytes. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Entropy(SystemRandom);

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct EntropyError;

impl Entropy {
    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], EntropyError> {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes).map_err(|_| EntropyError)?;
        Ok(bytes)
    }

    /// `length` decimal digits, each of the ten equally likely.
    pub fn digits(&self, length: usize) -> Result<String, EntropyError> {
        let mut digits = String::with_capacity(length);
        while digits.len() < length {
            let fair = self.bytes::<16>()?.into_iter().filter_map(fair_digit);
            digits.extend(fair.take(length - digits.len()));
        }
        Ok(digits)
    }
}

/// A byte's last digit, or nothing for the bytes that would favour 0 to 5 (250 to 255).
fn fair_digit(byte: u8) -> Option<char> {
    (byte < 250).then(|| char::from(b'0' + byte % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_has_the_same_number_of_bytes() {
        let mut bytes_for = [0; 10];
        for digit in (0..=255).filter_map(fair_digit) {
            bytes_for[digit.to_digit(10).unwrap() as usize] += 1;
        }
        assert_eq!(bytes_for, [25; 10]);
    }

    #[test]
    fn codes_have_the_length_asked_for_and_differ() {
        let entropy = Entropy::default();
        let drawn: std::collections::HashSet<_> =
            (0..100).map(|_| entropy.digits(10).unwrap()).collect();
        assert!(drawn.iter().all(|code| code.len() == 10));
        assert!(drawn.len() > 95, "ten digits hardly ever repeat within a hundred draws");
    }
}
