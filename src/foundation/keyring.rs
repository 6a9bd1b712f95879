//! `SECRET_KEY`: one or more master keys, and the keys derived from them.
//!
//! The first key writes, all of them read, so that a key can be replaced without losing what the
//! old one wrote. A master key is used for nothing itself: each purpose has a key of its own,
//! derived by HKDF-SHA-256 (RFC 5869).

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// What a derived key is for. Keys of different purposes have nothing in common.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// HMAC of one-time codes.
    OtpCode,
    /// Encryption of the private halves of signing keys.
    SigningKey,
    /// HMAC of phone numbers in the ledger.
    LedgerNumber,
    /// HMAC that makes the secret parts of webhooks' paths.
    Webhook,
    /// Encryption of codes that a carrier is to speak.
    SpokenCode,
    /// HMAC by which refresh tokens are known to be ours.
    RefreshToken,
    /// HMAC that makes the secret of a refresh token out of that of the one before.
    RefreshSecret,
    /// Encryption of what stands in an e-mail that waits to be sent.
    Email,
    /// HMAC by which the challenges of proofs of work are known to be ours.
    Challenge,
    /// HMAC that makes the keys of limits.
    RateLimit,
    /// HMAC of what wrong passwords are counted for.
    PasswordGuess,
    /// HMAC that chains the events of the audit log.
    AuditChain,
    /// Encryption of the seeds of authenticator apps.
    TotpSeed,
    /// HMAC of phone numbers, and of runs of them, in what the guard writes down.
    GuardNumber,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::OtpCode => b"ringfence otp code v1",
            Self::SigningKey => b"ringfence signing key v1",
            Self::LedgerNumber => b"ringfence ledger number v1",
            Self::Webhook => b"ringfence webhook v1",
            Self::SpokenCode => b"ringfence spoken code v1",
            Self::RefreshToken => b"ringfence refresh token v1",
            Self::RefreshSecret => b"ringfence refresh secret v1",
            Self::Email => b"ringfence email v1",
            Self::Challenge => b"ringfence challenge v1",
            Self::RateLimit => b"ringfence rate limit v1",
            Self::PasswordGuess => b"ringfence password guess v1",
            Self::AuditChain => b"ringfence audit chain v1",
            Self::TotpSeed => b"ringfence totp seed v1",
            Self::GuardNumber => b"ringfence guard number v1",
        }
    }
}

/// The master keys. Holds at least one; never shows any.
pub struct Keyring(Vec<MasterKey>);

struct MasterKey {
    id: String,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

/// `SECRET_KEY` cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// An entry is not base64.
    #[error("entry {0} is not base64; make one with: openssl rand -base64 32")]
    NotBase64(usize),
    /// An entry has another length than 32 bytes.
    #[error("entry {0} has {1} bytes, not 32; make one with: openssl rand -base64 32")]
    Length(usize, usize),
}

/// What was written cannot be read with any key that we have, or was changed.
#[derive(Debug, thiserror::Error)]
#[error("no SECRET_KEY reads this value: it was written with key {key_id}")]
pub struct Unreadable {
    key_id: String,
}

impl Keyring {
    /// Reads `SECRET_KEY`: 32 bytes in base64, or several divided by commas.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let entries = text.split(',').map(str::trim).enumerate();
        entries
            .map(|(at, entry)| MasterKey::parse(at + 1, entry))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// How many keys there are: more than one while they are being replaced.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The id of the key that writes: 8 hexadecimal digits.
    pub fn current_id(&self) -> &str {
        &self.current().id
    }

    /// The ids of all keys, the one that writes first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }

