//! Requests to Sinch: the path, the headers, the proof of who sends them.
//!
//! Owns the paths. Never sends anything; a request that is to go out a second time
//! is prepared a second time.

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Url};
use serde::Serialize;

use super::settings::{Credentials, SinchSettings, SinchSetupError, SmsText};
use super::signature::Signed;
use super::wire::SmsOptions;
use crate::otp::Channel;
use crate::otp::providers::hosted::Wording;

/// The one path below which everything happens.
const VERIFICATIONS: &str = "/verification/v1/verifications";

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The longest list of languages that is passed on, in characters.
const MAX_LANGUAGES_CHARS: usize = 128;

/// Where requests go and in whose name.
pub(super) struct Endpoint {
    base_url: Url,
    app_key: String,
    credentials: Credentials,
    sms_text: SmsText,
    http: Client,
}

/// One request, not yet signed.
pub(super) struct Outgoing {
    method: Method,
    path: String,
    body: Option<Vec<u8>>,
    languages: Option<HeaderValue>,
}

impl Outgoing {
    pub(super) fn start(
        body: &impl Serialize,
        languages: Option<&str>,
    ) -> serde_json::Result<Self> {
        Ok(Self {
            method: Method::POST,
            path: VERIFICATIONS.to_owned(),
            body: Some(serde_json::to_vec(body)?),
            languages: languages.and_then(language_header),
        })
    }

    /// `id` must be a plain one.
    pub(super) fn report(id: &str, body: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self {
            method: Method::PUT,
            path: format!("{VERIFICATIONS}/id/{id}"),
            body: Some(serde_json::to_vec(body)?),
            languages: None,
        })
    }

    /// `id` must be a plain one.
    pub(super) fn status(id: &str) -> Self {
        Self {
            method: Method::GET,
            path: format!("{VERIFICATIONS}/id/{id}"),
            body: None,
            languages: None,
        }
    }
}

impl Endpoint {
    pub(super) fn new(settings: SinchSettings, http: Client) -> Result<Self, SinchSetupError> {
        let credentials = settings.credentials()?;
        let SinchSettings { base_url, app_key, sms_text, .. } = settings;
        Ok(Self { base_url, app_key, credentials, sms_text, http })
    }

    /// What a text is asked to be like. Sinch takes such options in signed requests only, and a text
    /// of ours has the app's hash in it already.
    pub(super) fn sms_options<'a>(
        &self,
        channel: Channel,
        wording: &Wording<'a>,
    ) -> Option<SmsOptions<'a>> {
        let takes_options = matches!(self.credentials, Credentials::Signed(_));
        if channel != Channel::Sms || !takes_options {
            return None;
        }
        match (self.sms_text, wording) {
            (SmsText::Own, Wording { text: Some(template), .. }) => {
                Some(SmsOptions { template: Some(template), application_hash: None })
            }
            (_, Wording { app_hash: Some(hash), .. }) => {
                Some(SmsOptions { template: None, application_hash: Some(hash.as_str()) })
            }
            _ => None,
        }
    }

    pub(super) fn prepare(&self, outgoing: &Outgoing, now: DateTime<Utc>) -> RequestBuilder {
        let mut url = self.base_url.clone();
        url.set_path(&outgoing.path);
        let mut request =
            self.http.request(outgoing.method.clone(), url.clone()).header(ACCEPT, JSON);
        if let Some(languages) = &outgoing.languages {
            request = request.header(ACCEPT_LANGUAGE, languages);
        }
        request = self.authorize(request, outgoing, url.path(), now);
        if let Some(body) = &outgoing.body {
            // Set by hand, not by `json()`: the signature covers this header byte for byte.
            request = request.header(CONTENT_TYPE, JSON).body(body.clone());
        }
        request
    }

    fn authorize(
        &self,
        request: RequestBuilder,
        outgoing: &Outgoing,
        path: &str,
        now: DateTime<Utc>,
    ) -> RequestBuilder {
        match &self.credentials {
            Credentials::Basic { header, .. } => request.header(AUTHORIZATION, header),
            Credentials::Signed(key) => {
                let timestamp = now.to_rfc3339_opts(SecondsFormat::Millis, true);
                let authorization = key.authorization(
                    &self.app_key,
                    &Signed {
                        method: outgoing.method.as_str(),
                        content_type: if outgoing.body.is_some() { "application/json" } else { "" },
                        timestamp: &timestamp,
                        path,
                        body: outgoing.body.as_deref().unwrap_or_default(),
                    },
                );
                request.header("x-timestamp", timestamp).header(AUTHORIZATION, authorization)
            }
        }
    }

    /// What must never be quoted, should an answer repeat it.
    pub(super) fn private(&self) -> Vec<&str> {
        self.credentials.private()
    }
}

/// The user's languages as a header. A list that is too long or odd is left out: a code in the
/// wrong language is better than none.
fn language_header(languages: &str) -> Option<HeaderValue> {
    let plain = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b',' | b';' | b'=' | b'.' | b'*' | b' ')
    };
    let sound =
        (1..=MAX_LANGUAGES_CHARS).contains(&languages.len()) && languages.bytes().all(plain);
    if sound { HeaderValue::from_str(languages).ok() } else { None }
}
