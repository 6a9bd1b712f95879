//! Access tokens: JWTs that other services can check without asking us (RFC 9068).
//!
//! Owns the table `signing_keys`. RFC 8725 throughout: a key has one algorithm, `kid` chooses among
//! our keys and nothing else, the type is `at+jwt`.

mod access;
mod algorithm;
mod clients;
mod jwk;
mod keys;
mod life;
mod ring;
mod rotation;
mod store;
mod verified;
#[cfg(test)]
mod wycheproof;

pub use access::{AccessTokens, Claims, Grant, IssuedToken, TokenError};
pub use algorithm::{MalformedKey, SigningAlgorithm};
pub use clients::{ClientsError, IntrospectionClients};
pub use jwk::{Jwk, Jwks, PublicNumbers, PublishedKeys};
pub use keys::{KeyError, SigningKeys};
pub use life::{KEY_SET_MAX_AGE, KeyState, Life, RELOAD_PERIOD};
pub use rotation::{
    KeyEntry, KeyRules, Rotation, kept_under, list_keys, renew_encryption, rotate_keys,
    withdraw_keys,
};
