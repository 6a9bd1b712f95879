//! What every test stands on: a fake and an adapter that knows it.

use std::time::Duration;

use reqwest::Url;
use ringfence::foundation::outbound::http_client;
use ringfence::otp::providers::delivery::Accepted;
use ringfence::otp::providers::failure::ProviderFailure;
use ringfence::otp::providers::plivo::{Plivo, PlivoSettings};
use secrecy::SecretString;

use crate::fake_plivo::{FakeConfig, FakePlivo, Mode};

pub(crate) const NUMBER: &str = "+46700000001";

pub(crate) const TEXT: &str = "493817 is your code. Never share it.";

/// plivo-go, `fixtures/messageSendResponse.json`.
pub(crate) const MESSAGE_SEND_RESPONSE: &str = r#"{
    "api_id": "948b53a2-3f08-11e7-b6f4-061564b78b75",
    "message": "message(s) queued",
    "message_uuid": ["5b40a428-bfc7-4daf-9d06-726c558bf3b8"]
}"#;

/// Long enough for an answer on a busy machine, short enough to wait for.
pub(crate) const PATIENCE: Duration = Duration::from_millis(600);

/// Settings that fit a fake of `FakeConfig::default()` at `base_url`.
pub(crate) fn settings(base_url: &str) -> PlivoSettings {
    let FakeConfig { auth_id, auth_token, phone_number, .. } = FakeConfig::default();
    let base_url = Url::parse(base_url).unwrap();
    let auth_token = SecretString::from(auth_token);
    let phone_number = format!("+{phone_number}");
    PlivoSettings { base_url, auth_id, auth_token, phone_number, india_dlt: None }
}

pub(crate) fn adapter(settings: PlivoSettings) -> Plivo {
    Plivo::new(settings, http_client().unwrap()).unwrap()
}

pub(crate) fn reply(http: u16, body: &str) -> Mode {
    Mode::Reply { http, body: body.to_owned() }
}

pub(crate) struct World {
    pub(crate) fake: FakePlivo,
    pub(crate) plivo: Plivo,
}

impl World {
    pub(crate) async fn new() -> Self {
        let fake = FakePlivo::start(FakeConfig::default()).await.unwrap();
        let plivo = adapter(settings(fake.base_url()));
        Self { fake, plivo }
    }

    /// One whose adapter waits no longer than [`PATIENCE`].
    pub(crate) async fn impatient() -> Self {
        let World { fake, plivo } = Self::new().await;
        Self { fake, plivo: plivo.with_total_timeout(PATIENCE) }
    }

    pub(crate) async fn send(&self) -> Result<Accepted, ProviderFailure> {
        self.plivo.send_text(NUMBER, TEXT).await
    }

    /// What comes of a text that is answered so.
    pub(crate) async fn answered(
        &self,
        http: u16,
        body: &str,
    ) -> Result<Accepted, ProviderFailure> {
        self.fake.once(reply(http, body));
        self.send().await
    }
}
