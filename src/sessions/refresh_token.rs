//! The form of a refresh token, and how one follows from another. Knows no database.
//!
//! base64url of: session id (16 bytes), generation (4, big-endian), secret (32), tag (32). 84 bytes make
//! 112 characters without a bit left over, so that a token is written in one way only. The tag is our
//! HMAC over the rest: what we did not make is refused without a look at the database, and cannot
//! pass for a token that was used up. Only the SHA-256 of the secret is stored.

use std::fmt;

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::foundation::{Entropy, EntropyError, KeyPurpose, Keyring, SessionId};

const SESSION_BYTES: usize = 16;
const GENERATION_BYTES: usize = 4;
const SECRET_BYTES: usize = 32;
const TAG_BYTES: usize = 32;
const SIGNED_BYTES: usize = SESSION_BYTES + GENERATION_BYTES + SECRET_BYTES;
/// Characters of a token: each four of them are three bytes.
const LENGTH: usize = (SIGNED_BYTES + TAG_BYTES) / 3 * 4;

/// SHA-256 of a token's secret: what is stored of it.
pub(super) type SecretHash = [u8; SHA256_OUTPUT_LEN];

/// A refresh token that is ours. Never stored and never logged.
pub(super) struct RefreshToken {
    /// The session that it continues.
    pub(super) session: SessionId,
    /// How many tokens came before it. Never negative.
    pub(super) generation: i32,
    secret: Zeroizing<[u8; SECRET_BYTES]>,
}

/// A refresh token in the form for the client. Never shown.
#[derive(Clone)]
pub struct RefreshText(Zeroizing<String>);

impl RefreshText {
    /// The text for the client: 112 characters of base64url.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RefreshText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshText(…)")
    }
}

impl RefreshToken {
    /// The first one of a session: 256 bits of the operating system's generator.
    pub(super) fn first(session: SessionId, entropy: &Entropy) -> Result<Self, EntropyError> {
        Ok(Self { session, generation: 0, secret: Zeroizing::new(entropy.bytes()?) })
    }

