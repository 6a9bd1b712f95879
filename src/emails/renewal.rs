//! E-mails that wait, encrypted anew under the `SECRET_KEY` that writes. Safe beside the post: whoever
//! sends one in the meantime has read it before, and an ended one has nothing left to encrypt.

use sqlx::PgPool;

use crate::foundation::{KeyPurpose, Keyring, Renewed};

use super::post::context;
use super::store::{self, Sealed};

/// Rows of one statement: a lock on them lasts for milliseconds.
const BATCH: i64 = 100;

/// Encrypts under the first key what waits under another. Each batch stands by itself: broken off, it
/// goes on where it was when it is run again.
pub async fn renew_encryption(database: &PgPool, keyring: &Keyring) -> sqlx::Result<Renewed> {
    let mut total = Renewed::default();
    let mut after = None;
    loop {
        let batch = store::sealed_otherwise(database, keyring.current_id(), after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(total) };
        after = Some(last.id);
        let renewed: Vec<Sealed> = batch.iter().filter_map(|it| renew(keyring, it)).collect();
        total.unreadable += (batch.len() - renewed.len()) as u64;
        total.rows += store::reseal(database, &renewed, keyring.current_id()).await?;
    }
}

/// The same under the first key; which it was read with stays noted, for the statement to compare.
fn renew(keyring: &Keyring, sealed: &Sealed) -> Option<Sealed> {
    let context = context(sealed.id);
    let (purpose, key_id) = (KeyPurpose::Email, &sealed.key_id);
    let plain = keyring.decrypt(purpose, key_id, context.as_bytes(), &sealed.variables).ok()?;
    let variables = keyring.encrypt(purpose, context.as_bytes(), &plain);
    Some(Sealed { id: sealed.id, key_id: key_id.clone(), variables })
}
