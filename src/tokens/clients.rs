//! `INTROSPECTION_CLIENTS`: services that may ask what a token says (RFC 7662).

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

/// What `openssl rand -hex 16` gives: 128 bits.
const SECRET_LENGTH_MIN: usize = 32;

/// The services, each by its id and the SHA-256 of its secret.
#[derive(Clone, Default)]
pub struct IntrospectionClients(Vec<Client>);

#[derive(Clone)]
struct Client {
    id: String,
    secret_hash: [u8; SHA256_OUTPUT_LEN],
}

/// `INTROSPECTION_CLIENTS` cannot be used. Names entries by their place, since each holds a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientsError {
    /// An entry has no colon.
    #[error("entry {0} is not like orders:secret")]
    Form(usize),
    /// An entry has characters that clients would have to encode (RFC 6749, 2.3.1).
    #[error("entry {0} has other characters than letters, digits and -._ in its id or secret")]
    Characters(usize),
    /// A secret is too short.
    #[error(
        "the secret of entry {0} has {1} characters; at least 32 are wanted: openssl rand -hex 32"
    )]
    Short(usize, usize),
    /// Two entries have one id.
    #[error("entry {0} has the id of another")]
    Twice(usize),
}

impl IntrospectionClients {
    /// `id:secret`, several divided by commas.
    pub fn parse(text: &str) -> Result<Self, ClientsError> {
        let mut clients: Vec<Client> = Vec::new();
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        for (at, entry) in (1..).zip(entries) {
            let (id, secret) = entry.split_once(':').ok_or(ClientsError::Form(at))?;
            if !is_plain(id) || !is_plain(secret) {
                return Err(ClientsError::Characters(at));
            }
            if secret.len() < SECRET_LENGTH_MIN {
                return Err(ClientsError::Short(at, secret.len()));
            }
            if clients.iter().any(|client| client.id == id) {
                return Err(ClientsError::Twice(at));
            }
            clients.push(Client { id: id.to_owned(), secret_hash: hash(secret) });
        }
        Ok(Self(clients))
    }

    /// Whether there is such a client and this is its secret; compared in constant time.
    pub fn knows(&self, id: &str, secret: &str) -> bool {
        let hash = hash(secret);
        self.0.iter().any(|client| {
            client.id == id && verify_slices_are_equal(&client.secret_hash, &hash).is_ok()
        })
    }
}

/// Characters that are the same whether a client encodes them or not (RFC 6749, 2.3.1).
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

fn hash(secret: &str) -> [u8; SHA256_OUTPUT_LEN] {
    let mut hash = [0; SHA256_OUTPUT_LEN];
    hash.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    hash
}

impl fmt::Debug for IntrospectionClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|client| &client.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0123456789abcdef0123456789abcdef";
    const TWO: &str = "fedcba9876543210fedcba9876543210";

    #[test]
    fn a_client_is_known_by_its_own_secret() {
        let clients = IntrospectionClients::parse(&format!("orders:{ONE}, mail:{TWO}")).unwrap();
        assert!(clients.knows("orders", ONE) && clients.knows("mail", TWO));
        for (id, secret) in [("orders", TWO), ("mail", ONE), ("", ""), ("orders", ""), ("x", ONE)] {
            assert!(!clients.knows(id, secret), "{id}");
        }
        let shown = format!("{clients:?}");
        assert!(shown.contains("orders") && !shown.contains(ONE), "{shown}");
    }

    #[test]
    fn wrong_entries_are_named_by_their_place() {
        let parse = |text: &str| IntrospectionClients::parse(text).unwrap_err();
        assert_eq!(parse("orders"), ClientsError::Form(1));
        assert_eq!(parse(&format!("a:{ONE},b:short")), ClientsError::Short(2, 5));
        assert_eq!(parse(&format!("a b:{ONE}")), ClientsError::Characters(1));
        assert_eq!(parse(&format!("a:{ONE}+/=")), ClientsError::Characters(1));
        assert_eq!(parse(&format!("a:{ONE},a:{TWO}")), ClientsError::Twice(2));
    }
}
