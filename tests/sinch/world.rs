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
use ringfence::otp::providers::sinch::{Sinch, SinchAuth, SinchSettings, SmsText};
use secrecy::SecretString;

use crate::fake_sinch::{FakeConfig, FakeSinch};

pub(crate) const NUMBER: &str = "+46700000001";

/// Long enough for an answer on a busy machine, short enough to wait for.
pub(crate) const PATIENCE: Duration = Duration::from_millis(600);

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-01-02T03:04:05.678Z").unwrap().to_utc()
}

pub(crate) fn config() -> FakeConfig {
    FakeConfig { clock: Arc::new(now), ..FakeConfig::default() }
}

/// Settings that fit `config()`, for the fake at `base_url`.
pub(crate) fn settings(base_url: &str, auth: SinchAuth) -> SinchSettings {
    let FakeConfig { app_key, app_secret, .. } = config();
    let base_url = Url::parse(base_url).unwrap();
    let (app_secret, sms_text) = (SecretString::from(app_secret), SmsText::Sinch);
    SinchSettings { base_url, app_key, app_secret, auth, sms_text }
}

pub(crate) fn adapter(settings: SinchSettings) -> Sinch {
    Sinch::new(settings, http_client().unwrap()).unwrap()
}

pub(crate) struct World {
    pub(crate) fake: FakeSinch,
    pub(crate) sinch: Sinch,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(config(), SinchAuth::Signed).await
    }

    pub(crate) async fn with(config: FakeConfig, auth: SinchAuth) -> Self {
        let fake = FakeSinch::start(config).await.unwrap();
        let sinch = adapter(settings(fake.base_url(), auth));
        Self { fake, sinch }
    }

    /// One whose adapter waits no longer than [`PATIENCE`].
    pub(crate) async fn impatient(config: FakeConfig) -> Self {
        let World { fake, sinch } = Self::with(config, SinchAuth::Signed).await;
        Self { fake, sinch: sinch.with_total_timeout(PATIENCE) }
    }

    pub(crate) async fn start(&self) -> Result<Started, ProviderFailure> {
        self.sinch.start(now(), NUMBER, Channel::Sms, "ref-1", &Wording::default()).await
    }

    pub(crate) async fn check(&self, id: &str, code: &str) -> Result<Verdict, ProviderFailure> {
        self.sinch.check(now(), id, Channel::Sms, code).await
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
