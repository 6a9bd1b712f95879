//! `VERIFICATION_PROVIDER`, and what the provider that it names needs.

use reqwest::Url;
use secrecy::SecretString;

#[cfg(feature = "aws")]
use crate::otp::providers::aws_sns::AwsSnsSettings;
use crate::otp::providers::india_dlt::IndiaDlt;
use crate::otp::providers::infobip::{InfobipSettings, InfobipSetupError};
use crate::otp::providers::plivo::{PlivoSettings, PlivoSetupError};
use crate::otp::providers::sinch::{SinchAuth, SinchSettings, SinchSetupError};

#[cfg(feature = "aws")]
use super::aws_sns::aws_sns;
use super::reader::Reader;

/// Who carries the codes, with the settings of that one only.
#[derive(Debug)]
pub enum ProviderSettings {
    /// `sinch`.
    Sinch(SinchSettings),
    /// `infobip`.
    Infobip(InfobipSettings),
    /// `aws-sns`.
    #[cfg(feature = "aws")]
    AwsSns(AwsSnsSettings),
    /// `plivo`.
    Plivo(PlivoSettings),
    /// `console`.
    Console,
}

#[derive(Clone, Copy)]
enum ProviderName {
    Sinch,
    Infobip,
    AwsSns,
    Plivo,
    Console,
}

