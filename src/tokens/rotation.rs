//! One signing key follows another: by age, by a change of `JWT_ALGORITHM`, and by hand.
//!
//! All replicas do all of this, and none minds when another was faster: each step is one statement
//! that does nothing the second time.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tracing::info;

use crate::foundation::{KeptUnder, KeyPurpose, Keyring, Renewed};

use super::algorithm::SigningAlgorithm;
use super::keys::KeyError;
use super::life::{KeyState, Life, PUBLISHED_AHEAD};
use super::store::{self, StoredKey};

/// What keys there shall be.
#[derive(Clone, Debug)]
pub struct KeyRules {
    /// `JWT_ALGORITHM`.
    pub algorithm: SigningAlgorithm,
    /// `SIGNING_KEY_MAX_AGE`: for how long a key signs; `None`: for ever.
    pub max_age: Option<TimeDelta>,
    /// `JWT_EXPIRES_IN`.
    pub token_lifetime: TimeDelta,
}

/// A key as it stands, for people.
#[derive(Clone, Debug)]
pub struct KeyEntry {
    /// The claim `kid`.
    pub id: String,
    /// Its name in the header `alg`.
    pub algorithm: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its other times.
    pub life: Life,
}

/// What became of the wish for a new key.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The key that signs next.
    pub next: KeyEntry,
    /// `false`: it was waiting already.
    pub is_new: bool,
}

/// All keys, the newest first.
pub async fn list_keys(database: &PgPool) -> Result<Vec<KeyEntry>, KeyError> {
    let stored = store::find_all(database).await?;
    Ok(stored.into_iter().map(KeyEntry::from).collect())
}

/// Makes the key that signs next, unless one is waiting. It is published at once and signs an hour
/// later; where there was no key at all, at once.
pub async fn rotate_keys(
    database: &PgPool,
    keyring: &Keyring,
    rules: &KeyRules,
    now: DateTime<Utc>,
) -> Result<Rotation, KeyError> {
    let stored = store::find_all(database).await?;
    let newest = stored.iter().find(|key| key.retired_at.is_none());
    let waits = newest.is_some_and(|key| key.life().state(now) == KeyState::Next);
    let is_new = !waits && follow(database, keyring, rules, newest, now).await?;
    let stored = store::find_all(database).await?;
    let next = stored.into_iter().find(|key| key.retired_at.is_none()).ok_or(KeyError::None)?;
    Ok(Rotation { next: next.into(), is_new })
}

/// Deletes every key and makes one that signs at once. Every token there is becomes invalid. The new
/// key, and how many keys are gone.
pub async fn withdraw_keys(
    database: &PgPool,
    keyring: &Keyring,
    rules: &KeyRules,
    now: DateTime<Utc>,
) -> Result<(KeyEntry, u64), KeyError> {
    let key = make(keyring, rules, now, now).await?;
    let deleted = store::replace_all(database, &key).await?;
    info!(kid = key.id, deleted, "all signing keys are withdrawn; a new one signs");
    Ok((key.into(), deleted))
}

/// Does what is due about the stored keys. Whether anything was done.
pub(super) async fn tend(
    database: &PgPool,
    keyring: &Keyring,
    rules: &KeyRules,
    stored: &[StoredKey],
    now: DateTime<Utc>,
) -> Result<bool, KeyError> {
    let newest = stored.iter().find(|key| key.retired_at.is_none());
    let is_due = newest.is_none_or(|key| {
        let life = key.life();
        let is_other = key.algorithm != rules.algorithm.as_str();
        life.state(now) == KeyState::Signing && (is_other || life.is_old(rules.max_age, now))
    });
    let mut did = is_due && follow(database, keyring, rules, newest, now).await?;
    did |= note_lifetime(database, rules, stored, now).await?;
    did |= reencrypt(database, keyring, stored).await?.rows > 0;
    did |= delete_over(database, stored, now).await?;
    // Where another replica was faster there is something to read as well.
    Ok(did || is_due)
}

/// Makes the key after `newest`, or the first one.
async fn follow(
    database: &PgPool,
    keyring: &Keyring,
    rules: &KeyRules,
    newest: Option<&StoredKey>,
    now: DateTime<Utc>,
) -> Result<bool, KeyError> {
    let Some(newest) = newest else {
        // Replicas that start together all try; the unique index lets one key in.
        let key = make(keyring, rules, now, now).await?;
        let is_new = store::insert_first(database, &key).await?;
        if is_new {
            info!(kid = key.id, algorithm = key.algorithm, "made the first signing key");
        }
        return Ok(is_new);
    };
    let signs_from = (now + PUBLISHED_AHEAD).max(newest.signs_from);
    let key = make(keyring, rules, now, signs_from).await?;
    let is_new = store::insert_successor(database, &newest.id, &key).await?;
    if is_new {
        info!(kid = key.id, algorithm = key.algorithm, %signs_from, "made the next signing key");
    }
    Ok(is_new)
}

