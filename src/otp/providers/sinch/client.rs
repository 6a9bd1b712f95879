//! The two calls of a verification, each one whole: ask, understand, log.
//!
//! Owns the order of requests, the time they may take together and the rule of what is sent twice.
//! Never repeats a start: its outcome may be a message that somebody pays for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::Client;
use tokio::time::Instant;

use super::NAME;
use super::outcome::{self, Standing};
use super::request::{Endpoint, Outgoing};
use super::settings::{SinchSettings, SinchSetupError};
use super::wire::{ReportRequest, StartRequest};
use crate::otp::Channel;
use crate::otp::providers::call_log::Call;
use crate::otp::providers::failure::{FailureKind, ProviderFailure};
use crate::otp::providers::hosted::{Finding, HostedVerifier, Started, Verdict, Wording};
use crate::otp::providers::outbound::{
    Answer, ExchangeError, TOTAL_TIMEOUT, exchange, exchange_again,
};
use crate::otp::providers::preflight::{is_e164, is_plain_id};

/// The longest code that Sinch takes, in characters.
const MAX_CODE_CHARS: usize = 10;

/// The id of no verification: Sinch's are longer.
const NOBODYS_ID: &str = "0";

/// A Sinch application. Cheap to clone.
#[derive(Clone)]
pub struct Sinch {
    endpoint: Arc<Endpoint>,
    total_timeout: Duration,
}

impl Sinch {
    /// Checks `settings`; asks nobody. `http` should be [`crate::foundation::outbound::http_client`].
    pub fn new(settings: SinchSettings, http: Client) -> Result<Self, SinchSetupError> {
        let endpoint = Arc::new(Endpoint::new(settings, http)?);
        Ok(Self { endpoint, total_timeout: TOTAL_TIMEOUT })
    }

    /// Gives one call, with its retry and follow-up question, another time than 8 seconds.
    #[must_use]
    pub const fn with_total_timeout(mut self, total_timeout: Duration) -> Self {
        self.total_timeout = total_timeout;
        self
    }
}

#[async_trait]
impl HostedVerifier for Sinch {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Asks for a verification that nobody has begun: "not found" is what those are told who may ask.
    async fn probe(&self, now: DateTime<Utc>) -> Result<(), ProviderFailure> {
        let call = Call::begin(NAME, "probe");
        let probed = self.ask(&Outgoing::status(NOBODYS_ID), now, self.deadline()).await;
        let probed = probed.and_then(|answer| {
            outcome::probed(&answer, &self.endpoint.private()).map(|()| answer.status)
        });
        call.probed(probed)
    }

    /// A new start ends the verification that the number had before. Languages that are not sound are
    /// left out.
    async fn start(
        &self,
        now: DateTime<Utc>,
        to_e164: &str,
        channel: Channel,
        reference: &str,
        wording: &Wording<'_>,
    ) -> Result<Started, ProviderFailure> {
        let call = Call::begin(NAME, "start");
        let started = self.try_start(now, to_e164, channel, reference, wording).await;
        match &started {
            Ok((_, http_status)) => call.answered("started", *http_status),
            Err(failure) => call.failed(failure),
        }
        started.map(|(started, _)| started)
    }

    /// Sent a second time only if the connection failed before any answer. A lost answer may have spent the
    /// verification, so that the second report finds nothing.
    async fn check(
        &self,
        now: DateTime<Utc>,
        reference_id: &str,
        channel: Channel,
        code: &str,
    ) -> Result<Verdict, ProviderFailure> {
        let call = Call::begin(NAME, "check");
        let found = self.try_check(now, reference_id, channel, code).await;
        match &found {
            Ok(finding) => call.judged(finding),
            Err(failure) => call.failed(failure),
        }
        found.map(|finding| finding.verdict)
    }
}

impl Sinch {
    async fn try_start(
        &self,
        now: DateTime<Utc>,
        to_e164: &str,
        channel: Channel,
        reference: &str,
        wording: &Wording<'_>,
    ) -> Result<(Started, u16), ProviderFailure> {
        if !is_e164(to_e164) {
            return Err(unsent(FailureKind::InvalidNumber, "not a number in E.164 form"));
        }
        if !is_plain_id(reference) {
            return Err(unsent(FailureKind::Configuration, "the reference is not a plain one"));
        }
        let options = self.endpoint.sms_options(channel, wording);
        let request = StartRequest::new(to_e164, channel, reference, options);
        let outgoing = Outgoing::start(&request, wording.languages).map_err(unwritable)?;
        let answer = self.ask(&outgoing, now, self.deadline()).await?;
        let started = outcome::started(&answer, &self.endpoint.private())?;
        Ok((started, answer.status))
    }

    async fn try_check(
        &self,
        now: DateTime<Utc>,
        reference_id: &str,
        channel: Channel,
        code: &str,
    ) -> Result<Finding, ProviderFailure> {
        if !is_plain_id(reference_id) {
            return Ok(Finding::unasked(Verdict::NotFound));
        }
        if !is_code(code) {
            return Ok(Finding::unasked(Verdict::WrongCode));
        }
        let deadline = self.deadline();
        let outgoing = Outgoing::report(reference_id, &ReportRequest::new(channel, code))
            .map_err(unwritable)?;
        let answer = exchange_again(|| self.endpoint.prepare(&outgoing, now), deadline)
            .await
            .map_err(unanswered)?;
        let mut private = self.endpoint.private();
        private.push(code);
        let mut finding = outcome::reported(&answer, reference_id, &private)?;
        if finding.verdict == Verdict::WrongCode
            && self.standing(now, reference_id, deadline).await == Standing::Ended
        {
            finding.verdict = Verdict::Burnt;
        }
        Ok(finding)
    }

    /// Whether a wrong code has ended the verification. Not to know is no failure: the code was
    /// wrong in any case.
    async fn standing(&self, now: DateTime<Utc>, id: &str, deadline: Instant) -> Standing {
        let call = Call::begin(NAME, "status");
        let found = self.ask(&Outgoing::status(id), now, deadline).await.and_then(|answer| {
            let standing = outcome::standing(&answer, id, &self.endpoint.private())?;
            Ok((standing, answer.status))
        });
        match found {
            Ok((standing, http_status)) => {
                call.answered(standing.as_str(), http_status);
                standing
            }
            Err(failure) => {
                call.failed(&failure);
                Standing::Unknown
            }
        }
    }

    async fn ask(
        &self,
        outgoing: &Outgoing,
        now: DateTime<Utc>,
        deadline: Instant,
    ) -> Result<Answer, ProviderFailure> {
        exchange(self.endpoint.prepare(outgoing, now), deadline).await.map_err(unanswered)
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.total_timeout
    }
}

impl fmt::Debug for Sinch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sinch").field("total_timeout", &self.total_timeout).finish_non_exhaustive()
    }
}

fn unsent(kind: FailureKind, detail: &'static str) -> ProviderFailure {
    ProviderFailure::new(NAME, kind).with_detail(detail)
}

fn unanswered(error: ExchangeError) -> ProviderFailure {
    error.into_failure(NAME)
}

fn unwritable(error: serde_json::Error) -> ProviderFailure {
    unsent(FailureKind::Configuration, "the request cannot be written as JSON").with_source(error)
}

/// The form of a code by Sinch's error message for one that has it not.
fn is_code(code: &str) -> bool {
    (1..=MAX_CODE_CHARS).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