pub(super) fn provider(
    reader: &mut Reader<'_>,
    is_production: bool,
    india_dlt: Option<&IndiaDlt>,
) -> Option<ProviderSettings> {
    let names = [
        ("sinch", ProviderName::Sinch),
        ("infobip", ProviderName::Infobip),
        ("aws-sns", ProviderName::AwsSns),
        ("plivo", ProviderName::Plivo),
        ("console", ProviderName::Console),
    ];
    reader.known(&["SINCH_APP_KEY", "SINCH_APP_SECRET", "SINCH_BASE_URL", "SINCH_AUTH"]);
    reader.known(&["INFOBIP_API_KEY", "INFOBIP_BASE_URL"]);
    reader.known(&["INFOBIP_2FA_APP_ID", "INFOBIP_2FA_MSG_ID"]);
    reader.known(&["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
    reader.known(&["AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "SNS_SMS_TYPE", "SNS_SMS_SENDER_ID"]);
    reader.known(&["SNS_ORIGINATION_NUMBER", "SNS_MAX_PRICE_USD"]);
    reader.known(&["PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN", "PLIVO_PHONE_NUMBER", "PLIVO_BASE_URL"]);
    match reader.word("VERIFICATION_PROVIDER", &names)? {
        ProviderName::Console if is_production => {
            let fault = "console shows codes in the terminal and is refused in production";
            reader.fault("VERIFICATION_PROVIDER", fault);
            None
        }
        ProviderName::Console => Some(ProviderSettings::Console),
        ProviderName::Sinch => sinch(reader).map(ProviderSettings::Sinch),
        ProviderName::Infobip => infobip(reader).map(ProviderSettings::Infobip),
        #[cfg(feature = "aws")]
        ProviderName::AwsSns => aws_sns(reader, india_dlt).map(ProviderSettings::AwsSns),
        #[cfg(not(feature = "aws"))]
        ProviderName::AwsSns => without_aws(reader, india_dlt),
        ProviderName::Plivo => plivo(reader).map(ProviderSettings::Plivo),
    }
}

/// What this build cannot do is said at start, not at the first text.
#[cfg(not(feature = "aws"))]
fn without_aws(reader: &mut Reader<'_>, _: Option<&IndiaDlt>) -> Option<ProviderSettings> {
    let fault = "aws-sns is not in this build of ringfence; build it with --features aws";
    reader.fault("VERIFICATION_PROVIDER", fault);
    None
}

fn sinch(reader: &mut Reader<'_>) -> Option<SinchSettings> {
    let mend = "the Sinch dashboard shows it with your Verification app";
    let app_key =
        reader.required_secret("SINCH_APP_KEY", mend, |text| Ok::<_, &str>(text.to_owned()));
    let app_secret = reader
        .required_secret("SINCH_APP_SECRET", mend, |text| Ok::<_, &str>(SecretString::from(text)));
    let base_url = reader.or("SINCH_BASE_URL", "https://verification.api.sinch.com", Url::parse);
    let auth =
        reader.word("SINCH_AUTH", &[("signed", SinchAuth::Signed), ("basic", SinchAuth::Basic)]);
    let settings = SinchSettings {
        base_url: base_url?,
        app_key: app_key?,
        app_secret: app_secret?,
        auth: auth?,
    };
    match settings.check() {
        Ok(()) => Some(settings),
        Err(error) => {
            reader.fault(sinch_name_at_fault(error), error.to_string());
            None
        }
    }
}

fn sinch_name_at_fault(error: SinchSetupError) -> &'static str {
    match error {
        SinchSetupError::BaseUrl | SinchSetupError::InTheClear => "SINCH_BASE_URL",
        SinchSetupError::AppKey => "SINCH_APP_KEY",
        SinchSetupError::AppSecret(_) => "SINCH_APP_SECRET",
    }
}

fn infobip(reader: &mut Reader<'_>) -> Option<InfobipSettings> {
    let api_key = reader.required_secret(
        "INFOBIP_API_KEY",
        "the Infobip portal makes one under Developer tools",
        |text| Ok::<_, &str>(SecretString::from(text)),
    );
    let base_url = reader.required("INFOBIP_BASE_URL", "it is your account's own host", Url::parse);
    let word = |text: &str| Ok::<_, &str>(text.to_owned());
    let mend = "docs/infobip.md says how to make it";
    let application_id = reader.required("INFOBIP_2FA_APP_ID", mend, word);
    let message_id = reader.required("INFOBIP_2FA_MSG_ID", mend, word);
    let settings = InfobipSettings {
        base_url: base_url?,
        api_key: api_key?,
        application_id: application_id?,
        message_id: message_id?,
    };
    match settings.check() {
        Ok(()) => Some(settings),
        Err(error) => {
            reader.fault(infobip_name_at_fault(error), error.to_string());
            None
        }
    }
}

fn infobip_name_at_fault(error: InfobipSetupError) -> &'static str {
    match error {
        InfobipSetupError::BaseUrl | InfobipSetupError::InTheClear => "INFOBIP_BASE_URL",
        InfobipSetupError::ApiKey => "INFOBIP_API_KEY",
        InfobipSetupError::ApplicationId => "INFOBIP_2FA_APP_ID",
        InfobipSetupError::MessageId => "INFOBIP_2FA_MSG_ID",
    }
}

fn plivo(reader: &mut Reader<'_>) -> Option<PlivoSettings> {
    let mend = "the Plivo console shows it";
    let word = |text: &str| Ok::<_, &str>(text.to_owned());
    let auth_id = reader.required("PLIVO_AUTH_ID", mend, word);
    let auth_token = reader
        .required_secret("PLIVO_AUTH_TOKEN", mend, |text| Ok::<_, &str>(SecretString::from(text)));
    let phone_number = reader.required("PLIVO_PHONE_NUMBER", "it is what texts come from", word);
    let base_url = reader.or("PLIVO_BASE_URL", "https://api.plivo.com", Url::parse);
    let settings = PlivoSettings {
        base_url: base_url?,
        auth_id: auth_id?,
        auth_token: auth_token?,
        phone_number: phone_number?,
    };
    match settings.check() {
        Ok(()) => Some(settings),
        Err(error) => {
            reader.fault(plivo_name_at_fault(error), error.to_string());
            None
        }
    }
}

fn plivo_name_at_fault(error: PlivoSetupError) -> &'static str {
    match error {
        PlivoSetupError::BaseUrl | PlivoSetupError::InTheClear => "PLIVO_BASE_URL",
        PlivoSetupError::AuthId => "PLIVO_AUTH_ID",
        PlivoSetupError::AuthToken => "PLIVO_AUTH_TOKEN",
        PlivoSetupError::PhoneNumber => "PLIVO_PHONE_NUMBER",
    }
}
