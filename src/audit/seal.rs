//! The sealer: brings events into one order, one replica at a time.
//!
//! Whoever writes an event waits for nobody, so events become visible in any order, and a slow
//! transaction shows its own late. Hence no "all after the last one": what is in the chain nowhere is looked
//! for, over the last minute at each turn and over the last day now and then.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tracing::info;

use crate::foundation::Keyring;

use super::chain::{Checkpoint, HASH_BYTES, Head, Link, mac};
use super::chain_store::{self, Noted};

/// Links of one transaction.
const BATCH: i64 = 1000;
/// How far back a turn looks: a request has 20 s, and its transaction ends with it. Under load a turn, once a second,
/// reads all of it.
const LOOK_BACK: TimeDelta = TimeDelta::minutes(1);
/// How far back a thorough turn looks: clocks of replicas may differ, and a bulk import may take its time.
const LOOK_BACK_FAR: TimeDelta = TimeDelta::days(1);
/// After so many links at the latest a checkpoint is due …
const CHECKPOINT_LINKS: i64 = 1000;
/// … and after so long, where there was any.
const CHECKPOINT_PERIOD: TimeDelta = TimeDelta::hours(1);

/// Seals events. Cheap to clone.
#[derive(Clone)]
pub struct Sealer(Arc<Keyring>);

/// Events could not be sealed; they wait.
#[derive(Debug, thiserror::Error)]
#[error("the audit log cannot be sealed")]
pub struct SealError(#[from] sqlx::Error);

impl Sealer {
    /// One that writes under the first key of `keyring`.
    pub fn new(keyring: Arc<Keyring>) -> Self {
        Self(keyring)
    }

    /// The keys, for [`super::verify`].
    pub fn keyring(&self) -> &Keyring {
        &self.0
    }

    /// Seals what waits, unless another replica is at it. `is_thorough`: also what is a day late.
    /// Returns how many events it were.
    ///
    /// # Errors
    /// The database failed. What was sealed before then is.
    pub async fn seal(
        &self,
        database: &PgPool,
        is_thorough: bool,
        now: DateTime<Utc>,
    ) -> Result<usize, SealError> {
        let mut sealed = 0;
        loop {
            let batch = self.seal_batch(database, is_thorough, now).await?;
            sealed += batch;
            if i64::try_from(batch).unwrap_or(BATCH) < BATCH {
                return Ok(sealed);
            }
        }
    }

    async fn seal_batch(
        &self,
        database: &PgPool,
        is_thorough: bool,
        now: DateTime<Utc>,
    ) -> sqlx::Result<usize> {
        let mut transaction = database.begin().await?;
        if !chain_store::take_turn(&mut transaction).await? {
            return Ok(0);
        }
        let (before, since) = match chain_store::head(&mut *transaction).await? {
            Some((head, event_at)) => {
                let back = if is_thorough { LOOK_BACK_FAR } else { LOOK_BACK };
                // Never later than the last event: after a pause all of it is to be made up for.
                (head, Some(event_at.min(now) - back))
            }
            None => (chain_store::first_head(&mut transaction).await?, None),
        };
        let mut events = chain_store::unsealed(&mut *transaction, since, BATCH).await?;
        // An id is sealed once. Whoever may insert can give it to two events, of other times; the first is sealed,
        // and `verify` tells of the other.
        let mut ids = HashSet::with_capacity(events.len());
        events.retain(|event| ids.insert(event.id));
        if events.is_empty() {
            // Now, and not when the connection is used next: the turn is somebody else's.
            transaction.rollback().await?;
            return Ok(0);
        }
        let mut head = before;
        let mut links: Vec<(Link, [u8; HASH_BYTES])> = Vec::with_capacity(events.len());
        for event in &events {
            let position = head.position + 1;
            let event_hash = event.hash();
            let link = Link { position, event: event.id, event_at: event.created_at, event_hash };
            head = Head { position, hash: link.seal(&self.0, &head) };
            links.push((link, head.hash));
        }
        chain_store::append(&mut *transaction, &links, self.0.current_id(), now).await?;
        let last = chain_store::last_noted(&mut *transaction).await?;
        let is_due = before.position / CHECKPOINT_LINKS != head.position / CHECKPOINT_LINKS
            || last.is_none_or(|last| now - last >= CHECKPOINT_PERIOD);
        if is_due {
            chain_store::note(&mut *transaction, &self.noted(head, None, now)).await?;
        }
        transaction.commit().await?;
        if is_due {
            // So that a log that is kept elsewhere holds it, out of reach of who changes the database.
            info!(checkpoint = %Checkpoint::from(head), "audit checkpoint");
        }
        Ok(events.len())
    }

    /// A row of `audit_checkpoints`.
    pub(super) fn noted(
        &self,
        head: Head,
        kept_from: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Noted {
        let message = Checkpoint::from(head).message(kept_from, now);
        Noted {
            position: head.position,
            created_at: now,
            chain_hash: head.hash.to_vec(),
            kept_from,
            mac: mac(&self.0, &message).to_vec(),
            key_id: self.0.current_id().to_owned(),
        }
    }
}