/// On a thread of its own: an RSA key takes its time.
async fn make(
    keyring: &Keyring,
    rules: &KeyRules,
    now: DateTime<Utc>,
    signs_from: DateTime<Utc>,
) -> Result<StoredKey, KeyError> {
    let algorithm = rules.algorithm;
    let made = tokio::task::spawn_blocking(move || algorithm.generate()).await;
    let made = made.map_err(KeyError::Interrupted)?.map_err(KeyError::Generate)?;
    let id = algorithm.numbers(&made.public).map_err(KeyError::Generate)?.thumbprint();
    let sealed = keyring.encrypt(KeyPurpose::SigningKey, id.as_bytes(), &made.private);
    Ok(StoredKey {
        algorithm: algorithm.as_str().to_owned(),
        public_key: made.public,
        encrypted_private_key: sealed,
        encryption_key_id: keyring.current_id().to_owned(),
        created_at: now,
        signs_from,
        retired_at: None,
        token_seconds: Some(rules.token_seconds()),
        id,
    })
}

/// `JWT_EXPIRES_IN` may have been raised, or a server that did not note it may have made the key.
async fn note_lifetime(
    database: &PgPool,
    rules: &KeyRules,
    stored: &[StoredKey],
    now: DateTime<Utc>,
) -> Result<bool, KeyError> {
    let seconds = rules.token_seconds();
    let is_due = stored.iter().any(|key| {
        key.token_seconds.is_none_or(|noted| noted < seconds && key.life().will_sign(now))
    });
    if is_due {
        store::note_token_seconds(database, seconds, now).await?;
    }
    Ok(is_due)
}

/// How many keys are encrypted under which `SECRET_KEY`.
pub async fn kept_under(database: &PgPool) -> Result<Vec<KeptUnder>, KeyError> {
    Ok(store::kept_under(database).await?)
}

/// Encrypts under the first `SECRET_KEY` what an older one has encrypted. Every server does so by itself
/// when it reads the keys.
pub async fn renew_encryption(database: &PgPool, keyring: &Keyring) -> Result<Renewed, KeyError> {
    reencrypt(database, keyring, &store::find_all(database).await?).await
}

/// What an older `SECRET_KEY` encrypted is encrypted under the first one, so that the older one can
/// be given up.
async fn reencrypt(
    database: &PgPool,
    keyring: &Keyring,
    stored: &[StoredKey],
) -> Result<Renewed, KeyError> {
    let mut done = Renewed::default();
    for key in stored.iter().filter(|key| key.encryption_key_id != keyring.current_id()) {
        let (id, sealed) = (&key.encryption_key_id, &key.encrypted_private_key);
        // One that cannot be read is complained about where it is needed.
        let Ok(private) = keyring.decrypt(KeyPurpose::SigningKey, id, key.id.as_bytes(), sealed)
        else {
            done.unreadable += 1;
            continue;
        };
        let sealed = keyring.encrypt(KeyPurpose::SigningKey, key.id.as_bytes(), &private);
        store::reencrypt(database, key, &sealed, keyring.current_id()).await?;
        info!(kid = key.id, "encrypted a signing key under the first SECRET_KEY");
        done.rows += 1;
    }
    Ok(done)
}

async fn delete_over(
    database: &PgPool,
    stored: &[StoredKey],
    now: DateTime<Utc>,
) -> Result<bool, KeyError> {
    let over = stored.iter().filter(|key| key.life().state(now) == KeyState::Over);
    let ids: Vec<_> = over.map(|key| key.id.clone()).collect();
    if ids.is_empty() {
        return Ok(false);
    }
    let rows = store::delete(database, &ids).await?;
    info!(rows, "deleted signing keys whose last token has run out");
    Ok(true)
}

impl KeyRules {
    fn token_seconds(&self) -> i32 {
        i32::try_from(self.token_lifetime.num_seconds()).unwrap_or(i32::MAX)
    }
}

impl From<StoredKey> for KeyEntry {
    fn from(key: StoredKey) -> Self {
        let life = key.life();
        Self { id: key.id, algorithm: key.algorithm, created_at: key.created_at, life }
    }
}
