//! Who makes a code, and who carries it.

use std::fmt;
use std::sync::Arc;

use crate::foundation::{Entropy, EntropyError};

use super::carriers::Carrier;
use super::providers::delivery::MessageSender;
use super::providers::hosted::HostedVerifier;
use super::{OtpCode, Provider};

/// Named in `otp_challenges.provider` for the numbers of `TEST_PHONE_NUMBERS`.
pub(super) const TEST_PROVIDER: &str = "test";

/// Who makes the code of a draft, and who carries it.
#[derive(Clone)]
pub(super) enum Carriage {
    /// The carrier does both.
    Hosted(Arc<Carrier>, Arc<dyn HostedVerifier>),
    /// We make it, the carrier carries it.
    Delivery(Arc<Carrier>, Arc<dyn MessageSender>, OtpCode),
    /// `TEST_PHONE_NUMBERS` has it, and nobody carries it.
    Test(OtpCode),
}

impl Carriage {
    /// By `carrier`, with the code `code` where one was made already, otherwise with a new one of
    /// `length` digits.
    pub(super) fn by(
        carrier: &Arc<Carrier>,
        code: Option<&OtpCode>,
        entropy: &Entropy,
        length: usize,
    ) -> Result<Self, EntropyError> {
        let carrier = Arc::clone(carrier);
        Ok(match carrier.provider() {
            Provider::Hosted(provider) => {
                let provider = Arc::clone(provider);
                Self::Hosted(carrier, provider)
            }
            Provider::Delivery(provider) => {
                let provider = Arc::clone(provider);
                let code = match code {
                    Some(code) => code.clone(),
                    None => OtpCode::generate(entropy, length)?,
                };
                Self::Delivery(carrier, provider, code)
            }
        })
    }

    /// As the database has it.
    pub(super) fn provider_name(&self) -> &'static str {
        self.carrier().map_or(TEST_PROVIDER, |carrier| carrier.name())
    }

    /// Who carries it, where anybody does.
    pub(super) fn carrier(&self) -> Option<&Arc<Carrier>> {
        match self {
            Self::Hosted(carrier, _) | Self::Delivery(carrier, ..) => Some(carrier),
            Self::Test(_) => None,
        }
    }

    /// The code, where we judge it.
    pub(super) fn own_code(&self) -> Option<&OtpCode> {
        match self {
            Self::Hosted(..) => None,
            Self::Delivery(_, _, code) | Self::Test(code) => Some(code),
        }
    }
}

impl fmt::Debug for Carriage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Carriage({})", self.provider_name())
    }
}
