//! The calls to Plivo, each one whole: check, ask, understand, log.
//!
//! Owns what is checked before a request leaves and the time it may take. Never repeats one: its
//! outcome may be a message that somebody pays for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::Client;
use serde::Serialize;
use tokio::time::Instant;

use super::NAME;
use super::outcome::{self, Asked, Receipt};
use super::request::{Endpoint, Resource};
use super::settings::{PlivoSettings, PlivoSetupError};
use super::wire::{CallRequest, MessageRequest, Reply};
use crate::otp::providers::call_log::Call;
use crate::otp::providers::delivery::{Accepted, Message, MessageSender};
use crate::otp::providers::failure::{FailureKind, ProviderFailure};
use crate::otp::providers::outbound::{TOTAL_TIMEOUT, exchange};
use crate::otp::providers::preflight::is_e164;
use crate::otp::{Channel, WebhookLinks, spoken};

/// The longest text in UTF-16 units: what Plivo takes where a character lies outside GSM-7.
const MAX_TEXT_UNITS: usize = 737;

/// A Plivo account. Cheap to clone.
#[derive(Clone)]
pub struct Plivo {
    endpoint: Arc<Endpoint>,
    /// Where Plivo reaches us, if it can.
    links: Option<WebhookLinks>,
    total_timeout: Duration,
}

impl Plivo {
    /// Checks `settings`; asks nobody. `http` should be [`crate::foundation::outbound::http_client`].
    pub fn new(settings: PlivoSettings, http: Client) -> Result<Self, PlivoSetupError> {
        let endpoint = Arc::new(Endpoint::new(settings, http)?);
        Ok(Self { endpoint, links: None, total_timeout: TOTAL_TIMEOUT })
    }

    /// Has Plivo report to us, and ask us what to say in calls, where it can reach us.
    #[must_use]
    pub fn with_webhooks(self, links: &WebhookLinks) -> Self {
        Self { links: Some(links.clone()).filter(WebhookLinks::is_public), ..self }
    }

    /// Gives one call another time than 8 seconds.
    #[must_use]
    pub fn with_total_timeout(mut self, total_timeout: Duration) -> Self {
        self.total_timeout = total_timeout;
        self
    }

    /// Has `text` sent to the one number `to_e164`; 1 to 737 UTF-16 units.
    ///
    /// The text is a secret: it reaches neither log nor error. Never sent twice.
    pub async fn send_text(&self, to_e164: &str, text: &str) -> Result<Accepted, ProviderFailure> {
        let call = Call::begin(NAME, "send_text");
        logged(&call, self.try_send_text(to_e164, text).await)
    }

    async fn try_send_text(&self, to_e164: &str, text: &str) -> Result<Receipt, ProviderFailure> {
        let dst = destination(to_e164)?;
        if !(1..=MAX_TEXT_UNITS).contains(&text.encode_utf16().count()) {
            return Err(unsent(FailureKind::Configuration, "the text is empty or too long"));
        }
        let url = self.links.as_ref().map(|links| links.report_url(NAME).to_string());
        let request = MessageRequest::new(self.endpoint.sender(), dst, text)
            .reported_to(url.as_deref())
            .registered(self.endpoint.registration(to_e164));
        self.ask(Resource::Message, &request, text, Reply::message_uuid).await
    }

    /// Has the code of `message` spoken in a call. Plivo asks for the words once somebody has picked
    /// up; until then it has seen only a sealed token.
    async fn call(
        &self,
        now: DateTime<Utc>,
        message: &Message<'_>,
    ) -> Result<Accepted, ProviderFailure> {
        let call = Call::begin(NAME, "call");
        logged(&call, self.try_call(now, message).await)
    }

