//! The two calls of a verification, each one whole: ask, understand, log.
//!
//! Owns the time a call may take and the rule of what is sent twice. Never repeats a start: its
//! outcome may be a message that somebody pays for, and Infobip has no key by which it would know
//! a repetition.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::Client;
use tokio::time::Instant;

use super::NAME;
use super::endpoint::Endpoint;
use super::outcome;
use super::settings::{InfobipSettings, InfobipSetupError};
use crate::otp::Channel;
use crate::otp::providers::call_log::Call;
use crate::otp::providers::failure::{FailureKind, ProviderFailure};
use crate::otp::providers::hosted::{Finding, HostedVerifier, Started, Verdict, Wording};
use crate::otp::providers::outbound::{ExchangeError, TOTAL_TIMEOUT, exchange, exchange_again};
use crate::otp::providers::preflight::{is_e164, is_plain_id};

/// The longest code that is passed on, in characters; the length of Infobip's PINs is a setting
/// of the message template.
const MAX_CODE_CHARS: usize = 10;

/// A 2FA application of Infobip's. Cheap to clone.
#[derive(Clone)]
pub struct Infobip {
    endpoint: Arc<Endpoint>,
    total_timeout: Duration,
}

impl Infobip {
    /// Checks `settings`; asks nobody. `http` should be [`crate::foundation::outbound::http_client`].
    pub fn new(settings: InfobipSettings, http: Client) -> Result<Self, InfobipSetupError> {
        let endpoint = Arc::new(Endpoint::new(settings, http)?);
        Ok(Self { endpoint, total_timeout: TOTAL_TIMEOUT })
    }

    /// Gives one call, with its retry, another time than 8 seconds.
    #[must_use]
    pub const fn with_total_timeout(mut self, total_timeout: Duration) -> Self {
        self.total_timeout = total_timeout;
        self
    }
}

#[async_trait]
impl HostedVerifier for Infobip {
    fn name(&self) -> &'static str {
        NAME
    }

    /// The text, the voice and their language are those of the message template, and Infobip has
    /// no place for a reference of ours: `_reference` and `_wording` change nothing. A number's earlier PINs stay good at Infobip.
    async fn start(
        &self,
        _now: DateTime<Utc>,
        to_e164: &str,
        channel: Channel,
        _reference: &str,
        _wording: &Wording<'_>,
    ) -> Result<Started, ProviderFailure> {
        let call = Call::begin(NAME, "start");
        let started = self.try_start(to_e164, channel).await;
        match &started {
            Ok((_, http_status)) => call.answered("started", *http_status),
            Err(failure) => call.failed(failure),
        }
        started.map(|(started, _)| started)
    }

    /// Asks for the message template that `INFOBIP_2FA_MSG_ID` names.
    async fn probe(&self, _: DateTime<Utc>) -> Result<(), ProviderFailure> {
        let call = Call::begin(NAME, "probe");
        let asked = exchange(self.endpoint.template(), self.deadline()).await;
        let probed = asked.map_err(unanswered).and_then(|answer| {
            outcome::probed(&answer, &[self.endpoint.private()]).map(|()| answer.status)
        });
        call.probed(probed)
    }

    /// By whichever channel the PIN went out. Sent a second time only if the connection failed before any answer; a wrong code may then have cost two
    /// of the application's `pinAttempts`.
    async fn check(
        &self,
        _now: DateTime<Utc>,
        reference_id: &str,
        _channel: Channel,
        code: &str,
    ) -> Result<Verdict, ProviderFailure> {
        let call = Call::begin(NAME, "check");
        let found = self.try_check(reference_id, code).await;
        match &found {
            Ok(finding) => call.judged(finding),
            Err(failure) => call.failed(failure),
        }
        found.map(|finding| finding.verdict)
    }
}

impl Infobip {
    async fn try_start(
        &self,
        to_e164: &str,
        channel: Channel,
    ) -> Result<(Started, u16), ProviderFailure> {
        let Some(to) = to_e164.strip_prefix('+').filter(|_| is_e164(to_e164)) else {
            return Err(ProviderFailure::new(NAME, FailureKind::InvalidNumber)
                .with_detail("not a number in E.164 form"));
        };
        let request = self.endpoint.start(to, channel);
        let answer = exchange(request, self.deadline()).await.map_err(unanswered)?;
        let started = outcome::started(&answer, to, channel, &[self.endpoint.private()])?;
        Ok((started, answer.status))
    }

    async fn try_check(&self, reference_id: &str, code: &str) -> Result<Finding, ProviderFailure> {
        if !is_plain_id(reference_id) {
            return Ok(Finding::unasked(Verdict::NotFound));
        }
        if !is_code(code) {
            return Ok(Finding::unasked(Verdict::WrongCode));
        }
        let request = || self.endpoint.verify(reference_id, code);
        let answer = exchange_again(request, self.deadline()).await.map_err(unanswered)?;
        outcome::verified(&answer, reference_id, &[self.endpoint.private(), code])
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.total_timeout
    }
}

impl fmt::Debug for Infobip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Infobip")
            .field("total_timeout", &self.total_timeout)
            .finish_non_exhaustive()
    }
}

fn unanswered(error: ExchangeError) -> ProviderFailure {
    error.into_failure(NAME)
}

/// Letters and digits: by the template's `pinType` a PIN may have either.
fn is_code(code: &str) -> bool {
    (1..=MAX_CODE_CHARS).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric())
}
