//! Sending what waits in the outbox. Every replica does; the database says who sends what.
//!
//! No connection to the database and no transaction is held while the mail server is spoken to.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgExecutor, PgPool};
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::foundation::{EmailId, KeyPurpose, Language, Metric};

use super::smtp::{Connection, SendFailure};
use super::store::{self, Backoff, End, Entry};
use super::{Emails, Occasion, Office};

/// How often it is looked whether something is due.
const PERIOD: Duration = Duration::from_secs(2);
/// 1, 2, 4 … minutes, then every six hours. The first is longer than an attempt can take
/// ([`super::settings::PATIENCE`], twice), so that nobody takes an e-mail that is being sent.
const BACKOFF: Backoff = Backoff { first: TimeDelta::minutes(2), longest: TimeDelta::hours(6) };
/// After that nobody waits for it any more, and its link has run out.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::hours(24);
/// How long it is remembered that something was sent, or could not be.
const KEEP_ENDED: TimeDelta = TimeDelta::hours(24);

/// Why an attempt came to nothing.
#[derive(Debug, thiserror::Error)]
enum AttemptFailure {
    #[error(transparent)]
    Send(SendFailure),
    #[error("the row cannot be read")]
    Unreadable(#[source] Box<dyn Error + Send + Sync>),
}

impl Emails {
    /// Sends whatever becomes due, until told to stop; an e-mail that is being handed over then is
    /// finished. Does nothing without `SMTP_URL`.
    pub async fn post(&self, database: &PgPool, mut stopped: watch::Receiver<bool>) {
        let Some(office) = &self.0 else { return };
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
            if let Err(cause) = office.post_due(database, &stopped).await {
                error!(cause = &cause as &dyn Error, "the outbox of e-mails cannot be read");
            }
        }
    }

    /// Sends what is due, once. Returns how many e-mails were sent.
    pub async fn post_due(&self, database: &PgPool) -> sqlx::Result<u64> {
        let (_running, stopped) = watch::channel(false);
        match &self.0 {
            Some(office) => office.post_due(database, &stopped).await,
            None => Ok(0),
        }
    }

    /// How many e-mails are still to be sent; `None` where none are sent at all.
    pub async fn count_waiting(&self, executor: impl PgExecutor<'_>) -> sqlx::Result<Option<i64>> {
        match &self.0 {
            Some(_) => store::count_waiting(executor).await.map(Some),
            None => Ok(None),
        }
    }

    /// Deletes what nobody asks for any more. Returns how many rows.
    pub async fn keep_house(&self, database: &PgPool, now: DateTime<Utc>) -> sqlx::Result<u64> {
        let ended = store::delete_ended(database, now - KEEP_ENDED).await?;
        Ok(ended + super::confirmations::delete_expired(database, now).await?)
    }
}

impl Office {
    /// One e-mail after the other, over one connection, until none is due or the server fails.
    async fn post_due(
        &self,
        database: &PgPool,
        stopped: &watch::Receiver<bool>,
    ) -> sqlx::Result<u64> {
        let (mut connection, mut sent) = (None, 0);
        while !*stopped.borrow() {
            let Some(entry) = store::take_due(database, &BACKOFF, self.clock.now()).await? else {
                break;
            };
            let outcome = self.attempt(&mut connection, &entry).await;
            if outcome.is_err() {
                connection = None;
            }
            let go_on = match &outcome {
                Err(AttemptFailure::Send(failure)) => !failure.concerns_all(),
                _ => true,
            };
            sent += u64::from(outcome.is_ok());
            self.note(database, &entry, outcome).await?;
            if !go_on {
                break;
            }
        }
        if let Some(connection) = connection {
            connection.close().await;
        }
        Ok(sent)
    }

    async fn attempt<'s>(
        &'s self,
        connection: &mut Option<Connection<'s>>,
        entry: &Entry,
    ) -> Result<(), AttemptFailure> {
        let occasion = self.open(entry).map_err(AttemptFailure::Unreadable)?;
        let language = entry.locale.as_deref().and_then(Language::parse).unwrap_or_default();
        let words = self.texts.render(language, &occasion, &self.base_url);
        let connection = match connection {
            Some(open) => open,
            None => connection.insert(self.smtp.open().await.map_err(AttemptFailure::Send)?),
        };
        let sent = connection.send(entry.id, &entry.recipient, words, entry.created_at).await;
        sent.map_err(AttemptFailure::Send)
    }

    fn open(&self, entry: &Entry) -> Result<Occasion, Box<dyn Error + Send + Sync>> {
        let context = context(entry.id);
        let (purpose, key_id) = (KeyPurpose::Email, &entry.key_id);
        let plain = self.keyring.decrypt(purpose, key_id, context.as_bytes(), &entry.variables)?;
        Ok(serde_json::from_slice(&plain)?)
    }

    /// Writes down what became of an attempt. The log has neither address nor answer.
    async fn note(
        &self,
        database: &PgPool,
        entry: &Entry,
        outcome: Result<(), AttemptFailure>,
    ) -> sqlx::Result<()> {
        let now = self.clock.now();
        let Entry { id, template, attempts, .. } = entry;
        let (failure, is_final) = match &outcome {
            Ok(()) => {
                info!(email_id = %id, template, attempts, "e-mail sent");
                Metric::Emails.add(&["sent"]);
                store::end(database, entry, End::Sent, None, now).await?;
                return Ok(());
            }
            Err(AttemptFailure::Send(failure)) => (failure.name(), failure.is_final()),
            Err(AttemptFailure::Unreadable(_)) => ("unreadable".to_owned(), true),
        };
        let is_late = entry.next_attempt_at > entry.created_at + GIVE_UP_AFTER;
        if is_final || is_late {
            error!(email_id = %id, template, attempts, failure, "e-mail given up");
            Metric::Emails.add(&["failed"]);
            store::end(database, entry, End::Failed, Some(&failure), now).await?;
        } else {
            warn!(email_id = %id, template, attempts, failure, "e-mail not sent; it will be tried again");
            Metric::Emails.add(&["retried"]);
            store::note_failure(database, entry, &failure).await?;
        }
        Ok(())
    }
}

/// What the variables of a row are bound to.
pub(super) fn context(id: EmailId) -> String {
    format!("email_outbox {id}")
}
