//! What carriers tell us: receipts are noted, and a provider that asks whether it may send is told.
//!
//! A receipt is a hint: it moves no code and lets nobody in.

use chrono::TimeDelta;
use sqlx::PgPool;

use crate::foundation::{ChallengeId, PhoneNumber};

use super::providers::callback::Intended;
use super::providers::receipt::{Fate, Receipt};
use super::{Otp, OtpFailure, store};

/// How long after a start its request event may come. Sinch sends it at once.
const EXPECTED_FOR: TimeDelta = TimeDelta::minutes(2);

/// What a receipt has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// Nothing is kept of receipts yet.
    Logged,
}

impl Otp {
    /// Notes what became of a message of `provider`.
    #[expect(clippy::unused_async, reason = "the ledger of messages will be asked here")]
    pub async fn note_receipt(
        &self,
        _database: &PgPool,
        provider: &'static str,
        receipt: &Receipt,
    ) -> Result<Noted, OtpFailure> {
        let reason = match &receipt.fate {
            Fate::Failed { reason } => Some(reason.as_str()),
            Fate::Sent | Fate::Delivered => None,
        };
        let price_micros = receipt.price.as_ref().map(|price| price.amount_micros);
        let fate = receipt.fate.as_str();
        let segments = receipt.segments;
        tracing::info!(provider, fate, reason, price_micros, segments, "message receipt");
        Ok(Noted::Logged)
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
        let connection = &mut *database.acquire().await?;
        let begins = now - EXPECTED_FOR;
        Ok(store::is_expected(connection, id, &number, channel, begins, now).await?)
    }
}
