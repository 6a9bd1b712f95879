//! The companies that carry codes, one adapter each, behind two ports.

#[cfg(feature = "aws")]
pub mod aws_sns;
mod call_log;
pub mod callback;
pub mod console;
pub mod delivery;
pub mod failure;
pub mod hosted;
pub mod india_dlt;
pub mod infobip;
mod outbound;
pub mod plivo;
mod preflight;
pub mod receipt;
mod redaction;
pub mod sinch;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use delivery::MessageSender;
use failure::ProviderFailure;
use hosted::HostedVerifier;

use crate::otp::Channel;

/// Who carries the codes: `VERIFICATION_PROVIDER`.
#[derive(Clone, Debug)]
pub enum Provider {
    /// Makes, carries and judges the code.
    Hosted(Arc<dyn HostedVerifier>),
    /// Only carries a code that we make and judge.
    Delivery(Arc<dyn MessageSender>),
}

impl Provider {
    /// Its name in `VERIFICATION_PROVIDER` and in the database.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hosted(provider) => provider.name(),
            Self::Delivery(provider) => provider.name(),
        }
    }

    /// Asks whether it can be reached and takes our credentials. Sends nothing and costs nothing.
    pub async fn probe(&self, now: DateTime<Utc>) -> Result<(), ProviderFailure> {
        match self {
            Self::Hosted(provider) => provider.probe(now).await,
            Self::Delivery(provider) => provider.probe(now).await,
        }
    }

    /// Whether it carries codes this way. Hosted providers do both.
    pub fn carries(&self, channel: Channel) -> bool {
        match self {
            Self::Hosted(_) => true,
            Self::Delivery(provider) => provider.carries(channel),
        }
    }
}
