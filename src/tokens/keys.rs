//! The keys of this replica: read at start, read anew while it runs, put in place all at once.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use tokio::sync::Mutex;
use tracing::warn;

use crate::foundation::{Keyring, Unreadable};

use super::algorithm::MalformedKey;
use super::ring::Ring;
use super::rotation::{self, KeyRules};
use super::store;

/// How often tokens of an unknown key make us look whether there is a new one: whoever sends them
/// must not make us ask the database for each.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(5);
/// How long the bearer of such a token waits for the database.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);

/// One key that signs, and all that verify. They change while we run.
#[derive(Debug)]
pub struct SigningKeys {
    /// Taken for the time of a clone only.
    ring: RwLock<Arc<Ring>>,
    /// `None` with `JWT_SECRET`: there is nothing to read.
    source: Option<Source>,
    /// When we last looked for an unknown key. Held while looking, so that one looks for all.
    looked_at: Mutex<Option<DateTime<Utc>>>,
}

#[derive(Debug)]
struct Source {
    keyring: Arc<Keyring>,
    rules: KeyRules,
}

/// The keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database failed.
    #[error("the signing keys cannot be read from the database, or written to it")]
    Database(#[from] sqlx::Error),
    /// `SECRET_KEY` has changed without the old one being kept in its list.
    #[error(
        "the signing key of kid {id} cannot be decrypted; is the SECRET_KEY that made it still in the list?"
    )]
    Encrypted {
        /// The key's id.
        id: String,
        /// Which `SECRET_KEY` is missing.
        #[source]
        source: Unreadable,
    },
    /// A key is of an algorithm that we do not know.
    #[error(
        "the signing key of kid {id} is of the algorithm {name:?}, which this version does not know"
    )]
    Algorithm {
        /// The key's id.
        id: String,
        /// The algorithm's name.
        name: String,
    },
    /// A key is not one of its algorithm.
    #[error("the signing key of kid {id} cannot be used")]
    Malformed {
        /// The key's id.
        id: String,
        /// What is wrong with it.
        #[source]
        source: MalformedKey,
    },
    /// No key could be made.
    #[error("no signing key could be made")]
    Generate(#[source] MalformedKey),
    /// Making a key was cut short.
    #[error("making a signing key was cut short")]
    Interrupted(#[source] tokio::task::JoinError),
    /// Somebody deletes the keys as fast as they are made.
    #[error("there is no signing key")]
    None,
}

impl SigningKeys {
    /// The keys of the database; the first replica to start makes one.
    pub async fn load(
        database: &PgPool,
        keyring: Arc<Keyring>,
        rules: KeyRules,
        now: DateTime<Utc>,
    ) -> Result<Self, KeyError> {
        let source = Source { keyring, rules };
        let ring = source.tend(database, None, now).await?;
        if ring.signing_at(now).is_none() {
            return Err(KeyError::None);
        }
        Ok(Self::of(ring, Some(source)))
    }

    /// One key that is shared with those who check our tokens: `JWT_SECRET`, HS256.
    pub fn shared(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let hash = digest(&SHA256, &[b"ringfence jwt secret id v1", secret].concat());
        let id = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..6]);
        Self::of(Ring::of_secret(id, secret), None)
    }

    fn of(ring: Ring, source: Option<Source>) -> Self {
        Self { ring: RwLock::new(Arc::new(ring)), source, looked_at: Mutex::default() }
    }

    /// The keys as they are now.
    pub(super) fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does what is due about the keys and reads them anew.
    pub(super) async fn reload(
        &self,
        database: &PgPool,
        now: DateTime<Utc>,
    ) -> Result<(), KeyError> {
        if let Some(source) = &self.source {
            // One at a time, so that nothing older takes the place of what was read later.
            let _looked_at = self.looked_at.lock().await;
            let ring = source.tend(database, Some(&self.ring()), now).await?;
            self.replace(ring);
        }
        Ok(())
    }

    /// Looks whether there is a key that we do not know: for those who bring a token of one. Looks
    /// no more than once in five seconds, whoever asks.
    pub(super) async fn look(&self, database: &PgPool, now: DateTime<Utc>) -> Arc<Ring> {
        if let Some(source) = &self.source {
            match tokio::time::timeout(LOOK_TIMEOUT, self.look_at(source, database, now)).await {
                Ok(Ok(())) => {}
                Ok(Err(cause)) => {
                    let cause: &dyn std::error::Error = &cause;
                    warn!(cause, "the signing keys could not be read anew");
                }
                Err(_) => warn!("the signing keys could not be read anew in time"),
            }
        }
        self.ring()
    }

    async fn look_at(
        &self,
        source: &Source,
        database: &PgPool,
        now: DateTime<Utc>,
    ) -> Result<(), KeyError> {
        let mut looked_at = self.looked_at.lock().await;
        if looked_at.is_none_or(|then| (now - then).abs() >= LOOK_EVERY) {
            *looked_at = Some(now);
            self.replace(source.read(database, Some(&self.ring()), now).await?);
        }
        Ok(())
    }

    fn replace(&self, ring: Ring) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }
}

impl Source {
    async fn read(
        &self,
        database: &PgPool,
        before: Option<&Ring>,
        now: DateTime<Utc>,
    ) -> Result<Ring, KeyError> {
        let stored = store::find_all(database).await?;
        Ring::of_stored(&stored, &self.keyring, before, now)
    }

    async fn tend(
        &self,
        database: &PgPool,
        before: Option<&Ring>,
        now: DateTime<Utc>,
    ) -> Result<Ring, KeyError> {
        let stored = store::find_all(database).await?;
        if rotation::tend(database, &self.keyring, &self.rules, &stored, now).await? {
            return self.read(database, before, now).await;
        }
        Ring::of_stored(&stored, &self.keyring, before, now)
    }
}
