//! The message attributes that go with a text.
//!
//! Owns their names and when each is sent. Never looks at the text.

use aws_sdk_sns::error::BuildError;
use aws_sdk_sns::types::MessageAttributeValue;

use super::settings::AwsSnsSettings;
use crate::otp::providers::india_dlt::IndiaDlt;

const SMS_TYPE: &str = "AWS.SNS.SMS.SMSType";
const SENDER_ID: &str = "AWS.SNS.SMS.SenderID";
const MAX_PRICE: &str = "AWS.SNS.SMS.MaxPrice";
// These three are of another name space, by AWS's will.
const ORIGINATION_NUMBER: &str = "AWS.MM.SMS.OriginationNumber";
const ENTITY_ID: &str = "AWS.MM.SMS.EntityId";
const TEMPLATE_ID: &str = "AWS.MM.SMS.TemplateId";

/// A name and its value.
pub(super) type Attribute = (&'static str, MessageAttributeValue);

/// The attributes of all texts, and those of texts to India.
pub(super) struct Attributes {
    everywhere: Vec<Attribute>,
    in_india: Vec<Attribute>,
}

impl Attributes {
    pub(super) fn new(settings: &AwsSnsSettings) -> Result<Self, BuildError> {
        let AwsSnsSettings { sender_id, origination_number, max_price_usd, .. } = settings;
        let mut everywhere = vec![(SMS_TYPE, value("String", settings.sms_type.as_str())?)];
        for (name, data_type, text) in [
            (SENDER_ID, "String", sender_id),
            (ORIGINATION_NUMBER, "String", origination_number),
            (MAX_PRICE, "Number", max_price_usd),
        ] {
            if let Some(text) = text {
                everywhere.push((name, value(data_type, text)?));
            }
        }
        let in_india = match &settings.india_dlt {
            Some(dlt) => vec![
                (ENTITY_ID, value("String", dlt.entity_id())?),
                (TEMPLATE_ID, value("String", dlt.template_id())?),
            ],
            None => Vec::new(),
        };
        Ok(Self { everywhere, in_india })
    }

    /// Those of a text to this number.
    pub(super) fn of(&self, to_e164: &str) -> impl Iterator<Item = &Attribute> {
        let in_india = self.in_india.iter().filter(|_| IndiaDlt::concerns(to_e164));
        self.everywhere.iter().chain(in_india)
    }
}

fn value(data_type: &str, text: &str) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder().data_type(data_type).string_value(text).build()
}
