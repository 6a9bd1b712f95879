//! Tokens whose signature was found right a moment ago: who comes again need not be verified again,
//! which takes longer than all else that a request without the database costs.
//!
//! Owns a bounded number of claims, by the SHA-256 of their token. Keeps no token, so that nothing
//! in memory lets anybody in. Never says that a token is good *now*: whoever asks compares the times.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

use super::access::Claims;

/// For each of the two halves: some 5 MB together.
const HALF_MAX: usize = 4096;

/// SHA-256 of a token, signature and all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; SHA256_OUTPUT_LEN]);

/// The claims of verified tokens, those that were asked for lately.
#[derive(Debug, Default)]
pub(super) struct VerifiedTokens(Mutex<Halves>);

/// What is asked for moves to the newer half; when that is full it becomes the older one, and what
/// nobody has asked for since the last time goes.
#[derive(Debug, Default)]
struct Halves {
    newer: HashMap<Fingerprint, Arc<Claims>>,
    older: HashMap<Fingerprint, Arc<Claims>>,
}

impl Fingerprint {
    pub(super) fn of(token: &str) -> Self {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }
}

impl VerifiedTokens {
    /// What the token says, if it is known to be ours.
    pub(super) fn get(&self, token: Fingerprint) -> Option<Arc<Claims>> {
        let mut halves = self.lock();
        if let Some(claims) = halves.newer.get(&token) {
            return Some(Arc::clone(claims));
        }
        let claims = halves.older.remove(&token)?;
        halves.insert(token, Arc::clone(&claims));
        Some(claims)
    }

    /// Remembers a token whose signature, issuer and audience are right.
    pub(super) fn insert(&self, token: Fingerprint, claims: Arc<Claims>) {
        self.lock().insert(token, claims);
    }

    fn lock(&self) -> MutexGuard<'_, Halves> {
        // No code that can panic half-way through a change runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Halves {
    fn insert(&mut self, token: Fingerprint, claims: Arc<Claims>) {
        if self.newer.len() >= HALF_MAX {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(token, claims);
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::foundation::{Entropy, SessionId, TokenId, UserId};

    fn claims() -> Arc<Claims> {
        let (now, entropy) = (DateTime::UNIX_EPOCH, Entropy::default());
        Arc::new(Claims {
            iss: String::new(),
            sub: UserId::new(now, &entropy).unwrap(),
            aud: String::new(),
            iat: 0,
            nbf: 0,
            exp: 0,
            jti: TokenId::new(now, &entropy).unwrap(),
            sid: SessionId::new(now, &entropy).unwrap(),
            email: String::new(),
            is_verified: true,
            roles: Vec::new(),
            amr: Vec::new(),
            auth_time: 0,
        })
    }

    fn fingerprint(number: usize) -> Fingerprint {
        Fingerprint::of(&number.to_string())
    }

    #[test]
    fn what_is_asked_for_stays_and_what_is_not_goes_within_bounds() {
        let (tokens, claims) = (VerifiedTokens::default(), claims());
        let many = 10 * HALF_MAX;
        for number in 0..many {
            tokens.insert(fingerprint(number), Arc::clone(&claims));
            assert!(tokens.get(fingerprint(0)).is_some(), "asked for all the time, at {number}");
            let halves = tokens.lock();
            assert!(halves.newer.len().max(halves.older.len()) <= HALF_MAX);
        }
        assert!(tokens.get(fingerprint(many - 1)).is_some());
        assert!(tokens.get(fingerprint(1)).is_none());
    }
}