    async fn try_call(
        &self,
        now: DateTime<Utc>,
        message: &Message<'_>,
    ) -> Result<Receipt, ProviderFailure> {
        let to = destination(message.to.e164())?;
        let Some(links) = self.links.as_ref().filter(|_| self.endpoint.can_call()) else {
            return Err(unsent(
                FailureKind::Configuration,
                "calls need a number and a public base URL",
            ));
        };
        let Message { challenge, language, .. } = message;
        let code = message.code.ok_or_else(|| {
            unsent(FailureKind::Configuration, "nothing but codes is spoken in calls")
        })?;
        let token = spoken::seal(links.keyring(), *challenge, code, language.tag(), now);
        let answer_url = links.answer_url(NAME, &token).to_string();
        let hangup_url = links.report_url(NAME).to_string();
        let request = CallRequest::new(self.endpoint.sender(), to, &answer_url, &hangup_url);
        self.ask(Resource::Call, &request, &token, Reply::request_uuid).await
    }

    /// `private` is what an answer must not be quoted with, beside the credentials.
    async fn ask(
        &self,
        resource: Resource,
        request: &impl Serialize,
        private: &str,
        uuid: fn(&Reply) -> Option<&str>,
    ) -> Result<Receipt, ProviderFailure> {
        let request = self.endpoint.prepare(resource, request).map_err(|error| {
            unsent(FailureKind::Configuration, "the request cannot be written as JSON")
                .with_source(error)
        })?;
        let deadline = Instant::now() + self.total_timeout;
        let answer = exchange(request, deadline).await.map_err(|error| error.into_failure(NAME))?;
        let [token, basic] = self.endpoint.private();
        let asked = Asked { sender: self.endpoint.sender(), private: &[private, token, basic] };
        outcome::receipt(&answer, &asked, uuid)
    }
}

#[async_trait]
impl MessageSender for Plivo {
    fn name(&self) -> &'static str {
        NAME
    }

    fn carries(&self, channel: Channel) -> bool {
        match channel {
            Channel::Sms => true,
            Channel::Call => self.links.is_some() && self.endpoint.can_call(),
        }
    }

    /// Asks for the account itself.
    async fn probe(&self, _: DateTime<Utc>) -> Result<(), ProviderFailure> {
        let call = Call::begin(NAME, "probe");
        let deadline = Instant::now() + self.total_timeout;
        let asked = exchange(self.endpoint.account(), deadline).await;
        let probed = asked.map_err(|error| error.into_failure(NAME)).and_then(|answer| {
            let private = self.endpoint.private();
            let asked = Asked { sender: self.endpoint.sender(), private: &private };
            outcome::probed(&answer, self.endpoint.auth_id(), &asked).map(|()| answer.status)
        });
        call.probed(probed)
    }

    async fn send(
        &self,
        now: DateTime<Utc>,
        message: &Message<'_>,
    ) -> Result<Accepted, ProviderFailure> {
        match message.channel {
            Channel::Call => self.call(now, message).await,
            Channel::Sms => self.send_text(message.to.e164(), message.text).await,
        }
    }
}

impl fmt::Debug for Plivo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plivo").field("total_timeout", &self.total_timeout).finish_non_exhaustive()
    }
}

fn logged(
    call: &Call,
    asked: Result<Receipt, ProviderFailure>,
) -> Result<Accepted, ProviderFailure> {
    match asked {
        Ok(receipt) => {
            call.accepted(receipt.http_status, receipt.note.as_deref(), receipt.is_odd);
            Ok(receipt.accepted)
        }
        Err(failure) => {
            call.failed(&failure);
            Err(failure)
        }
    }
}

fn destination(e164: &str) -> Result<&str, ProviderFailure> {
    let digits = e164.strip_prefix('+').filter(|_| is_e164(e164));
    digits.ok_or_else(|| unsent(FailureKind::InvalidNumber, "not a number in E.164 form"))
}

fn unsent(kind: FailureKind, detail: &'static str) -> ProviderFailure {
    ProviderFailure::new(NAME, kind).with_detail(detail)
}
