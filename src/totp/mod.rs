//! Codes of authenticator apps (TOTP, RFC 6238), which take the place of codes by text.
//!
//! Owns the table `totp_seeds`. A seed is encrypted under a key that is not in the database, and a code counts
//! once. How many may be wrong is not decided here: whoever asks counts before it does.
//!
//! | to | look at |
//! |---|---|
//! | know what a code is | `code` |
//! | keep seeds, and use a step up | `store` |
//! | have seeds under another `SECRET_KEY` | `rotation` |

mod code;
mod rotation;
mod store;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use zeroize::Zeroizing;

use crate::foundation::{Entropy, EntropyError, KeyPurpose, Keyring, Unreadable, UserId};

pub use code::{Seed, Step, TotpCode, TotpCodeError};
pub use rotation::{kept_under, renew_encryption};
pub use store::{Exported, confirm, export, is_on, remove, use_step};

/// Makes seeds and judges codes of them.
#[derive(Debug)]
pub struct Totp {
    keyring: Arc<Keyring>,
    entropy: Entropy,
}

/// Something broke that nobody outside can mend.
#[derive(Debug, thiserror::Error)]
pub enum TotpFailure {
    /// The database did.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The seed was encrypted under a key that is gone, or was changed.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl Totp {
    /// Seeds under the first key of `keyring`.
    pub fn new(keyring: Arc<Keyring>, entropy: Entropy) -> Self {
        Self { keyring, entropy }
    }

    /// A seed for `user`, which counts once a code of it has come back. `None`: one counts already.
    ///
    /// # Errors
    /// See [`TotpFailure`].
    pub async fn begin(
        &self,
        executor: impl PgExecutor<'_>,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Option<Seed>, TotpFailure> {
        let seed = Seed::generate(&self.entropy)?;
        let purpose = KeyPurpose::TotpSeed;
        let sealed = self.keyring.encrypt(purpose, user.as_bytes(), seed.expose());
        let key_id = self.keyring.current_id();
        let is_new = store::begin(executor, user, &sealed, key_id, now).await?;
        Ok(is_new.then_some(seed))
    }

    /// The step that `code` is of, where it is right now. Whether it was used already, [`use_step`] or [`confirm`]
    /// decides: who repeats a right code is not guessing. `is_confirmed`: whether the seed is one that counts, or one that is to.
    ///
    /// # Errors
    /// See [`TotpFailure`].
    pub async fn check(
        &self,
        executor: impl PgExecutor<'_>,
        user: UserId,
        code: &TotpCode,
        is_confirmed: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<Step>, TotpFailure> {
        let Some(stored) = store::find(executor, user, is_confirmed).await? else {
            return Ok(None);
        };
        let purpose = KeyPurpose::TotpSeed;
        let seed: Zeroizing<Vec<u8>> =
            self.keyring.decrypt(purpose, &stored.key_id, user.as_bytes(), &stored.seed)?;
        Ok(code.step_of(&seed, now))
    }
}
