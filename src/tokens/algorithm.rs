//! The algorithms of our signing keys: how a key of each is made, signs, verifies and is published.
//!
//! RS256 keys have 3072 bits: RFC 7518, 3.3 asks for 2048 at least, which NIST counts as 112 bits of
//! strength and allows until 2030 (SP 800-57 part 1, SP 800-131A). 3072 bits are worth 128, as are
//! the other two.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rsa::{KeySize, PublicKey as RsaPublicKey};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
    RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use zeroize::Zeroizing;

use super::jwk::PublicNumbers;

/// With what a key of ours signs: one algorithm for each key (RFC 8725, 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// ECDSA on P-256 with SHA-256 (RFC 7518, 3.4).
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, 3.3), 3072 bits.
    Rs256,
}

/// A key as it was just made.
pub(super) struct NewKey {
    /// In the form of the column `public_key`.
    pub(super) public: Vec<u8>,
    /// PKCS #8.
    pub(super) private: Zeroizing<Vec<u8>>,
}

/// A key cannot be read, or none can be made.
#[derive(Debug, thiserror::Error)]
pub enum MalformedKey {
    /// The cryptographic library made none.
    #[error("the cryptographic library made no key")]
    Make(#[from] Unspecified),
    /// The public half is not one of the algorithm.
    #[error("the public half is not one of the key's algorithm")]
    Public(#[from] KeyRejected),
    /// The public half has another length than one of the algorithm.
    #[error("the public half has {0} bytes, which its algorithm does not know")]
    Length(usize),
    /// The private half is not one of the algorithm.
    #[error("the private half is not one of the key's algorithm")]
    Private(#[from] jsonwebtoken::errors::Error),
}

impl SigningAlgorithm {
    /// All there are, the default first.
    pub const ALL: [Self; 3] = [Self::EdDsa, Self::Es256, Self::Rs256];

    /// Its name in the header `alg` (RFC 7518, 3.1; RFC 8037, 3.1).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    pub(super) fn of_jose(self) -> Algorithm {
        match self {
            Self::EdDsa => Algorithm::EdDSA,
            Self::Es256 => Algorithm::ES256,
            Self::Rs256 => Algorithm::RS256,
        }
    }

    /// Takes long for RSA: up to some seconds on a slow machine.
    pub(super) fn generate(self) -> Result<NewKey, MalformedKey> {
        let (public, private) = match self {
            Self::EdDsa => {
                let pair = Ed25519KeyPair::generate()?;
                let private: Pkcs8V1Der<'_> = pair.as_der()?;
                (pair.public_key().as_ref().to_vec(), private.as_ref().to_vec())
            }
            Self::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
                (pair.public_key().as_ref().to_vec(), pair.to_pkcs8v1()?.as_ref().to_vec())
            }
            Self::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa3072)?;
                let private: Pkcs8V1Der<'_> = pair.as_der()?;
                (pair.public_key().as_ref().to_vec(), private.as_ref().to_vec())
            }
        };
        Ok(NewKey { public, private: Zeroizing::new(private) })
    }

    /// What signs, out of PKCS #8.
    pub(super) fn encoding_key(self, private: &[u8]) -> Result<EncodingKey, MalformedKey> {
        Ok(match self {
            Self::EdDsa => EncodingKey::from_ed_der(private),
            Self::Es256 => EncodingKey::from_ec_der(private),
            Self::Rs256 => {
                // The library takes PKCS #8 of RSA as PEM only.
                let text = Zeroizing::new(STANDARD.encode(private));
                let pem =
                    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", *text);
                EncodingKey::from_rsa_pem(Zeroizing::new(pem).as_bytes())?
            }
        })
    }

    /// What verifies, out of the column `public_key`.
    pub(super) fn decoding_key(self, public: &[u8]) -> DecodingKey {
        match self {
            Self::EdDsa => DecodingKey::from_ed_der(public),
            Self::Es256 => DecodingKey::from_ec_der(public),
            Self::Rs256 => DecodingKey::from_rsa_der(public),
        }
    }

    /// The numbers of the public half, as a JWK has them.
    pub(super) fn numbers(self, public: &[u8]) -> Result<PublicNumbers, MalformedKey> {
        let length = MalformedKey::Length(public.len());
        match self {
            Self::EdDsa => {
                let x: &[u8; 32] = public.try_into().map_err(|_| length)?;
                Ok(PublicNumbers::ed25519(x))
            }
            Self::Es256 => {
                // SEC 1, 2.3.3: 4 stands for an uncompressed point.
                let point: &[u8; 65] = public.try_into().map_err(|_| length)?;
                let (x, y) = point[1..].split_at(32);
                Ok(PublicNumbers::p256(x, y))
            }
            Self::Rs256 => {
                let components =
                    RsaPublicKeyComponents::<Vec<u8>>::from(&RsaPublicKey::from_der(public)?);
                Ok(PublicNumbers::rsa(&components.n, &components.e))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_each_algorithm_signs_what_it_verifies_and_no_other_does() {
        for algorithm in SigningAlgorithm::ALL {
            let [one, other] = [(); 2].map(|()| algorithm.generate().unwrap());
            let jose = algorithm.of_jose();
            let signing = algorithm.encoding_key(&one.private).unwrap();
            let signature = jsonwebtoken::crypto::sign(b"message", &signing, jose).unwrap();
            let verifies = |public: &[u8], message: &[u8]| {
                let key = algorithm.decoding_key(public);
                jsonwebtoken::crypto::verify(&signature, message, &key, jose).unwrap()
            };
            assert!(verifies(&one.public, b"message"), "{algorithm:?}");
            assert!(!verifies(&one.public, b"massage"), "{algorithm:?}");
            assert!(!verifies(&other.public, b"message"), "{algorithm:?}");
            assert_eq!(SigningAlgorithm::named(algorithm.as_str()), Some(algorithm));
        }
    }

    #[test]
    fn a_public_half_of_another_algorithm_is_refused() {
        let public = SigningAlgorithm::EdDsa.generate().unwrap().public;
        for other in [SigningAlgorithm::Es256, SigningAlgorithm::Rs256] {
            assert!(other.numbers(&public).is_err(), "{other:?}");
        }
        assert!(SigningAlgorithm::EdDsa.numbers(&public[1..]).is_err());
    }
}
