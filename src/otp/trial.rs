//! One message that shows that a carrier works: asked for by an operator, and by nobody else.

use sqlx::PgPool;

use crate::foundation::{ChallengeId, MessageId, PhoneNumber};

use super::carriage::Carriage;
use super::deliver::{Parcel, news_of};
use super::ledger::{self, Entry, News, State};
use super::money::Postings;
use super::providers::failure::ProviderFailure;
use super::send::SendError;
use super::{Addressee, Channel, Occasion, Otp, OtpFailure};

/// In `messages.purpose`.
const PURPOSE: &str = "trial";

/// What came of a trial.
#[derive(Debug)]
pub struct Trial {
    /// Who carries it.
    pub provider: &'static str,
    /// The carrier's own id of the message or of the verification.
    pub reference: Option<String>,
}

impl Otp {
    /// Has the carrier that is first for `number` send one message, with a code that is good for
    /// nothing. Paid for, within the budgets, and in the ledger like any other; meets no limit of a
    /// user or a number, and nobody else is asked where it fails.
    pub async fn send_trial(
        &self,
        database: &PgPool,
        number: &PhoneNumber,
        channel: Channel,
    ) -> Result<Trial, SendError> {
        let in_order = self.carriers().in_order(number, channel);
        let carrier = in_order.first().ok_or(SendError::ChannelImpossible)?;
        let carriage = self.carriage(carrier, None)?;
        let now = self.clock.now();
        let message = MessageId::new(now, &self.entropy).map_err(OtpFailure::from)?;
        let challenge = ChallengeId::new(now, &self.entropy).map_err(OtpFailure::from)?;
        let addressee = Addressee::new(Occasion::Login, None, None, None);
        let parcel = Parcel { message, challenge, to: number, channel, addressee: &addressee };
        self.enter_trial(database, &carriage, &parcel).await?;
        let handed_over = self.hand_over(&carriage, &parcel).await;
        self.note_trial(database, message, handed_over.as_ref()).await?;
        Ok(Trial { provider: carriage.provider_name(), reference: handed_over? })
    }

    async fn enter_trial(
        &self,
        database: &PgPool,
        carriage: &Carriage,
        parcel: &Parcel<'_>,
    ) -> Result<(), SendError> {
        let (now, number) = (self.clock.now(), parcel.to);
        let provider = carriage.provider_name();
        let price = self.money.price(provider, parcel.channel, number);
        let entry = Entry {
            id: parcel.message,
            challenge: parcel.challenge,
            user: None,
            number,
            provider,
            channel: parcel.channel,
            purpose: PURPOSE,
            price,
            currency: self.money.currency(),
        };
        let mut transaction = database.begin().await?;
        ledger::add(&mut transaction, &self.keyring, &entry, now).await?;
        let (postings, country) = (Postings::default(), number.country());
        let reserved = self.money.reserve(&mut transaction, postings, country, price, now).await;
        self.conclude(database, transaction, reserved, now).await
    }

    async fn note_trial(
        &self,
        database: &PgPool,
        message: MessageId,
        handed_over: Result<&Option<String>, &ProviderFailure>,
    ) -> sqlx::Result<()> {
        let now = self.clock.now();
        let mut transaction = database.begin().await?;
        match handed_over {
            Ok(reference) => {
                let (state, reference) = (State::Sent, reference.as_deref());
                let news = News { state, reference, failure: None, segments: None };
                ledger::advance(&mut transaction, message, news, now).await?;
            }
            Err(failure) => {
                let postings =
                    self.note_failure(&mut transaction, message, news_of(failure), now).await?;
                self.give_money_back(&mut transaction, &postings, now).await?;
            }
        }
        transaction.commit().await
    }
}
