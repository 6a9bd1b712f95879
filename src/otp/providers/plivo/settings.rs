//! What the adapter must be told, and the faults that can be seen in it without asking Plivo.
//!
//! Owns the form of credentials and sender. Never reads the environment.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// The longest auth id that is taken; Plivo's have 20 characters.
const MAX_AUTH_ID_CHARS: usize = 64;

use crate::foundation::outbound::{keeps_secrets, names_a_host_only};
use crate::otp::providers::india_dlt::IndiaDlt;

/// How to reach a Plivo account.
#[derive(Debug, Clone)]
pub struct PlivoSettings {
    /// Scheme, host and port (`PLIVO_BASE_URL`); the path is ours.
    pub base_url: Url,
    /// The account or subaccount (`PLIVO_AUTH_ID`).
    pub auth_id: String,
    /// Its token (`PLIVO_AUTH_TOKEN`).
    pub auth_token: SecretString,
    /// Whom texts and calls come from (`PLIVO_PHONE_NUMBER`): a number of the account with its
    /// country code, with or without the plus sign, or a short code, or, for texts only, a sender
    /// id of 1 to 11 letters and digits.
    pub phone_number: String,
    /// How texts to India are registered (`DLT_*`).
    pub india_dlt: Option<IndiaDlt>,
}

/// Settings that cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlivoSetupError {
    /// Not `http(s)://host[:port]`.
    #[error("the base URL must be http or https with a host, and no path, query or user")]
    BaseUrl,
    /// The token would cross a network in the clear.
    #[error("the base URL must be https, unless the host is this machine")]
    InTheClear,
    /// It stands in the path.
    #[error("the auth id must be letters and digits")]
    AuthId,
    /// Empty, or with characters that a header cannot carry.
    #[error("the auth token must be printable ASCII without spaces")]
    AuthToken,
    /// Neither a number nor a sender id.
    #[error(
        "the phone number must have 3 to 15 digits, the first not a zero, or be a sender id of 1 \
         to 11 letters and digits"
    )]
    PhoneNumber,
}

/// Credentials in the form in which requests need them.
pub(super) struct Credentials {
    /// A whole `Authorization` header, marked sensitive.
    pub(super) header: HeaderValue,
    token: SecretString,
}

impl Credentials {
    /// What an answer might repeat of what was sent, and must not be quoted.
    pub(super) fn private(&self) -> [&str; 2] {
        let basic = self.header.to_str().unwrap_or_default().trim_start_matches("Basic ");
        [self.token.expose_secret(), basic]
    }
}

impl PlivoSettings {
    /// Whether the adapter can work with these settings.
    pub fn check(&self) -> Result<(), PlivoSetupError> {
        self.credentials()?;
        self.sender().map(drop)
    }

    /// The credentials, once all that concerns them has been found sound.
    pub(super) fn credentials(&self) -> Result<Credentials, PlivoSetupError> {
        let Self { base_url, auth_id, auth_token, .. } = self;
        if !names_a_host_only(base_url) {
            return Err(PlivoSetupError::BaseUrl);
        }
        if !keeps_secrets(base_url) {
            return Err(PlivoSetupError::InTheClear);
        }
        let sound_length = (1..=MAX_AUTH_ID_CHARS).contains(&auth_id.len());
        if !sound_length || !auth_id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(PlivoSetupError::AuthId);
        }
        let token = auth_token.expose_secret();
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(PlivoSetupError::AuthToken);
        }
        let pair = Zeroizing::new(format!("{auth_id}:{token}"));
        let header = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        let mut header = HeaderValue::from_str(&header).map_err(|_| PlivoSetupError::AuthToken)?;
        header.set_sensitive(true);
        Ok(Credentials { header, token: auth_token.clone() })
    }

    /// The sender as Plivo wants it: a number without the plus sign, or a sender id.
    pub(super) fn sender(&self) -> Result<String, PlivoSetupError> {
        let written = self.phone_number.as_str();
        let sender = written.strip_prefix('+').unwrap_or(written);
        let is_number = (3..=15).contains(&sender.len())
            && sender.bytes().all(|b| b.is_ascii_digit())
            && !sender.starts_with('0');
        let is_name = (1..=11).contains(&written.len())
            && written.bytes().all(|b| b.is_ascii_alphanumeric())
            && written.bytes().any(|b| b.is_ascii_alphabetic());
        if is_number || is_name { Ok(sender.to_owned()) } else { Err(PlivoSetupError::PhoneNumber) }
    }
}
