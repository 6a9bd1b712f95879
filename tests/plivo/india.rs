//! The registration that texts to India need: there byte for byte, and nowhere else.

use chrono::DateTime;
use ringfence::foundation::{ChallengeId, Entropy, MessageId, PhoneNumber};
use ringfence::otp::providers::delivery::{Message, MessageSender as _};
use ringfence::otp::providers::india_dlt::IndiaDlt;
use ringfence::otp::providers::plivo::PlivoSettings;
use ringfence::otp::{Channel, Language, OtpCode};

use crate::fake_plivo::{FakeConfig, FakePlivo};
use crate::world::{NUMBER, TEXT, adapter, settings};

const INDIAN: &str = "+919876543210";
/// Digits as the platforms give them out, and what no platform does but a setting may hold.
const IDS: [[&str; 2]; 2] = [
    ["1101234567890123456", "1107161234567890123"],
    ["\u{c9}1101/+=\"\\<\u{f1}&", "\u{967}\u{967}\u{966}\u{1f511}"],
];

async fn world(entity: &str, template: &str, category: Option<&str>) -> (FakePlivo, PlivoSettings) {
    let fake = FakePlivo::start(FakeConfig::default()).await.unwrap();
    let category = category.map(str::to_owned);
    let dlt = IndiaDlt::new(entity.to_owned(), template.to_owned(), category).unwrap();
    let settings = PlivoSettings { india_dlt: Some(dlt), ..settings(fake.base_url()) };
    (fake, settings)
}

#[tokio::test]
async fn texts_to_india_have_the_ids_as_they_were_given() {
    for [entity, template] in IDS {
        for category in [None, Some("service_implicit")] {
            let (fake, settings) = world(entity, template, category).await;
            adapter(settings).send_text(INDIAN, TEXT).await.unwrap();
            let told = [Some(entity), Some(template), category].map(|id| id.map(str::to_owned));
            assert_eq!(fake.messages()[0].dlt, told);
        }
    }
}

#[tokio::test]
async fn texts_to_other_countries_have_none() {
    let (fake, settings) = world("1101", "1107", Some("service_implicit")).await;
    let plivo = adapter(settings);
    for number in [NUMBER, "+14155552671", "+923001234567", "+9779812345678"] {
        plivo.send_text(number, TEXT).await.unwrap();
    }
    let messages = fake.messages();
    assert_eq!(messages.len(), 4);
    assert!(messages.iter().all(|sent| sent.dlt == [None, None, None]), "{messages:?}");
}

#[tokio::test]
async fn without_a_registration_texts_to_india_go_out_bare() {
    let fake = FakePlivo::start(FakeConfig::default()).await.unwrap();
    adapter(settings(fake.base_url())).send_text(INDIAN, TEXT).await.unwrap();
    assert_eq!(fake.messages()[0].dlt, [None, None, None]);
}

#[tokio::test]
async fn the_text_is_passed_on_as_it_was_rendered() {
    let (fake, settings) = world("1101", "1107", None).await;
    let text = "493817 \u{e4}r din kod.\nFA+9qCX9VSu\n@example.com #493817";
    let (to, code) = (PhoneNumber::from_e164(INDIAN).unwrap(), OtpCode::parse("493817").unwrap());
    let (channel, language) = (Channel::Sms, Language::Swedish);
    let id = MessageId::new(DateTime::UNIX_EPOCH, &Entropy::default()).unwrap();
    let challenge = ChallengeId::new(DateTime::UNIX_EPOCH, &Entropy::default()).unwrap();
    let message = Message { id, challenge, to: &to, channel, code: Some(&code), text, language };
    adapter(settings).send(DateTime::UNIX_EPOCH, &message).await.unwrap();
    assert_eq!(fake.messages()[0].text, text);
    let shown = format!("{message:?}");
    assert!(!shown.contains("493817") && !shown.contains("9876"), "{shown}");
}
