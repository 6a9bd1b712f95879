//! Access tokens: JWTs that other services can check without asking us (RFC 9068).
//!
//! Owns the table `signing_keys`. RFC 8725 throughout: a key has one algorithm, `kid` chooses among
//! our keys and nothing else, the type is `at+jwt`.

mod access;
mod clients;
mod keys;
mod store;
mod verified;

pub use access::{AccessTokens, Claims, Grant, IssuedToken, TokenError};
pub use clients::{ClientsError, IntrospectionClients};
pub use keys::{Jwk, Jwks, KeyError, SigningKeys};
