//! What AWS SNS needs: `AWS_*` and `SNS_*`.

use reqwest::Url;
use secrecy::SecretString;

use crate::otp::providers::aws_sns::{AwsSnsSettings, AwsSnsSetupError, SmsType};
use crate::otp::providers::india_dlt::IndiaDlt;

use super::reader::Reader;

const SMS_TYPES: [(&str, SmsType); 2] =
    [("Transactional", SmsType::Transactional), ("Promotional", SmsType::Promotional)];

pub(super) fn aws_sns(
    reader: &mut Reader<'_>,
    india_dlt: Option<&IndiaDlt>,
) -> Option<AwsSnsSettings> {
    let word = |text: &str| Ok::<_, &str>(text.to_owned());
    let secret = |text: &str| Ok::<_, &str>(SecretString::from(text));
    let optional = |text: &str| Ok::<_, &str>(Some(text.to_owned()).filter(|it| !it.is_empty()));
    let mend = "IAM shows it when the access key is made";
    let region = reader.required("AWS_REGION", "for instance eu-west-1", word);
    let access_key_id = reader.required_secret("AWS_ACCESS_KEY_ID", mend, secret);
    let secret_access_key = reader.required_secret("AWS_SECRET_ACCESS_KEY", mend, secret);
    let session_token = reader.secret("AWS_SESSION_TOKEN", secret);
    let endpoint_url = reader.or("AWS_ENDPOINT_URL", "", |text| match text {
        "" => Ok(None),
        text => Url::parse(text).map(Some),
    });
    let sms_type = reader.word("SNS_SMS_TYPE", &SMS_TYPES);
    let sender_id = reader.or("SNS_SMS_SENDER_ID", "", optional);
    let origination_number = reader.or("SNS_ORIGINATION_NUMBER", "", optional);
    let max_price_usd = reader.or("SNS_MAX_PRICE_USD", "", optional);
    let settings = AwsSnsSettings {
        region: region?,
        access_key_id: access_key_id?,
        secret_access_key: secret_access_key?,
        session_token,
        endpoint_url: endpoint_url?,
        sms_type: sms_type?,
        sender_id: sender_id?,
        origination_number: origination_number?,
        max_price_usd: max_price_usd?,
        india_dlt: india_dlt.cloned(),
    };
    match settings.check() {
        Ok(()) => Some(settings),
        Err(error) => {
            reader.fault(name_at_fault(error), error.to_string());
            None
        }
    }
}

const fn name_at_fault(error: AwsSnsSetupError) -> &'static str {
    match error {
        AwsSnsSetupError::Region => "AWS_REGION",
        AwsSnsSetupError::AccessKeyId => "AWS_ACCESS_KEY_ID",
        AwsSnsSetupError::SecretAccessKey => "AWS_SECRET_ACCESS_KEY",
        AwsSnsSetupError::SessionToken => "AWS_SESSION_TOKEN",
        AwsSnsSetupError::EndpointUrl | AwsSnsSetupError::InTheClear => "AWS_ENDPOINT_URL",
        AwsSnsSetupError::SenderId => "SNS_SMS_SENDER_ID",
        AwsSnsSetupError::OriginationNumber => "SNS_ORIGINATION_NUMBER",
        AwsSnsSetupError::MaxPrice => "SNS_MAX_PRICE_USD",
        AwsSnsSetupError::DltEntityId => "DLT_ENTITY_ID",
        AwsSnsSetupError::DltTemplateId => "DLT_TEMPLATE_ID",
    }
}
