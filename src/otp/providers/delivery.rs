//! The port to providers that only carry a code which we make and judge, or a text of ours.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::failure::ProviderFailure;
use crate::foundation::{ChallengeId, MessageId, PhoneNumber};
use crate::otp::{Channel, Language, OtpCode};

/// A provider that carries a code.
#[async_trait]
pub trait MessageSender: fmt::Debug + Send + Sync {
    /// Its name in `VERIFICATION_PROVIDER`, in the log and in the database.
    fn name(&self) -> &'static str;

    /// Whether it carries codes this way.
    fn carries(&self, channel: Channel) -> bool;

    /// Asks whether the provider can be reached and takes our credentials. Sends nothing and costs
    /// nothing.
    async fn probe(&self, now: DateTime<Utc>) -> Result<(), ProviderFailure>;

    /// Hands the message over. Never sent twice.
    async fn send(
        &self,
        now: DateTime<Utc>,
        message: &Message<'_>,
    ) -> Result<Accepted, ProviderFailure>;
}

/// A code on its way.
pub struct Message<'a> {
    /// Our id of it, in the ledger.
    pub id: MessageId,
    /// Which challenge the code belongs to.
    pub challenge: ChallengeId,
    /// To whom.
    pub to: &'a PhoneNumber,
    /// Written or spoken.
    pub channel: Channel,
    /// The code; none in a text that only tells something.
    pub code: Option<&'a OtpCode>,
    /// The whole text, of one message and with every line that it needs. As secret as the code.
    pub text: &'a str,
    /// The language of its reader, for a code that is spoken.
    pub language: Language,
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { to, channel, language, .. } = self;
        f.debug_struct("Message")
            .field("to", to)
            .field("channel", channel)
            .field("language", language)
            .finish_non_exhaustive()
    }
}

/// A message or call that a provider has taken over. Whether it arrives is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The provider's handle, for its support and its reports: 1 to 128 characters of
    /// `[A-Za-z0-9_-]`. It proves nothing and checks no code.
    pub reference: String,
}
