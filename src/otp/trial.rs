//! One message that shows that a carrier works: asked for by an operator, and by nobody else.

use sqlx::PgPool;

use crate::foundation::PhoneNumber;

use super::deliver::Parcel;
use super::send::SendError;
use super::single::Single;
use super::{Addressee, Channel, Occasion, Otp};

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
        let carriage = self.carriage(carrier, None, self.rules.length)?;
        let provider = carriage.provider_name();
        let (message, challenge) = self.ids_of_single()?;
        let (user, to, purpose) = (None, number, PURPOSE);
        let single = Single { message, challenge, user, to, channel, provider, purpose };
        self.enter_single(database, &single).await?;
        let addressee = &Addressee::new(Occasion::Login, None, None, None);
        let parcel = Parcel { message, challenge, to, channel, addressee };
        let handed_over = self.hand_over(&carriage, &parcel).await;
        let outcome = handed_over.as_ref().map(Option::as_deref);
        self.note_single(database, message, outcome).await?;
        Ok(Trial { provider, reference: handed_over? })
    }
}
