//! Erasing those who have left: part of the housekeeping of every replica.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tracing::info;

use crate::api::numbers;
use crate::audit::{self, Actor, Entry, Event};
use crate::foundation::Entropy;
use crate::otp::{Otp, OtpFailure};
use crate::passwords;
use crate::users;

/// Erases for good everybody whose grace is over at `now`, each in a transaction of their own. Returns
/// how many. None minds when another replica is at it, too.
///
/// # Errors
/// The database failed, or the store of codes did; who was erased before then is.
pub async fn erase_due(
    otp: &Otp,
    database: &PgPool,
    entropy: &Entropy,
    now: DateTime<Utc>,
) -> Result<u64, OtpFailure> {
    let mut erased = 0;
    loop {
        let mut transaction = database.begin().await?;
        let Some(leaving) = users::next_to_erase(&mut transaction, now).await? else {
            return Ok(erased);
        };
        let own = leaving.phone_number.as_deref();
        let numbers = numbers::of_person(&mut transaction, leaving.id, own, now).await?;
        // The ledger knows its rows by the user, so it comes first.
        otp.erase(&mut transaction, leaving.id, &numbers).await?;
        passwords::forget_guesses(&mut *transaction, leaving.id).await?;
        users::erase(&mut transaction, leaving.id).await?;
        let entry = Entry {
            event: Event::AccountErased {},
            user: Some(leaving.id),
            actor: Actor::System,
            origin: None,
        };
        audit::record(&mut transaction, entropy, &entry, now).await.map_err(sqlx::Error::from)?;
        transaction.commit().await?;
        info!(user_id = %leaving.id, "an account was erased");
        erased += 1;
    }
}
