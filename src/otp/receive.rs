//! What carriers tell us: receipts are noted, and a provider that asks whether it may send is told.
//!
//! A receipt is a hint: it moves no code and lets nobody in.

use chrono::TimeDelta;
use sqlx::{PgConnection, PgPool};
use tracing::info;

use crate::foundation::{ChallengeId, PhoneNumber};

use super::ledger::{self, News, State};
use super::providers::callback::Intended;
use super::providers::receipt::{Fate, Receipt, Subject};
use super::{Otp, OtpFailure};

/// How long after a start its request event may come. Sinch sends it at once.
const EXPECTED_FOR: TimeDelta = TimeDelta::minutes(2);

/// What a receipt has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// The message has moved on.
    Moved,
    /// Nothing: it was known already, or came after the end.
    Nothing,
    /// No message of ours is meant.
    Unknown,
}

impl Otp {
    /// Notes in the ledger what became of a message of `provider`, and what it cost. The same receipt again
    /// changes nothing.
    pub async fn note_receipt(
        &self,
        database: &PgPool,
        provider: &'static str,
        receipt: &Receipt,
    ) -> Result<Noted, OtpFailure> {
        let mut transaction = database.begin().await?;
        let noted = self.note_in_ledger(&mut transaction, provider, receipt).await?;
        transaction.commit().await?;
        let reason = receipt.fate.reason();
        let (fate, segments) = (receipt.fate.as_str(), receipt.segments);
        info!(provider, fate, reason, segments, noted = noted.as_str(), "message receipt");
        Ok(noted)
    }

    async fn note_in_ledger(
        &self,
        connection: &mut PgConnection,
        provider: &'static str,
        receipt: &Receipt,
    ) -> sqlx::Result<Noted> {
        let message = match &receipt.subject {
            Subject::ProviderReference(reference) => {
                ledger::find_by_reference(connection, provider, reference).await?
            }
            Subject::OurReference(reference) => match ChallengeId::parse(reference) {
                Some(challenge) => {
                    ledger::find_by_challenge(connection, provider, challenge).await?
                }
                None => None,
            },
        };
        let Some(message) = message else { return Ok(Noted::Unknown) };
        let state = match receipt.fate {
            Fate::Sent => State::Sent,
            Fate::Delivered => State::Delivered,
            Fate::Failed { .. } => State::Failed,
        };
        let news = News {
            state,
            reference: None,
            failure: receipt.fate.reason(),
            segments: receipt.segments.and_then(|segments| i16::try_from(segments.get()).ok()),
        };
        let moved = ledger::advance(connection, message, news, self.clock.now()).await?;
        self.note_price(connection, message, receipt).await?;
        Ok(if moved { Noted::Moved } else { Noted::Nothing })
    }

    /// Whether we have started what a provider is about to send: the reference is that of a live code
    /// that it was asked for within two minutes, to the same number by the same way.
    pub async fn is_expected(
        &self,
        database: &PgPool,
        intended: &Intended,
    ) -> Result<bool, OtpFailure> {
        let id = ChallengeId::parse(&intended.reference);
        let number = PhoneNumber::from_e164(&intended.number);
        let (Some(id), Some(number), Some(channel)) = (id, number, intended.channel) else {
            return Ok(false);
        };
        let now = self.clock.now();
        let sent = (&number, channel);
        self.store.is_expected(database, id, sent, now - EXPECTED_FOR, now).await
    }
}

impl Noted {
    /// As the log has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Nothing => "nothing",
            Self::Unknown => "unknown",
        }
    }
}
