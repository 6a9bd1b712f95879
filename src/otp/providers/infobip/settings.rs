//! What the adapter must be told, and the faults that can be seen in it without asking Infobip.
//!
//! Owns the check of the base URL and of the credentials' form. Never reads the environment.

use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::foundation::outbound::{keeps_secrets, names_a_host_only};
use crate::otp::providers::preflight::is_plain_id;

/// How to reach a 2FA application of Infobip's.
#[derive(Debug, Clone)]
pub struct InfobipSettings {
    /// Scheme and host of the account (`INFOBIP_BASE_URL`), `https://xxxxx.api.infobip.com`; the
    /// path is ours.
    pub base_url: Url,
    /// An API key that may send PINs (`INFOBIP_API_KEY`).
    pub api_key: SecretString,
    /// The id of the 2FA application (`INFOBIP_2FA_APP_ID`).
    pub application_id: String,
    /// The id of the application's message template (`INFOBIP_2FA_MSG_ID`).
    pub message_id: String,
}

/// Settings that cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InfobipSetupError {
    /// Not `http(s)://host[:port]`.
    #[error("the base URL must be http or https with a host, and no path, query or user")]
    BaseUrl,
    /// Numbers, codes and the key would travel in the clear.
    #[error("the base URL must be https, unless the host is this machine")]
    InTheClear,
    /// Empty, or with characters that a header cannot carry.
    #[error("the api key must be printable ASCII without spaces")]
    ApiKey,
    /// Empty, or not an id.
    #[error("the application id must be letters, digits, - and _")]
    ApplicationId,
    /// Empty, or not an id.
    #[error("the message id must be letters, digits, - and _")]
    MessageId,
}

impl InfobipSettings {
    /// Whether the adapter can work with these settings.
    pub fn check(&self) -> Result<(), InfobipSetupError> {
        self.authorization().map(drop)
    }

    /// The whole `Authorization` header, marked sensitive, once every setting has been found
    /// sound.
    pub(super) fn authorization(&self) -> Result<HeaderValue, InfobipSetupError> {
        if !names_a_host_only(&self.base_url) {
            return Err(InfobipSetupError::BaseUrl);
        }
        if !keeps_secrets(&self.base_url) {
            return Err(InfobipSetupError::InTheClear);
        }
        if !is_plain_id(&self.application_id) {
            return Err(InfobipSetupError::ApplicationId);
        }
        if !is_plain_id(&self.message_id) {
            return Err(InfobipSetupError::MessageId);
        }
        let key = self.api_key.expose_secret();
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InfobipSetupError::ApiKey);
        }
        let header = Zeroizing::new(format!("App {key}"));
        let mut header = HeaderValue::from_str(&header).map_err(|_| InfobipSetupError::ApiKey)?;
        header.set_sensitive(true);
        Ok(header)
    }
}
