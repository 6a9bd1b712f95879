//! The keys as one replica has them in memory at one time. Never changes: another takes its place.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use tracing::error;

use crate::foundation::{KeyPurpose, Keyring};

use super::algorithm::SigningAlgorithm;
use super::jwk::{Jwk, Jwks, PublishedKeys};
use super::keys::KeyError;
use super::life::KeyState;
use super::store::StoredKey;
use super::verified::VerifiedTokens;

/// Keys that sign, one after the other, and all that verify.
pub(super) struct Ring {
    /// In the order in which they sign.
    signing: Vec<Arc<SigningKey>>,
    verifying: HashMap<String, VerifyingKey>,
    published: PublishedKeys,
    /// What these keys have verified. A ring without one of the keys has another.
    pub(super) verified: Arc<VerifiedTokens>,
}

pub(super) struct SigningKey {
    pub(super) id: String,
    pub(super) algorithm: Algorithm,
    pub(super) key: EncodingKey,
    pub(super) signs_from: DateTime<Utc>,
}

pub(super) struct VerifyingKey {
    pub(super) algorithm: Algorithm,
    key: DecodingKey,
}

impl Ring {
    /// Of one key that is never published.
    pub(super) fn of_secret(id: String, secret: &[u8]) -> Self {
        let algorithm = Algorithm::HS256;
        let verifying = VerifyingKey::new(algorithm, DecodingKey::from_secret(secret));
        let signing = SigningKey {
            id: id.clone(),
            algorithm,
            key: EncodingKey::from_secret(secret),
            signs_from: DateTime::UNIX_EPOCH,
        };
        Self {
            signing: vec![Arc::new(signing)],
            verifying: HashMap::from([(id, verifying)]),
            published: Jwks::default().published(),
            verified: Arc::default(),
        }
    }

    /// Of the stored keys. A private half that `before` has is not decrypted again: the keys that
    /// we sign with stay ours while `SECRET_KEY` is being replaced elsewhere.
    pub(super) fn of_stored(
        stored: &[StoredKey],
        keyring: &Keyring,
        before: Option<&Self>,
        now: DateTime<Utc>,
    ) -> Result<Self, KeyError> {
        let mut ring = Self {
            signing: Vec::new(),
            verifying: HashMap::new(),
            published: Jwks::default().published(),
            verified: Arc::default(),
        };
        let mut jwks = Jwks::default();
        for key in stored.iter().filter(|key| key.life().state(now) != KeyState::Over) {
            let algorithm = key.algorithm()?;
            let numbers = algorithm.numbers(&key.public_key).map_err(|cause| key.bad(cause))?;
            jwks.keys.push(Jwk::new(algorithm, numbers));
            let verifying = algorithm.decoding_key(&key.public_key);
            let verifying = VerifyingKey::new(algorithm.of_jose(), verifying);
            ring.verifying.insert(key.id.clone(), verifying);
        }
        for key in stored.iter().rev().filter(|key| key.life().will_sign(now)) {
            let known = before.and_then(|ring| ring.signing.iter().find(|it| it.id == key.id));
            match known.map_or_else(|| key.signing(keyring).map(Arc::new), |it| Ok(Arc::clone(it)))
            {
                Ok(signing) => ring.signing.push(signing),
                // At the start it is better to stop than to be without a key later.
                Err(cause) if before.is_none() => return Err(cause),
                Err(cause) => {
                    let cause: &dyn std::error::Error = &cause;
                    error!(kid = key.id, cause, "a signing key cannot be used by this replica");
                }
            }
        }
        ring.published = jwks.published();
        if let Some(before) = before.filter(|before| ring.verifies_all_of(before)) {
            ring.verified = Arc::clone(&before.verified);
        }
        Ok(ring)
    }

    /// What signs at `now`; `None` where no private half can be read.
    pub(super) fn signing_at(&self, now: DateTime<Utc>) -> Option<&SigningKey> {
        let begun = self.signing.iter().rev().find(|key| key.signs_from <= now);
        // The first key of all was made by a clock that is a little ahead of ours.
        begun.or(self.signing.first()).map(|key| &**key)
    }

    pub(super) fn verifying(&self, id: &str) -> Option<&VerifyingKey> {
        self.verifying.get(id)
    }

    pub(super) fn published(&self) -> &PublishedKeys {
        &self.published
    }

    fn verifies_all_of(&self, other: &Self) -> bool {
        other.verifying.keys().all(|id| self.verifying.contains_key(id))
    }
}

/// Names keys, and shows none.
impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let signing: Vec<_> = self.signing.iter().map(|key| &key.id).collect();
        f.debug_struct("Ring").field("signing", &signing).finish_non_exhaustive()
    }
}

impl VerifyingKey {
    pub(super) fn new(algorithm: Algorithm, key: DecodingKey) -> Self {
        Self { algorithm, key }
    }

    /// Whether `signature`, in base64url, is this key's signature of `message`. Every signature
    /// that we accept is accepted here.
    pub(super) fn verifies(
        &self,
        message: &[u8],
        signature: &str,
    ) -> Result<bool, jsonwebtoken::errors::Error> {
        jsonwebtoken::crypto::verify(signature, message, &self.key, self.algorithm)
    }
}

impl StoredKey {
    fn algorithm(&self) -> Result<SigningAlgorithm, KeyError> {
        let unknown = || KeyError::Algorithm { id: self.id.clone(), name: self.algorithm.clone() };
        SigningAlgorithm::named(&self.algorithm).ok_or_else(unknown)
    }

    fn signing(&self, keyring: &Keyring) -> Result<SigningKey, KeyError> {
        let algorithm = self.algorithm()?;
        let private = keyring
            .decrypt(
                KeyPurpose::SigningKey,
                &self.encryption_key_id,
                self.id.as_bytes(),
                &self.encrypted_private_key,
            )
            .map_err(|source| KeyError::Encrypted { id: self.id.clone(), source })?;
        let key = algorithm.encoding_key(&private).map_err(|cause| self.bad(cause))?;
        let (id, signs_from) = (self.id.clone(), self.signs_from);
        Ok(SigningKey { id, algorithm: algorithm.of_jose(), key, signs_from })
    }

    fn bad(&self, source: super::algorithm::MalformedKey) -> KeyError {
        KeyError::Malformed { id: self.id.clone(), source }
    }
}
