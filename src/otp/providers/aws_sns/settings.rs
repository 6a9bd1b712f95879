//! What the adapter must be told, and the faults that can be seen in it without asking AWS.
//!
//! Owns the form of region, credentials and sender. Never reads the environment, nor a profile, nor
//! the metadata of a machine: what is used is what was set.

use aws_sdk_sns::config::Credentials;
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};

use crate::foundation::outbound::{keeps_secrets, names_a_host_only};
use crate::otp::providers::india_dlt::IndiaDlt;

/// The longest region that is taken; AWS's have up to 14 characters.
const MAX_REGION_CHARS: usize = 32;
/// IAM, `AccessKey`: an id has 16 to 128 characters. Shorter ones are left to test doubles.
const MAX_KEY_ID_CHARS: usize = 128;
/// SNS developer guide, "Sending SMS messages": a sender id has up to 11 characters; 3 at least.
const SENDER_ID_CHARS: std::ops::RangeInclusive<usize> = 3..=11;
/// The same, on `AWS.MM.SMS.OriginationNumber`.
const ORIGINATION_DIGITS: std::ops::RangeInclusive<usize> = 5..=14;
/// The same, on `AWS.MM.SMS.EntityId` and `AWS.MM.SMS.TemplateId`.
const MAX_DLT_ID_CHARS: usize = 50;
/// A bound of ours: 999.99999 US dollars are more than any text costs.
const MAX_PRICE_DIGITS: (usize, usize) = (3, 5);

/// How to reach SNS, and how texts are to be sent.
#[derive(Debug, Clone)]
pub struct AwsSnsSettings {
    /// Where SNS is asked (`AWS_REGION`), for instance `eu-west-1`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: SecretString,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: SecretString,
    /// `AWS_SESSION_TOKEN`, with temporary credentials only.
    pub session_token: Option<SecretString>,
    /// Scheme, host and port in place of the region's own (`AWS_ENDPOINT_URL`).
    pub endpoint_url: Option<Url>,
    /// `SNS_SMS_TYPE`.
    pub sms_type: SmsType,
    /// Whom texts come from, where the country shows it (`SNS_SMS_SENDER_ID`): 3 to 11 letters,
    /// digits and hyphens, one letter at least.
    pub sender_id: Option<String>,
    /// A number of the account that texts come from (`SNS_ORIGINATION_NUMBER`): 5 to 14 digits, with
    /// or without the plus sign.
    pub origination_number: Option<String>,
    /// The most that one message may cost in US dollars, as a decimal number (`SNS_MAX_PRICE_USD`).
    pub max_price_usd: Option<String>,
    /// The registration of the text in India; it goes with texts to there only.
    pub india_dlt: Option<IndiaDlt>,
}

/// How SNS routes a text: `SNS_SMS_TYPE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsType {
    /// For the best chance of delivery: right for codes.
    Transactional,
    /// For the lowest price. What SNS would take without being told.
    Promotional,
}

impl SmsType {
    /// Its name on the wire.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Transactional => "Transactional",
            Self::Promotional => "Promotional",
        }
    }
}

/// Settings that cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AwsSnsSetupError {
    /// It becomes part of a host name.
    #[error("the region must be lower-case letters, digits and hyphens, like eu-west-1")]
    Region,
    /// Empty, or no identifier.
    #[error("the access key id must be letters and digits")]
    AccessKeyId,
    /// Empty, or with characters that no key has.
    #[error("the secret access key must be printable ASCII without spaces")]
    SecretAccessKey,
    /// Empty, or with characters that a header cannot carry.
    #[error("the session token must be printable ASCII without spaces")]
    SessionToken,
    /// Not `http(s)://host[:port]`.
    #[error("the endpoint must be http or https with a host, and no path, query or user")]
    EndpointUrl,
    /// Codes would cross a network in the clear.
    #[error("the endpoint must be https, unless the host is this machine")]
    InTheClear,
    /// SNS would refuse each text.
    #[error("a sender id has 3 to 11 letters, digits and hyphens, and at least one letter")]
    SenderId,
    /// SNS would refuse each text.
    #[error("an origination number has 5 to 14 digits, with or without a plus sign before them")]
    OriginationNumber,
    /// Not an amount.
    #[error("a price is a decimal number above 0 and below 1000, like 0.05, in US dollars")]
    MaxPrice,
    /// SNS takes shorter ids than others do.
    #[error("SNS takes DLT ids of at most 50 characters")]
    DltEntityId,
    /// The same, of the template.
    #[error("SNS takes DLT ids of at most 50 characters")]
    DltTemplateId,
}

