//! A message by itself: not one of the codes that somebody can enter, but in the ledger and within the
//! budgets like any other. Meets no limit of a user or a number, and nobody else is asked where it fails.

use sqlx::PgPool;

use crate::foundation::{ChallengeId, MessageId, PhoneNumber, UserId};

use super::deliver::news_of;
use super::ledger::{self, Entry, News, State};
use super::money::Postings;
use super::providers::failure::ProviderFailure;
use super::send::SendError;
use super::{Channel, Otp, OtpFailure};

/// A message by itself.
pub(super) struct Single<'a> {
    pub(super) message: MessageId,
    /// Of no code; carriers want one all the same.
    pub(super) challenge: ChallengeId,
    /// Nobody where an operator tries a carrier.
    pub(super) user: Option<UserId>,
    pub(super) to: &'a PhoneNumber,
    pub(super) channel: Channel,
    pub(super) provider: &'static str,
    /// In `messages.purpose`.
    pub(super) purpose: &'static str,
}

impl Otp {
    /// New ids for such a message.
    pub(super) fn ids_of_single(&self) -> Result<(MessageId, ChallengeId), OtpFailure> {
        let now = self.clock.now();
        Ok((MessageId::new(now, &self.entropy)?, ChallengeId::new(now, &self.entropy)?))
    }

    /// Writes it down and counts its price, before its carrier is asked.
    pub(super) async fn enter_single(
        &self,
        database: &PgPool,
        single: &Single<'_>,
    ) -> Result<(), SendError> {
        let (now, number) = (self.clock.now(), single.to);
        let price = self.money.price(single.provider, single.channel, number);
        let entry = Entry {
            id: single.message,
            challenge: single.challenge,
            user: single.user,
            number,
            provider: single.provider,
            channel: single.channel,
            purpose: single.purpose,
            price,
            currency: self.money.currency(),
        };
        let mut transaction = database.begin().await?;
        ledger::add(&mut transaction, &self.keyring, &entry, now).await?;
        let (postings, country) = (Postings::default(), number.country());
        let reserved = self.money.reserve(&mut transaction, postings, country, price, now).await;
        self.conclude(database, transaction, reserved, now).await
    }

    /// Notes what became of it: the carrier's own id, or why there is none.
    pub(super) async fn note_single(
        &self,
        database: &PgPool,
        message: MessageId,
        handed_over: Result<Option<&str>, &ProviderFailure>,
    ) -> sqlx::Result<()> {
        let now = self.clock.now();
        let mut transaction = database.begin().await?;
        match handed_over {
            Ok(reference) => {
                let news = News { state: State::Sent, reference, failure: None, segments: None };
                ledger::advance(&mut transaction, message, news, now).await?;
            }
            Err(failure) => {
                let news = news_of(failure);
                let postings = self.note_failure(&mut transaction, message, news, now).await?;
                self.give_money_back(&mut transaction, &postings, now).await?;
            }
        }
        transaction.commit().await
    }
}
