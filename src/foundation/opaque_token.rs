//! Opaque values of 256 random bits that a client keeps and we know only by their hash.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{Entropy, EntropyError};

const BYTES: usize = 32;

/// A login ticket, a device token or the token of a link. Never stored and never logged: store its [`TokenHash`].
#[derive(Clone)]
pub struct OpaqueToken(Zeroizing<String>);

impl OpaqueToken {
    /// A new one, 256 bits of the operating system's generator.
    pub fn generate(entropy: &Entropy) -> Result<Self, EntropyError> {
        let bytes = Zeroizing::new(entropy.bytes::<BYTES>()?);
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))))
    }

    /// One that a client sent. Whatever it is, only the hash of it is looked for: what is not one
    /// of ours is found nowhere.
    pub fn received(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// What is stored of it. A plain hash is enough: 256 random bits cannot be guessed.
    pub fn hash(&self) -> TokenHash {
        TokenHash(digest(&SHA256, self.0.as_bytes()).as_ref().to_vec())
    }

    /// The text for the client.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OpaqueToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueToken(…)")
    }
}

/// SHA-256 of an [`OpaqueToken`], 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct TokenHash(Vec<u8>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_token_reads_back_with_the_same_hash() {
        let token = OpaqueToken::generate(&Entropy::default()).unwrap();
        let received = OpaqueToken::received(token.expose().to_owned());
        assert_eq!(received.hash(), token.hash());
    }

    #[test]
    fn tokens_have_256_bits_and_are_never_shown() {
        let token = OpaqueToken::generate(&Entropy::default()).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(token.expose()).unwrap().len(), BYTES);
        assert_eq!(format!("{token:?}"), "OpaqueToken(…)");
    }
}
