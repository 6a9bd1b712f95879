//! What every test stands on: a fake, an adapter that knows it, and a time that stands still.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Url;
use ringfence::foundation::outbound::http_client;
use ringfence::otp::Channel;
use ringfence::otp::providers::failure::ProviderFailure;
use ringfence::otp::providers::hosted::HostedVerifier as _;
use ringfence::otp::providers::hosted::{Started, Verdict, Wording};
use ringfence::otp::providers::infobip::{Infobip, InfobipSettings};
use secrecy::SecretString;
use serde_json::Value;

use crate::fake_infobip::{FakeConfig, FakeInfobip, Mode};

pub(crate) const NUMBER: &str = "+41793026727";

/// The number as Infobip writes it.
pub(crate) const DIGITS: &str = "41793026727";

/// Long enough for an answer on a busy machine, short enough to wait for.
pub(crate) const PATIENCE: Duration = Duration::from_millis(600);

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-01-02T03:04:05.678Z").unwrap().to_utc()
}

pub(crate) fn config() -> FakeConfig {
    FakeConfig { clock: Arc::new(now), ..FakeConfig::default() }
}

/// Settings that fit `config()`, for the fake at `base_url`.
pub(crate) fn settings(base_url: &str) -> InfobipSettings {
    let FakeConfig { api_key, application_id, message_id, .. } = config();
    let base_url = Url::parse(base_url).unwrap();
    InfobipSettings { base_url, api_key: SecretString::from(api_key), application_id, message_id }
}

pub(crate) fn adapter(settings: InfobipSettings) -> Infobip {
    Infobip::new(settings, http_client().unwrap()).unwrap()
}

/// An answer of the provider's, word for word.
pub(crate) fn ok(body: Value) -> Mode {
    Mode::Json { http: 200, body }
}

pub(crate) fn error(http: u16, code: &str) -> Mode {
    Mode::Error { http, code: code.to_owned() }
}

pub(crate) struct World {
    pub(crate) fake: FakeInfobip,
    pub(crate) infobip: Infobip,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: FakeConfig) -> Self {
        let fake = FakeInfobip::start(config).await.unwrap();
        let infobip = adapter(settings(fake.base_url()));
        Self { fake, infobip }
    }

    /// One whose adapter waits no longer than [`PATIENCE`].
    pub(crate) async fn impatient(config: FakeConfig) -> Self {
        let World { fake, infobip } = Self::with(config).await;
        Self { fake, infobip: infobip.with_total_timeout(PATIENCE) }
    }

    pub(crate) async fn start(&self) -> Result<Started, ProviderFailure> {
        self.infobip.start(now(), NUMBER, Channel::Sms, "ref-1", &Wording::default()).await
    }

    pub(crate) async fn check(&self, id: &str, code: &str) -> Result<Verdict, ProviderFailure> {
        self.infobip.check(now(), id, Channel::Sms, code).await
    }

    /// A verification under way: its handle and its code.
    pub(crate) async fn under_way(&self) -> (String, String) {
        let id = self.start().await.unwrap().reference_id;
        (id, self.fake.code_for(NUMBER).unwrap())
    }
}

/// A code of the same form that is not `code`.
pub(crate) fn wrong(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect()
}
