//! What the adapter must be told, and the faults that can be seen in it without asking Sinch.
//!
//! Owns the check of the base URL and of the credentials' form. Never reads the environment.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::signature::{SecretNotBase64, SigningKey};
use crate::foundation::outbound::{keeps_secrets, names_a_host_only};

/// How to reach a Sinch application.
#[derive(Debug, Clone)]
pub struct SinchSettings {
    /// Scheme, host and port (`SINCH_BASE_URL`); the path is ours.
    pub base_url: Url,
    /// The application key (`SINCH_APP_KEY`).
    pub app_key: String,
    /// The application secret as the dashboard shows it (`SINCH_APP_SECRET`).
    pub app_secret: SecretString,
    /// How requests prove who sends them (`SINCH_AUTH`).
    pub auth: SinchAuth,
    /// Whose words a text has (`SINCH_SMS_TEXT`).
    pub sms_text: SmsText,
}

/// How requests prove who sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinchAuth {
    /// Application signed request: the secret never leaves. What Sinch asks for in production.
    Signed,
    /// HTTP Basic: meant by Sinch for prototypes.
    Basic,
}

/// Whose words a text has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsText {
    /// Sinch's, in the languages of the reader.
    Sinch,
    /// Ours, as far as the account lets us.
    Own,
}

/// Settings that cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SinchSetupError {
    /// Not `http(s)://host[:port]`.
    #[error("the base URL must be http or https with a host, and no path, query or user")]
    BaseUrl,
    /// Numbers and codes (and with Basic the secret) would travel in the clear.
    #[error("the base URL must be https, unless the host is this machine")]
    InTheClear,
    /// Empty, or with characters that a header cannot carry.
    #[error("the application key must be printable ASCII without spaces and colons")]
    AppKey,
    /// See [`SecretNotBase64`].
    #[error(transparent)]
    AppSecret(#[from] SecretNotBase64),
    /// Sinch documents the options of a text for signed requests only.
    #[error("own texts need signed requests")]
    OwnTextUnsigned,
}

/// Credentials in the form in which requests need them.
#[derive(Debug)]
pub(super) enum Credentials {
    Signed(Box<SigningKey>),
    Basic {
        /// A whole `Authorization` header, marked sensitive.
        header: HeaderValue,
        secret: SecretString,
    },
}

impl Credentials {
    /// What an answer might repeat of what was sent, and must not be quoted.
    pub(super) fn private(&self) -> Vec<&str> {
        match self {
            Self::Signed(_) => Vec::new(),
            Self::Basic { header, secret } => {
                let token = header.to_str().unwrap_or_default().trim_start_matches("Basic ");
                vec![secret.expose_secret(), token]
            }
        }
    }
}

impl SinchSettings {
    /// Whether the adapter can work with these settings.
    pub fn check(&self) -> Result<(), SinchSetupError> {
        self.credentials().map(drop)
    }

    /// The credentials, once every setting has been found sound.
    pub(super) fn credentials(&self) -> Result<Credentials, SinchSetupError> {
        if !names_a_host_only(&self.base_url) {
            return Err(SinchSetupError::BaseUrl);
        }
        if !keeps_secrets(&self.base_url) {
            return Err(SinchSetupError::InTheClear);
        }
        let sound = |c: char| c.is_ascii_graphic() && c != ':';
        if self.app_key.is_empty() || !self.app_key.chars().all(sound) {
            return Err(SinchSetupError::AppKey);
        }
        if self.sms_text == SmsText::Own && self.auth == SinchAuth::Basic {
            return Err(SinchSetupError::OwnTextUnsigned);
        }
        let key = SigningKey::decode(&self.app_secret)?;
        match self.auth {
            SinchAuth::Signed => Ok(Credentials::Signed(Box::new(key))),
            SinchAuth::Basic => self.basic(),
        }
    }

    fn basic(&self) -> Result<Credentials, SinchSetupError> {
        let pair = Zeroizing::new(format!("{}:{}", self.app_key, self.app_secret.expose_secret()));
        let header = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        let mut header = HeaderValue::from_str(&header).map_err(|_| SinchSetupError::AppKey)?;
        header.set_sensitive(true);
        Ok(Credentials::Basic { header, secret: self.app_secret.clone() })
    }
}
