//! Seeds under the key of `SECRET_KEY` that writes: what `ringfence secrets` asks for.

use sqlx::PgPool;

use crate::foundation::{KeptUnder, KeyPurpose, Keyring, Renewed};

use super::store;

/// So many seeds are read at once.
const BATCH: i64 = 100;

/// How many seeds are encrypted under which key.
///
/// # Errors
/// The database failed.
pub async fn kept_under(database: &PgPool) -> sqlx::Result<Vec<KeptUnder>> {
    store::kept_under(database).await
}

/// Encrypts under the first key of `keyring` what another one has encrypted. A seed that was made anew
/// meanwhile is left alone.
///
/// # Errors
/// The database failed. What was encrypted before then stays so.
pub async fn renew_encryption(database: &PgPool, keyring: &Keyring) -> sqlx::Result<Renewed> {
    let (purpose, current) = (KeyPurpose::TotpSeed, keyring.current_id());
    let mut done = Renewed::default();
    let mut after = None;
    loop {
        let batch = store::under_another_key(database, current, after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(done) };
        after = Some(last.user_id);
        for old in &batch {
            let context = old.user_id.as_bytes();
            let Ok(seed) = keyring.decrypt(purpose, &old.key_id, context, &old.seed) else {
                done.unreadable += 1;
                continue;
            };
            let sealed = keyring.encrypt(purpose, context, &seed);
            done.rows += store::reencrypt(database, old, &sealed, current).await?;
        }
    }
}
