//! `VERIFICATION_PROVIDER`, `PROVIDER_ROUTES`, and what the providers that they name need.

use reqwest::Url;
use secrecy::SecretString;

#[cfg(feature = "aws")]
use crate::otp::providers::aws_sns::AwsSnsSettings;
use crate::otp::providers::india_dlt::IndiaDlt;
use crate::otp::providers::infobip::{InfobipSettings, InfobipSetupError};
use crate::otp::providers::plivo::{PlivoSettings, PlivoSetupError};
use crate::otp::providers::sinch::{SinchAuth, SinchSettings, SinchSetupError, SmsText};
use crate::otp::{Destination, Route};

#[cfg(feature = "aws")]
use super::aws_sns::aws_sns;
use super::reader::Reader;

/// Who carries the codes, and who is asked first.
#[derive(Debug)]
pub struct CarrierSettings {
    /// `VERIFICATION_PROVIDER`, in its order; at least one.
    pub providers: Vec<ProviderSettings>,
    /// Their names, as `VERIFICATION_PROVIDER` has them.
    pub names: Vec<&'static str>,
    /// `PROVIDER_ROUTES`.
    pub routes: Vec<Route>,
}

/// A provider, with what it needs.
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum ProviderName {
    Sinch,
    Infobip,
    AwsSns,
    Plivo,
    Console,
}

impl ProviderSettings {
    /// Every name that `VERIFICATION_PROVIDER` may hold.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ProviderName::ALL.into_iter().map(ProviderName::as_str)
    }
}

impl ProviderName {
    const ALL: [Self; 5] = [Self::Sinch, Self::Infobip, Self::Plivo, Self::AwsSns, Self::Console];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Sinch => "sinch",
            Self::Infobip => "infobip",
            Self::Plivo => "plivo",
            Self::AwsSns => "aws-sns",
            Self::Console => "console",
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            format!("{text:?} is none of {names}")
        })
    }

    fn settings(
        self,
        reader: &mut Reader<'_>,
        india_dlt: Option<&IndiaDlt>,
    ) -> Option<ProviderSettings> {
        match self {
            Self::Console => Some(ProviderSettings::Console),
            Self::Sinch => sinch(reader).map(ProviderSettings::Sinch),
            Self::Infobip => infobip(reader).map(ProviderSettings::Infobip),
            Self::Plivo => plivo(reader, india_dlt).map(ProviderSettings::Plivo),
            #[cfg(feature = "aws")]
            Self::AwsSns => aws_sns(reader, india_dlt).map(ProviderSettings::AwsSns),
            #[cfg(not(feature = "aws"))]
            Self::AwsSns => without_aws(reader),
        }
    }
}

pub(super) fn carriers(
    reader: &mut Reader<'_>,
    is_production: bool,
    india_dlt: Option<&IndiaDlt>,
) -> Option<CarrierSettings> {
    reader.known(&["SINCH_APP_KEY", "SINCH_APP_SECRET", "SINCH_BASE_URL", "SINCH_AUTH"]);
    reader.known(&["SINCH_SMS_TEXT"]);
    reader.known(&["INFOBIP_API_KEY", "INFOBIP_BASE_URL"]);
    reader.known(&["INFOBIP_2FA_APP_ID", "INFOBIP_2FA_MSG_ID"]);
    reader.known(&["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
    reader.known(&["AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "SNS_SMS_TYPE", "SNS_SMS_SENDER_ID"]);
    reader.known(&["SNS_ORIGINATION_NUMBER", "SNS_MAX_PRICE_USD"]);
    reader.known(&["PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN", "PLIVO_PHONE_NUMBER", "PLIVO_BASE_URL"]);
    let names = reader.list("VERIFICATION_PROVIDER", "sinch", ProviderName::read);
    let names = names.map(|names| in_order(reader, names, is_production));
    // Also where the order is wrong, so that all faults are told at once.
    let routes = routes(reader, names.as_deref());
    let names = names.filter(|names| !names.is_empty())?;
    let all = names.iter().map(|name| name.as_str()).collect();
    // Every one is read before any is given up.
    let providers: Vec<_> =
        names.into_iter().map(|name| name.settings(reader, india_dlt)).collect();
    let providers = providers.into_iter().collect::<Option<_>>();
    Some(CarrierSettings { providers: providers?, names: all, routes: routes? })
}

/// The providers that may be used, each once. Empty after a fault.
fn in_order(
    reader: &mut Reader<'_>,
    names: Vec<ProviderName>,
    is_production: bool,
) -> Vec<ProviderName> {
    let fault = if names.is_empty() {
        "names no provider"
    } else if is_production && names.contains(&ProviderName::Console) {
        "console shows codes in the terminal and is refused in production"
    } else if (1..names.len()).any(|at| names[at..].contains(&names[at - 1])) {
        "names a provider twice"
    } else {
        return names;
    };
    reader.fault("VERIFICATION_PROVIDER", fault);
    Vec::new()
}

fn routes(reader: &mut Reader<'_>, names: Option<&[ProviderName]>) -> Option<Vec<Route>> {
    let is_listed = |name| names.is_none_or(|names| names.contains(&name));
    reader.list("PROVIDER_ROUTES", "", |text| {
        let wrong = || format!("{text:?} is no route like IN=plivo or +1=sinch");
        let (destination, provider) = text.split_once('=').ok_or_else(wrong)?;
        let destination = destination.trim().parse::<Destination>().map_err(|()| wrong())?;
        let provider = provider.trim();
        if !is_listed(ProviderName::read(provider)?) {
            return Err(format!("{provider} is not in VERIFICATION_PROVIDER"));
        }
        Ok(Route { destination, provider: provider.to_owned() })
    })
}

/// What this build cannot do is said at start, not at the first text.
#[cfg(not(feature = "aws"))]
fn without_aws(reader: &mut Reader<'_>) -> Option<ProviderSettings> {
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
    let sms_text =
        reader.word("SINCH_SMS_TEXT", &[("sinch", SmsText::Sinch), ("own", SmsText::Own)]);
    let settings = SinchSettings {
        base_url: base_url?,
        app_key: app_key?,
        app_secret: app_secret?,
        auth: auth?,
        sms_text: sms_text?,
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
        SinchSetupError::OwnTextUnsigned => "SINCH_SMS_TEXT",
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

fn plivo(reader: &mut Reader<'_>, india_dlt: Option<&IndiaDlt>) -> Option<PlivoSettings> {
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
        india_dlt: india_dlt.cloned(),
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
