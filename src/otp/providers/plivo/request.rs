//! Requests to Plivo: the path, the headers, the proof of who sends them.
//!
//! Owns the paths, whose last slash is part of them. Never sends anything.

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, Url};
use serde::Serialize;

use super::settings::{Credentials, PlivoSettings, PlivoSetupError};
use crate::otp::providers::india_dlt::IndiaDlt;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The digits of the shortest number that is taken for more than a short code.
const CALLING_DIGITS_MIN: usize = 8;

/// What is made by a request.
#[derive(Clone, Copy)]
pub(super) enum Resource {
    Message,
    Call,
}

impl Resource {
    const fn path_segment(self) -> &'static str {
        match self {
            Self::Message => "Message",
            Self::Call => "Call",
        }
    }
}

/// Where requests go, in whose name, and from whom the messages in them come.
pub(super) struct Endpoint {
    base_url: Url,
    auth_id: String,
    credentials: Credentials,
    sender: String,
    india_dlt: Option<IndiaDlt>,
    http: Client,
}

impl Endpoint {
    pub(super) fn new(settings: PlivoSettings, http: Client) -> Result<Self, PlivoSetupError> {
        let credentials = settings.credentials()?;
        let sender = settings.sender()?;
        let PlivoSettings { base_url, auth_id, india_dlt, .. } = settings;
        Ok(Self { base_url, auth_id, credentials, sender, india_dlt, http })
    }

    /// Whether the sender is a whole number: names and short codes cannot call.
    pub(super) fn can_call(&self) -> bool {
        self.sender.len() >= CALLING_DIGITS_MIN && self.sender.bytes().all(|b| b.is_ascii_digit())
    }

    /// The sender as Plivo wants it.
    pub(super) fn sender(&self) -> &str {
        &self.sender
    }

    /// Asks for the account itself.
    pub(super) fn account(&self) -> RequestBuilder {
        let mut url = self.base_url.clone();
        url.set_path(&format!("/v1/Account/{}/", self.auth_id));
        self.http.get(url).header(ACCEPT, JSON).header(AUTHORIZATION, &self.credentials.header)
    }

    /// The account that requests are made for.
    pub(super) fn auth_id(&self) -> &str {
        &self.auth_id
    }

    /// Under which ids a text to the number is registered, where it has to be.
    pub(super) fn registration(&self, to_e164: &str) -> Option<&IndiaDlt> {
        self.india_dlt.as_ref().filter(|_| IndiaDlt::concerns(to_e164))
    }

    pub(super) fn prepare(
        &self,
        resource: Resource,
        body: &impl Serialize,
    ) -> serde_json::Result<RequestBuilder> {
        let mut url = self.base_url.clone();
        url.set_path(&format!("/v1/Account/{}/{}/", self.auth_id, resource.path_segment()));
        let body = serde_json::to_vec(body)?;
        Ok(self
            .http
            .post(url)
            .header(ACCEPT, JSON)
            .header(AUTHORIZATION, &self.credentials.header)
            .header(CONTENT_TYPE, JSON)
            .body(body))
    }

    /// What must never be quoted, should an answer repeat it.
    pub(super) fn private(&self) -> [&str; 2] {
        self.credentials.private()
    }
}