impl AwsSnsSettings {
    /// Whether the adapter can work with these settings.
    pub fn check(&self) -> Result<(), AwsSnsSetupError> {
        self.check_access()?;
        let fits = |value: &Option<String>, is_sound: fn(&str) -> bool| {
            value.as_deref().is_none_or(is_sound)
        };
        if !fits(&self.sender_id, is_sender_id) {
            return Err(AwsSnsSetupError::SenderId);
        }
        if !fits(&self.origination_number, is_origination_number) {
            return Err(AwsSnsSetupError::OriginationNumber);
        }
        if !fits(&self.max_price_usd, is_price) {
            return Err(AwsSnsSetupError::MaxPrice);
        }
        let Some(dlt) = &self.india_dlt else { return Ok(()) };
        if dlt.entity_id().chars().count() > MAX_DLT_ID_CHARS {
            return Err(AwsSnsSetupError::DltEntityId);
        }
        if dlt.template_id().chars().count() > MAX_DLT_ID_CHARS {
            return Err(AwsSnsSetupError::DltTemplateId);
        }
        Ok(())
    }

    fn check_access(&self) -> Result<(), AwsSnsSetupError> {
        if !is_region(&self.region) {
            return Err(AwsSnsSetupError::Region);
        }
        let id = self.access_key_id.expose_secret();
        let sound_length = (1..=MAX_KEY_ID_CHARS).contains(&id.len());
        if !sound_length || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(AwsSnsSetupError::AccessKeyId);
        }
        if !is_graphic(&self.secret_access_key) {
            return Err(AwsSnsSetupError::SecretAccessKey);
        }
        if self.session_token.as_ref().is_some_and(|token| !is_graphic(token)) {
            return Err(AwsSnsSetupError::SessionToken);
        }
        match &self.endpoint_url {
            Some(url) if !names_a_host_only(url) => Err(AwsSnsSetupError::EndpointUrl),
            Some(url) if !keeps_secrets(url) => Err(AwsSnsSetupError::InTheClear),
            _ => Ok(()),
        }
    }

    /// In the SDK's form, which shows no secret.
    pub(super) fn credentials(&self) -> Credentials {
        let token = self.session_token.as_ref().map(|token| token.expose_secret().to_owned());
        Credentials::new(
            self.access_key_id.expose_secret(),
            self.secret_access_key.expose_secret(),
            token,
            None,
            "settings",
        )
    }
}

fn is_region(text: &str) -> bool {
    text.len() <= MAX_REGION_CHARS
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_graphic(secret: &SecretString) -> bool {
    let secret = secret.expose_secret();
    !secret.is_empty() && secret.bytes().all(|b| b.is_ascii_graphic())
}

fn is_sender_id(text: &str) -> bool {
    SENDER_ID_CHARS.contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && text.bytes().any(|b| b.is_ascii_alphabetic())
}

fn is_origination_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    ORIGINATION_DIGITS.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

fn is_price(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str, max: usize| {
        (1..=max).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    is_number(whole, MAX_PRICE_DIGITS.0)
        && is_number(fraction, MAX_PRICE_DIGITS.1)
        && text.bytes().any(|b| matches!(b, b'1'..=b'9'))
}
