//! The keys that sign and verify access tokens, and the public form of them.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;

use crate::foundation::{KeyPurpose, Keyring, Unreadable};

use super::store::{self, StoredKey};

/// One key that signs, and all that verify.
pub struct SigningKeys {
    pub(super) signing: SigningKey,
    pub(super) verifying: HashMap<String, VerifyingKey>,
    jwks: Jwks,
}

pub(super) struct SigningKey {
    pub(super) id: String,
    pub(super) algorithm: Algorithm,
    pub(super) key: EncodingKey,
}

pub(super) struct VerifyingKey {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// A JWK Set (RFC 7517, 5): the public halves of our keys. Empty with `JWT_SECRET`.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// A public key: an Octet Key Pair (RFC 8037, 2).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Jwk {
    /// Always `OKP`.
    #[schema(example = "OKP")]
    kty: &'static str,
    /// Always `Ed25519`.
    #[schema(example = "Ed25519")]
    crv: &'static str,
    /// The key: 32 bytes in base64url.
    x: String,
    /// The name that tokens refer to: the thumbprint of RFC 7638.
    kid: String,
    /// Always `EdDSA`.
    #[schema(example = "EdDSA")]
    alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    key_use: &'static str,
}

/// The keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database failed.
    #[error("the signing keys cannot be read from the database")]
    Database(#[from] sqlx::Error),
    /// `SECRET_KEY` has changed without the old one being kept in its list.
    #[error(
        "signing key {id} cannot be decrypted; is the SECRET_KEY that made it still in the list?"
    )]
    Encrypted {
        /// The key's id.
        id: String,
        /// Which `SECRET_KEY` is missing.
        #[source]
        source: Unreadable,
    },
    /// No key could be made.
    #[error("no signing key could be made")]
    Generate,
}

impl SigningKeys {
    /// The keys of the database; the first replica to start makes one.
    pub async fn load(
        database: &PgPool,
        keyring: &Keyring,
        now: DateTime<Utc>,
    ) -> Result<Self, KeyError> {
        let mut stored = store::find_all(database).await?;
        if stored.iter().all(|key| key.retired) {
            // Replicas that start together all try; the unique index lets one key in, and all
            // read that one.
            store::insert_if_none_active(database, &generate(keyring)?, now).await?;
            stored = store::find_all(database).await?;
        }
        let active = stored.iter().find(|key| !key.retired).ok_or(KeyError::Generate)?;
        let private = keyring
            .decrypt(
                KeyPurpose::SigningKey,
                &active.encryption_key_id,
                active.id.as_bytes(),
                &active.encrypted_private_key,
            )
            .map_err(|source| KeyError::Encrypted { id: active.id.clone(), source })?;
        Ok(Self {
            signing: SigningKey {
                id: active.id.clone(),
                algorithm: Algorithm::EdDSA,
                key: EncodingKey::from_ed_der(&private),
            },
            verifying: stored.iter().map(StoredKey::verifying).collect(),
            jwks: Jwks { keys: stored.iter().map(|key| Jwk::new(&key.public_key)).collect() },
        })
    }

    /// One key that is shared with those who check our tokens: `JWT_SECRET`, HS256.
    pub fn shared(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let hash = digest(&SHA256, &[b"ringfence jwt secret id v1", secret].concat());
        let id = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..6]);
        let algorithm = Algorithm::HS256;
        let verifying = VerifyingKey { algorithm, key: DecodingKey::from_secret(secret) };
        Self {
            signing: SigningKey {
                id: id.clone(),
                algorithm,
                key: EncodingKey::from_secret(secret),
            },
            verifying: HashMap::from([(id, verifying)]),
            jwks: Jwks::default(),
        }
    }

    /// The public halves.
    pub fn jwks(&self) -> &Jwks {
        &self.jwks
    }
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeys").field("signing", &self.signing.id).finish_non_exhaustive()
    }
}

impl StoredKey {
    fn verifying(&self) -> (String, VerifyingKey) {
        let key = DecodingKey::from_ed_der(&self.public_key);
        (self.id.clone(), VerifyingKey { algorithm: Algorithm::EdDSA, key })
    }
}

impl Jwk {
    fn new(public_key: &[u8]) -> Self {
        Self {
            kty: "OKP",
            crv: "Ed25519",
            x: URL_SAFE_NO_PAD.encode(public_key),
            kid: thumbprint(public_key),
            alg: "EdDSA",
            key_use: "sig",
        }
    }
}

fn generate(keyring: &Keyring) -> Result<StoredKey, KeyError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Generate)?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Generate)?;
    let public_key = pair.public_key().as_ref().to_vec();
    let id = thumbprint(&public_key);
    Ok(StoredKey {
        encrypted_private_key: keyring.encrypt(
            KeyPurpose::SigningKey,
            id.as_bytes(),
            private.as_ref(),
        ),
        encryption_key_id: keyring.current_id().to_owned(),
        public_key,
        id,
        retired: false,
    })
}

/// RFC 7638 with the members of RFC 8037, 2: in lexical order, without blanks.
fn thumbprint(public_key: &[u8]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public_key);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037_appendix_a_3() {
        let public_key =
            URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(thumbprint(&public_key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
