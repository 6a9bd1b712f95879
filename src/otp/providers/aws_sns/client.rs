//! The calls to SNS, each one whole: check, ask, understand, log.
//!
//! Owns what is checked before a request leaves, the time it may take, and the question whether a
//! number has opted out: SNS answers a text to such a number as if it were sent, and drops it.
//! Never repeats a request: its outcome may be a message that somebody pays for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::config::timeout::TimeoutConfig;
use aws_sdk_sns::config::{
    BehaviorVersion, Builder, IdentityCache, Region, StalledStreamProtectionConfig,
};
use aws_sdk_sns::operation::RequestId as _;
use aws_sdk_sns::operation::publish::PublishOutput;
use aws_sdk_sns::{Client, Config};
use aws_smithy_async::time::StaticTimeSource;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::NAME;
use super::attributes::Attributes;
use super::connector::Connector;
use super::outcome::{self, unsent};
use super::settings::{AwsSnsSettings, AwsSnsSetupError};
use crate::otp::Channel;
use crate::otp::providers::call_log::Call;
use crate::otp::providers::delivery::{Accepted, Message, MessageSender};
use crate::otp::providers::failure::{FailureKind, ProviderFailure};
use crate::otp::providers::hosted::Reason;
use crate::otp::providers::outbound::TOTAL_TIMEOUT;
use crate::otp::providers::preflight::{is_e164, is_plain_id};

/// How long the question may take whether a number has opted out. Past that the text is sent.
const OPT_OUT_TIMEOUT: Duration = Duration::from_millis(1500);

/// Of the numbers that are kept for films (NANPA, 555-0100 to 0199): nobody has it.
const NOBODYS_NUMBER: &str = "+12065550100";

/// The status of every success; the SDK does not tell it.
const OK: u16 = 200;

/// SNS in one region, for one account. Cheap to clone.
#[derive(Clone)]
pub struct AwsSns {
    inner: Arc<Inner>,
    total_timeout: Duration,
    opt_out_timeout: Duration,
}

struct Inner {
    client: Client,
    http: reqwest::Client,
    attributes: Attributes,
    /// What an answer must not be quoted with.
    private: Vec<SecretString>,
}

/// A text that SNS has taken over, and the log's note of it.
struct Receipt {
    accepted: Accepted,
    note: Option<String>,
}

impl AwsSns {
    /// Checks `settings`; asks nobody. `http` should be [`crate::foundation::outbound::http_client`].
    pub fn new(settings: &AwsSnsSettings, http: reqwest::Client) -> Result<Self, AwsSnsSetupError> {
        settings.check()?;
        let attributes = Attributes::new(settings).map_err(|_| AwsSnsSetupError::SenderId)?;
        let client = Client::from_conf(config(settings));
        let mut private = vec![settings.secret_access_key.clone(), settings.access_key_id.clone()];
        private.extend(settings.session_token.clone());
        let inner = Arc::new(Inner { client, http, attributes, private });
        Ok(Self { inner, total_timeout: TOTAL_TIMEOUT, opt_out_timeout: OPT_OUT_TIMEOUT })
    }

    /// Gives one call other times than 8 seconds in all, and 1.5 for the question before it.
    #[must_use]
    pub const fn with_timeouts(mut self, total: Duration, opt_out: Duration) -> Self {
        self.total_timeout = total;
        self.opt_out_timeout = opt_out;
        self
    }

    /// Has `text` sent to the one number `to_e164`; at most 1600 bytes, which SNS sees to. `now` goes
    /// into the signature.
    ///
    /// The text is a secret: it reaches neither log nor error. Never sent twice.
    pub async fn send_text(
        &self,
        now: DateTime<Utc>,
        to_e164: &str,
        text: &str,
    ) -> Result<Accepted, ProviderFailure> {
        let call = Call::begin(NAME, "send_text");
        match self.try_send_text(now, to_e164, text).await {
            Ok(Receipt { accepted, note }) => {
                call.accepted(OK, note.as_deref(), false);
                Ok(accepted)
            }
            Err(failure) => {
                call.failed(&failure);
                Err(failure)
            }
        }
    }

    async fn try_send_text(
        &self,
        now: DateTime<Utc>,
        to_e164: &str,
        text: &str,
    ) -> Result<Receipt, ProviderFailure> {
        if !is_e164(to_e164) {
            return Err(unsent(FailureKind::InvalidNumber, "not a number in E.164 form"));
        }
        if text.is_empty() {
            return Err(unsent(FailureKind::Configuration, "the text is empty"));
        }
        let deadline = Instant::now() + self.total_timeout;
        if self.has_opted_out(now, to_e164, deadline).await {
            return Err(unsent(FailureKind::Refused(Reason::Blocked), "the number has opted out"));
        }
        let asked = self.publish(now, to_e164, text, deadline);
        // The SDK tells the whole request and the whole answer at level `trace`.
        asked.with_subscriber(NoSubscriber::default()).await
    }

