//! The port to providers that only carry a code which we make and judge.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::failure::ProviderFailure;
use crate::foundation::{ChallengeId, PhoneNumber};
use crate::otp::{Channel, OtpCode};

/// A provider that carries a code.
#[async_trait]
pub trait MessageSender: fmt::Debug + Send + Sync {
    /// Its name in `VERIFICATION_PROVIDER`, in the log and in the database.
    fn name(&self) -> &'static str;

    /// Whether it carries codes this way.
    fn carries(&self, channel: Channel) -> bool;

    /// Hands the message over. Never sent twice.
    async fn send(&self, now: DateTime<Utc>, message: &Message<'_>) -> Result<(), ProviderFailure>;
}

/// A code on its way.
#[derive(Debug)]
pub struct Message<'a> {
    /// Which challenge the code belongs to.
    pub challenge: ChallengeId,
    /// To whom.
    pub to: &'a PhoneNumber,
    /// Written or spoken.
    pub channel: Channel,
    /// The code.
    pub code: &'a OtpCode,
}

/// A message or call that a provider has taken over. Whether it arrives is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The provider's handle, for its support and its reports: 1 to 128 characters of
    /// `[A-Za-z0-9_-]`. It proves nothing and checks no code.
    pub reference: String,
}