    /// HMAC-SHA-256 of `message` under the current key. Its id is [`Self::current_id`].
    pub fn mac(&self, purpose: Purpose, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.current().mac_key(purpose), message).as_ref().to_vec()
    }

    /// HMAC-SHA-256 of `message` under the key `key_id`, where we have it.
    pub fn mac_under(&self, purpose: Purpose, key_id: &str, message: &[u8]) -> Option<Vec<u8>> {
        let key = self.find(key_id)?.mac_key(purpose);
        Some(hmac::sign(&key, message).as_ref().to_vec())
    }

    /// Whether `mac` was made of `message` under the key `key_id`; compared in constant time.
    pub fn verify_mac(&self, purpose: Purpose, key_id: &str, message: &[u8], mac: &[u8]) -> bool {
        self.find(key_id)
            .is_some_and(|key| hmac::verify(&key.mac_key(purpose), message, mac).is_ok())
    }

    /// Whether `mac` was made of `message` under any of the keys; compared in constant time, and
    /// under each of them whatever the others say.
    pub fn verify_mac_of_any(&self, purpose: Purpose, message: &[u8], mac: &[u8]) -> bool {
        let fits = |key: &MasterKey| hmac::verify(&key.mac_key(purpose), message, mac).is_ok();
        self.0.iter().fold(false, |any, key| fits(key) | any)
    }

    /// Encrypts under the current key; `context` is authenticated with it.
    pub fn encrypt(&self, purpose: Purpose, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut sealed = plain.to_vec();
        let nonce = self
            .current()
            .aead_key(purpose)
            .seal_in_place_append_tag(Aad::from(context), &mut sealed);
        match nonce {
            Ok(nonce) => [nonce.as_ref().as_slice(), &sealed].concat(),
            Err(_) => unreachable!("AES-256-GCM seals every message below 64 GiB"),
        }
    }

    /// Decrypts what [`Self::encrypt`] made under the key `key_id` with the same `context`.
    pub fn decrypt(
        &self,
        purpose: Purpose,
        key_id: &str,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        self.try_decrypt(purpose, key_id, context, sealed)
            .ok_or_else(|| Unreadable { key_id: key_id.to_owned() })
    }

    fn try_decrypt(
        &self,
        purpose: Purpose,
        key_id: &str,
        context: &[u8],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>()?;

        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let key = self.find(key_id)?.aead_key(purpose);
        let plain = key.open_in_place(nonce.into(), Aad::from(context), &mut buffer).ok()?.len();
        buffer.truncate(plain);
        Some(buffer)
    }

    fn current(&self) -> &MasterKey {
        &self.0[0]
    }

    fn find(&self, id: &str) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.id == id)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl MasterKey {
    fn parse(at: usize, text: &str) -> Result<Self, KeyringError> {
        let decoded = STANDARD.decode(text).map_err(|_| KeyringError::NotBase64(at))?;
        let decoded = Zeroizing::new(decoded);
        let bytes = decoded.as_slice().try_into();
        let bytes = Zeroizing::new(bytes.map_err(|_| KeyringError::Length(at, decoded.len()))?);
        Ok(Self { id: key_id(&bytes), bytes })
    }

    fn mac_key(&self, purpose: Purpose) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.derive(purpose).as_slice())
    }

    fn aead_key(&self, purpose: Purpose) -> RandomizedNonceKey {
        match RandomizedNonceKey::new(&AES_256_GCM, self.derive(purpose).as_slice()) {
            Ok(key) => key,
            Err(_) => unreachable!("a derived key has the 32 bytes that AES-256 wants"),
        }
    }

    fn derive(&self, purpose: Purpose) -> Zeroizing<[u8; KEY_BYTES]> {
        let mut derived = Zeroizing::new([0; KEY_BYTES]);
        let pseudorandom = Salt::new(HKDF_SHA256, &[]).extract(self.bytes.as_slice());
        let info = [purpose.label()];
        let filled = pseudorandom
            .expand(&info, HKDF_SHA256)
            .and_then(|output| output.fill(derived.as_mut_slice()));
        match filled {
            Ok(()) => derived,
            Err(_) => unreachable!("HKDF-SHA-256 gives up to 255 times 32 bytes"),
        }
    }
}

/// Names a key without telling anything of it: 32 bits of a hash of it.
fn key_id(bytes: &[u8; KEY_BYTES]) -> String {
    let labelled = Zeroizing::new([b"ringfence key id v1".as_slice(), bytes].concat());
    let hash = digest(&SHA256, &labelled);
    hash.as_ref().iter().take(4).fold(String::new(), |id, byte| id + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const TWO: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn a_new_first_key_still_reads_what_the_old_one_wrote() {
        let old = Keyring::parse(ONE).unwrap();
        let both = Keyring::parse(&format!("{TWO}, {ONE}")).unwrap();
        let sealed = old.encrypt(Purpose::SigningKey, b"kid", b"secret");
        let mac = old.mac(Purpose::OtpCode, b"message");

        let read = both.decrypt(Purpose::SigningKey, old.current_id(), b"kid", &sealed).unwrap();
        assert_eq!(read.as_slice(), b"secret");
        assert!(both.verify_mac(Purpose::OtpCode, old.current_id(), b"message", &mac));
        assert_ne!(both.current_id(), old.current_id());
    }

    #[test]
    fn another_context_purpose_key_or_byte_does_not_read() {
        let keyring = Keyring::parse(ONE).unwrap();
        let id = keyring.current_id();
        let sealed = keyring.encrypt(Purpose::SigningKey, b"kid", b"secret");
        let mut changed = sealed.clone();
        changed[NONCE_BYTES] ^= 1;

        assert!(keyring.decrypt(Purpose::SigningKey, id, b"other", &sealed).is_err());
        assert!(keyring.decrypt(Purpose::OtpCode, id, b"kid", &sealed).is_err());
        assert!(keyring.decrypt(Purpose::SigningKey, "00000000", b"kid", &sealed).is_err());
        assert!(keyring.decrypt(Purpose::SigningKey, id, b"kid", &changed).is_err());
        assert!(keyring.decrypt(Purpose::SigningKey, id, b"kid", &[]).is_err());
    }

    #[test]
    fn bad_keys_are_named_by_their_place_and_never_shown() {
        assert_eq!(Keyring::parse("?").unwrap_err(), KeyringError::NotBase64(1));
        assert_eq!(
            Keyring::parse(&format!("{ONE},c2hvcnQ=")).unwrap_err(),
            KeyringError::Length(2, 5)
        );
        assert!(!format!("{:?}", Keyring::parse(ONE).unwrap()).contains("AAEC"));
    }
}
