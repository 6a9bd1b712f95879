//! A text that tells something and carries no code: that a number is no longer an account's.
//!
//! Only for carriers of texts that we word: a hosted provider sends nothing but its own codes.

use sqlx::PgPool;

use crate::foundation::{Language, NumberType, PhoneNumber, UserId};

use super::deliver::count_send;
use super::providers::delivery::Message;
use super::send::SendError;
use super::single::Single;
use super::{Channel, Otp, Provider};

/// In `messages.purpose`.
const PURPOSE: &str = "phone_change_notice";

impl Otp {
    /// Tells whoever reads the texts to `number` that it is no longer that of `user`'s account. In the
    /// ledger and within the budgets; counts against no limit of the number, so that nobody can reach
    /// one on purpose and have the change go unnoticed.
    pub async fn send_notice(
        &self,
        database: &PgPool,
        user: UserId,
        number: &PhoneNumber,
        language: Language,
    ) -> Result<(), SendError> {
        let is_test = self.rules.test_numbers.contains_key(number.e164());
        let takes_texts = number.number_type() == NumberType::TextsAndCalls;
        let text = self.rules.texts.notice(language, number);
        let Some(text) = text.filter(|_| takes_texts && !is_test) else {
            return Err(SendError::ChannelImpossible);
        };
        let (now, channel) = (self.clock.now(), Channel::Sms);
        let in_order = self.carriers.in_order(number, channel);
        let found = in_order.iter().find_map(|carrier| match carrier.provider() {
            Provider::Delivery(provider) => carrier.admits(now).then_some((carrier, provider)),
            Provider::Hosted(_) => None,
        });
        let (carrier, sender) = found.ok_or(SendError::ChannelImpossible)?;
        let (id, challenge) = self.ids_of_single()?;
        let provider = carrier.name();
        let single = Single {
            message: id,
            challenge,
            user: Some(user),
            to: number,
            channel,
            provider,
            purpose: PURPOSE,
        };
        let entered = self.enter_single(database, &single).await;
        entered.inspect_err(|_| carrier.give_back(now))?;
        let message = Message { id, challenge, to: number, channel, code: None, text, language };
        let sent = sender.send(now, &message).await;
        carrier.note(sent.as_ref().err(), self.clock.now());
        count_send(provider, number, channel, sent.as_ref().err());
        let outcome = sent.as_ref().map(|accepted| Some(accepted.reference.as_str()));
        self.note_single(database, id, outcome).await?;
        sent?;
        Ok(())
    }
}
