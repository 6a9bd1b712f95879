//! What every test stands on: a peer and an adapter that knows it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Url;
use ringfence::foundation::outbound::http_client;
use ringfence::otp::providers::aws_sns::{AwsSns, AwsSnsSettings, SmsType};
use ringfence::otp::providers::delivery::Accepted;
use ringfence::otp::providers::failure::ProviderFailure;
use secrecy::SecretString;

use crate::peer::{Peer, Treatment};

pub(crate) const NUMBER: &str = "+46700000001";

pub(crate) const TEXT: &str = "493817 is your code. Never share it.";

pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

pub(crate) const SESSION_TOKEN: &str = "FwoGZXIvYXdzEXAMPLE//TOKEN==";

/// Long enough for an answer on a busy machine, short enough to wait for.
pub(crate) const PATIENCE: Duration = Duration::from_millis(900);

/// AWS's own example of a time of signing.
pub(crate) fn now() -> DateTime<Utc> {
    "2015-08-30T12:36:00Z".parse().unwrap()
}

/// What must be set, and nothing more.
pub(crate) fn settings(endpoint_url: &str) -> AwsSnsSettings {
    AwsSnsSettings {
        region: "eu-west-1".to_owned(),
        access_key_id: SecretString::from("AKIAIOSFODNN7EXAMPLE"),
        secret_access_key: SecretString::from(SECRET),
        session_token: None,
        endpoint_url: Some(Url::parse(endpoint_url).unwrap()),
        sms_type: SmsType::Transactional,
        sender_id: None,
        origination_number: None,
        max_price_usd: None,
        india_dlt: None,
    }
}

pub(crate) fn adapter(settings: &AwsSnsSettings) -> AwsSns {
    AwsSns::new(settings, http_client().unwrap()).unwrap()
}

pub(crate) struct World {
    pub(crate) peer: Peer,
    pub(crate) sns: AwsSns,
}

impl World {
    pub(crate) async fn new() -> Self {
        let peer = Peer::start().await;
        let sns = adapter(&settings(&peer.base_url));
        Self { peer, sns }
    }

    pub(crate) async fn send(&self) -> Result<Accepted, ProviderFailure> {
        self.sns.send_text(now(), NUMBER, TEXT).await
    }

    /// What comes of a text that is answered so.
    pub(crate) async fn answered(
        &self,
        http: u16,
        body: &str,
    ) -> Result<Accepted, ProviderFailure> {
        self.peer.next_text(Treatment::Reply { http, body: body.to_owned() });
        self.send().await
    }
}