    /// Reads what a client sent. `None`: it is not one of ours.
    pub(super) fn read(text: &str, keyring: &Keyring) -> Option<Self> {
        if text.len() != LENGTH {
            return None;
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let (signed, tag) = bytes.split_at_checked(SIGNED_BYTES)?;
        if !keyring.verify_mac_of_any(KeyPurpose::RefreshToken, signed, tag) {
            return None;
        }
        let (session, rest) = signed.split_first_chunk::<SESSION_BYTES>()?;
        let (generation, rest) = rest.split_first_chunk::<GENERATION_BYTES>()?;
        let secret = rest.first_chunk::<SECRET_BYTES>()?;
        Some(Self {
            session: SessionId::from_bytes(*session),
            generation: i32::try_from(u32::from_be_bytes(*generation)).ok()?,
            secret: Zeroizing::new(*secret),
        })
    }

    /// The token that takes this one's place, derived under the key `key_id`: the same one each time,
    /// so that a lost answer can be given again though no secret is stored. `None`: that key is no
    /// longer in `SECRET_KEY`, or there have been two thousand million tokens.
    pub(super) fn child(&self, keyring: &Keyring, key_id: &str) -> Option<Self> {
        let generation = self.generation.checked_add(1)?;
        let of = Zeroizing::new(self.signed(generation));
        let derived =
            Zeroizing::new(keyring.mac_under(KeyPurpose::RefreshSecret, key_id, of.as_slice())?);
        let secret = derived.first_chunk::<SECRET_BYTES>()?;
        Some(Self { session: self.session, generation, secret: Zeroizing::new(*secret) })
    }

    /// What is stored of it.
    pub(super) fn hash(&self) -> SecretHash {
        let mut hash = [0; SHA256_OUTPUT_LEN];
        hash.copy_from_slice(digest(&SHA256, self.secret.as_slice()).as_ref());
        hash
    }

    /// The form for the client.
    pub(super) fn text(&self, keyring: &Keyring) -> RefreshText {
        let signed = Zeroizing::new(self.signed(self.generation));
        let tag = keyring.mac(KeyPurpose::RefreshToken, signed.as_slice());
        let bytes = Zeroizing::new([signed.as_slice(), &tag].concat());
        RefreshText(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    fn signed(&self, generation: i32) -> Vec<u8> {
        let generation = generation.to_be_bytes();
        [self.session.as_bytes().as_slice(), &generation, self.secret.as_slice()].concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const TWO: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn keyring(keys: &str) -> Keyring {
        Keyring::parse(keys).unwrap()
    }

    fn token(session: [u8; 16], generation: i32, secret: [u8; 32]) -> RefreshToken {
        let session = SessionId::from_bytes(session);
        RefreshToken { session, generation, secret: Zeroizing::new(secret) }
    }

    #[test]
    fn a_token_is_read_after_the_key_has_rotated_and_its_child_is_the_same() {
        let (old, both) = (keyring(ONE), keyring(&format!("{TWO},{ONE}")));
        let parent = token([1; 16], 7, [2; 32]);
        let read = RefreshToken::read(parent.text(&old).expose(), &both).unwrap();
        let before = parent.child(&old, old.current_id()).unwrap();
        let after = read.child(&both, old.current_id()).unwrap();
        assert_eq!((before.generation, before.hash()), (8, after.hash()));
        let under_the_new = read.child(&both, both.current_id()).unwrap();
        assert_ne!(under_the_new.hash(), after.hash());
        assert!(read.child(&old, both.current_id()).is_none(), "a key that is gone");
        assert!(RefreshToken::read(parent.text(&old).expose(), &keyring(TWO)).is_none());
    }

    #[test]
    fn nothing_follows_from_the_last_generation_there_can_be() {
        let keys = keyring(ONE);
        let last = token([1; 16], i32::MAX, [2; 32]);
        let read = RefreshToken::read(last.text(&keys).expose(), &keys).unwrap();
        assert!(read.child(&keys, keys.current_id()).is_none());
    }

    #[test]
    fn a_token_shows_nothing_of_itself() {
        let text = token([1; 16], 0, [2; 32]).text(&keyring(ONE));
        assert_eq!(format!("{text:?}"), "RefreshText(…)");
        assert_eq!(text.expose().len(), LENGTH);
    }

    proptest! {
        #[test]
        fn every_token_is_read_back(session: [u8; 16], generation in 0..=i32::MAX, secret: [u8; 32]) {
            let keys = keyring(ONE);
            let made = token(session, generation, secret);
            let read = RefreshToken::read(made.text(&keys).expose(), &keys).unwrap();
            prop_assert_eq!(read.session, made.session);
            prop_assert_eq!(read.generation, made.generation);
            prop_assert_eq!(read.hash(), made.hash());
        }

        #[test]
        fn a_token_with_one_other_character_is_not_ours(
            secret: [u8; 32], at in 0..LENGTH, by in 1_u8..64
        ) {
            const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let keys = keyring(ONE);
            let mut text = token([3; 16], 1, secret).text(&keys).expose().as_bytes().to_vec();
            let place = ALPHABET.iter().position(|it| *it == text[at]).unwrap();
            text[at] = ALPHABET[(place + usize::from(by)) % 64];
            let text = String::from_utf8(text).unwrap();
            prop_assert!(RefreshToken::read(&text, &keys).is_none());
        }

        #[test]
        fn whatever_else_comes_is_refused(text in ".{0,200}", bytes: [u8; 84]) {
            let keys = keyring(ONE);
            prop_assert!(RefreshToken::read(&text, &keys).is_none());
            prop_assert!(RefreshToken::read(&URL_SAFE_NO_PAD.encode(bytes), &keys).is_none());
        }
    }
}
