//! Requests to Infobip: the path, the headers, the body.
//!
//! Owns the paths. Never sends anything; a request that is to go out a second time is prepared a
//! second time.

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::settings::{InfobipSettings, InfobipSetupError};
use super::wire::{StartRequest, VerifyRequest};
use crate::otp::Channel;

/// The one path below which everything happens.
const PIN: &str = "/2fa/2/pin";

/// Where applications and their message templates are.
const APPLICATIONS: &str = "/2fa/2/applications";

/// The API also speaks XML.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Where requests go and in whose name.
pub(super) struct Endpoint {
    base_url: Url,
    authorization: HeaderValue,
    api_key: SecretString,
    application_id: String,
    message_id: String,
    http: Client,
}

impl Endpoint {
    pub(super) fn new(settings: InfobipSettings, http: Client) -> Result<Self, InfobipSetupError> {
        let authorization = settings.authorization()?;
        let InfobipSettings { base_url, api_key, application_id, message_id } = settings;
        Ok(Self { base_url, authorization, api_key, application_id, message_id, http })
    }

    /// Asks for the message template of our application.
    pub(super) fn template(&self) -> RequestBuilder {
        let Self { application_id, message_id, .. } = self;
        let mut url = self.base_url.clone();
        url.set_path(&format!("{APPLICATIONS}/{application_id}/messages/{message_id}"));
        self.http.get(url).header(ACCEPT, JSON).header(AUTHORIZATION, &self.authorization)
    }

    /// Has a PIN made and sent to `to`, digits only.
    pub(super) fn start(&self, to: &str, channel: Channel) -> RequestBuilder {
        let mut url = self.base_url.clone();
        match channel {
            Channel::Sms => {
                url.set_path(PIN);
                // A paid lookup of the number, which is done where nothing else is said.
                url.set_query(Some("ncNeeded=false"));
            }
            Channel::Call => url.set_path(&format!("{PIN}/voice")),
        }
        let request =
            StartRequest { application_id: &self.application_id, message_id: &self.message_id, to };
        self.post(url, &request)
    }

    /// Has `code` judged for the PIN `id`, which must be a plain one.
    pub(super) fn verify(&self, id: &str, code: &str) -> RequestBuilder {
        let mut url = self.base_url.clone();
        url.set_path(&format!("{PIN}/{id}/verify"));
        self.post(url, &VerifyRequest { pin: code })
    }

    fn post(&self, url: Url, body: &impl Serialize) -> RequestBuilder {
        self.http
            .post(url)
            .header(ACCEPT, JSON)
            .header(AUTHORIZATION, &self.authorization)
            .json(body)
    }

    /// What must never be quoted, should an answer repeat it.
    pub(super) fn private(&self) -> &str {
        self.api_key.expose_secret()
    }
}
