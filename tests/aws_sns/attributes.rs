//! What stands on the wire: the number, the text, and the attributes under AWS's names.

use ringfence::otp::providers::aws_sns::{AwsSnsSettings, SmsType};
use ringfence::otp::providers::india_dlt::IndiaDlt;
use secrecy::SecretString;

use crate::peer::{Asked, Peer};
use crate::world::{NUMBER, SESSION_TOKEN, TEXT, World, adapter, now, settings};

const INDIAN_NUMBER: &str = "+919876543210";

/// The attributes of a text: name, type and value, sorted.
fn attributes(text: &Asked) -> Vec<[String; 3]> {
    let field = |index: usize, name: &str| {
        text.field(&format!("MessageAttributes.entry.{index}.{name}")).map(str::to_owned)
    };
    let of = |index| {
        let [data_type, value] = ["Value.DataType", "Value.StringValue"].map(|it| field(index, it));
        Some([field(index, "Name")?, data_type?, value?])
    };
    let mut attributes: Vec<_> = (1..).map_while(of).collect();
    attributes.sort();
    attributes
}

fn rows(rows: &[[&str; 3]]) -> Vec<[String; 3]> {
    rows.iter().map(|row| row.map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_text_goes_to_the_number_and_no_other_and_is_transactional() {
    let world = World::new().await;
    world.send().await.unwrap();
    let [opt_out, text] = &world.peer.asked()[..] else { unreachable!("two requests") };
    assert_eq!(opt_out.field("Action"), Some("CheckIfPhoneNumberIsOptedOut"));
    assert_eq!(opt_out.field("phoneNumber"), Some(NUMBER));
    assert_eq!(text.field("Action"), Some("Publish"));
    assert_eq!(text.field("PhoneNumber"), Some(NUMBER));
    assert_eq!(text.field("Message"), Some(TEXT));
    assert_eq!(text.field("TopicArn").or(text.field("TargetArn")), None);
    let wanted = rows(&[["AWS.SNS.SMS.SMSType", "String", "Transactional"]]);
    assert_eq!(attributes(text), wanted);
}

#[tokio::test]
async fn requests_are_signed_for_sns_in_the_region_at_the_time_that_was_handed_in() {
    let peer = Peer::start().await;
    let session_token = Some(SecretString::from(SESSION_TOKEN));
    let settings = AwsSnsSettings { session_token, ..settings(&peer.base_url) };
    adapter(&settings).send_text(now(), NUMBER, TEXT).await.unwrap();
    for asked in peer.asked() {
        let head = &asked.head;
        assert!(head.starts_with("post / http/1.1\r\n"), "{head}");
        let scope = "credential=akiaiosfodnn7example/20150830/eu-west-1/sns/aws4_request";
        assert!(head.contains(scope), "{head}");
        assert!(head.contains("x-amz-date: 20150830t123600z"), "{head}");
        let token = SESSION_TOKEN.to_ascii_lowercase();
        assert!(head.contains(&format!("x-amz-security-token: {token}")), "{head}");
    }
}

#[tokio::test]
async fn what_is_set_goes_along_with_every_text() {
    let peer = Peer::start().await;
    let settings = AwsSnsSettings {
        sms_type: SmsType::Promotional,
        sender_id: Some("Ring-fence1".to_owned()),
        origination_number: Some("+12065550100".to_owned()),
        max_price_usd: Some("0.050".to_owned()),
        ..settings(&peer.base_url)
    };
    adapter(&settings).send_text(now(), NUMBER, TEXT).await.unwrap();
    let wanted = rows(&[
        ["AWS.MM.SMS.OriginationNumber", "String", "+12065550100"],
        ["AWS.SNS.SMS.MaxPrice", "Number", "0.050"],
        ["AWS.SNS.SMS.SMSType", "String", "Promotional"],
        ["AWS.SNS.SMS.SenderID", "String", "Ring-fence1"],
    ]);
    assert_eq!(attributes(&peer.texts()[0]), wanted);
}

#[tokio::test]
async fn the_registration_goes_byte_for_byte_with_texts_to_india_only() {
    let peer = Peer::start().await;
    let (entity, template) = ("1101234567890123456", "É1107ß/+=&\"%41ñ");
    let dlt = IndiaDlt::new(entity.to_owned(), template.to_owned(), None).unwrap();
    let settings = AwsSnsSettings { india_dlt: Some(dlt), ..settings(&peer.base_url) };
    let sns = adapter(&settings);
    for number in [INDIAN_NUMBER, NUMBER, "+92300123456"] {
        sns.send_text(now(), number, TEXT).await.unwrap();
    }
    let everywhere = ["AWS.SNS.SMS.SMSType", "String", "Transactional"];
    let in_india = rows(&[
        ["AWS.MM.SMS.EntityId", "String", entity],
        ["AWS.MM.SMS.TemplateId", "String", template],
        everywhere,
    ]);
    let texts = peer.texts();
    assert_eq!(attributes(&texts[0]), in_india);
    assert_eq!(attributes(&texts[1]), rows(&[everywhere]));
    assert_eq!(attributes(&texts[2]), rows(&[everywhere]));
}