    /// Whether SNS would drop the text. Where it does not say so in time, or this key may not ask, the
    /// answer is no: it is better to try.
    async fn has_opted_out(&self, now: DateTime<Utc>, to_e164: &str, deadline: Instant) -> bool {
        let call = Call::begin(NAME, "check_opt_out");
        let deadline = deadline.min(Instant::now() + self.opt_out_timeout);
        match self.is_opted_out(now, to_e164, deadline).await {
            Ok(true) => {
                call.answered("opted_out", OK);
                true
            }
            Ok(false) => {
                call.answered("not_opted_out", OK);
                false
            }
            Err(failure) => {
                call.passed_over(&failure);
                false
            }
        }
    }

    async fn is_opted_out(
        &self,
        now: DateTime<Utc>,
        to_e164: &str,
        deadline: Instant,
    ) -> Result<bool, ProviderFailure> {
        let request = self.inner.client.check_if_phone_number_is_opted_out();
        let request = request.phone_number(to_e164).customize();
        let asked = request.config_override(self.of_this_call(now, deadline)).send();
        match asked.with_subscriber(NoSubscriber::default()).await {
            Ok(answer) => Ok(answer.is_opted_out()),
            Err(error) => Err(outcome::failure(error, &self.private(""))),
        }
    }

    async fn publish(
        &self,
        now: DateTime<Utc>,
        to_e164: &str,
        text: &str,
        deadline: Instant,
    ) -> Result<Receipt, ProviderFailure> {
        let mut request = self.inner.client.publish().phone_number(to_e164).message(text);
        for (name, value) in self.inner.attributes.of(to_e164) {
            request = request.message_attributes(*name, value.clone());
        }
        let request = request.customize().config_override(self.of_this_call(now, deadline));
        match request.send().await {
            Ok(answer) => receipt(&answer),
            Err(error) => Err(outcome::failure(error, &self.private(text))),
        }
    }

    /// The time at which a request is signed, and until when it may take.
    fn of_this_call(&self, now: DateTime<Utc>, deadline: Instant) -> Builder {
        let http = self.inner.http.clone();
        Config::builder()
            .time_source(StaticTimeSource::new(now.into()))
            .http_client(Connector { http, deadline })
    }

    fn private<'a>(&'a self, text: &'a str) -> Vec<&'a str> {
        let secrets = self.inner.private.iter().map(ExposeSecret::expose_secret);
        std::iter::once(text).chain(secrets).collect()
    }
}

#[async_trait]
impl MessageSender for AwsSns {
    fn name(&self) -> &'static str {
        NAME
    }

    fn carries(&self, channel: Channel) -> bool {
        channel == Channel::Sms
    }

    /// Asks whether a number that nobody has is opted out, which costs nothing. A key that may not ask
    /// this is told so, though it may be allowed to send.
    async fn probe(&self, now: DateTime<Utc>) -> Result<(), ProviderFailure> {
        let call = Call::begin(NAME, "probe");
        let deadline = Instant::now() + self.total_timeout;
        call.probed(self.is_opted_out(now, NOBODYS_NUMBER, deadline).await.map(|_| OK))
    }

    async fn send(
        &self,
        now: DateTime<Utc>,
        message: &Message<'_>,
    ) -> Result<Accepted, ProviderFailure> {
        self.send_text(now, message.to.e164(), message.text).await
    }
}

impl fmt::Debug for AwsSns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSns").field("total_timeout", &self.total_timeout).finish_non_exhaustive()
    }
}

/// Nothing is a success without an id of the message.
fn receipt(answer: &PublishOutput) -> Result<Receipt, ProviderFailure> {
    let id = answer.message_id().filter(|id| is_plain_id(id)).ok_or_else(|| {
        ProviderFailure::new(NAME, FailureKind::Malformed)
            .with_status(OK)
            .with_detail("the answer has no id of the message")
    })?;
    let note = outcome::note(answer.request_id());
    Ok(Receipt { accepted: Accepted { reference: id.to_owned() }, note })
}

/// Each request is asked once, and its times are those of [`Connector`]: the SDK's own retries would
/// send a text anew whose answer got lost.
fn config(settings: &AwsSnsSettings) -> Config {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(settings.credentials())
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    match &settings.endpoint_url {
        Some(url) => config.endpoint_url(url.as_str()).build(),
        None => config.build(),
    }
}
