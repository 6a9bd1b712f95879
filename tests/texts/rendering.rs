//! Every text under everything that can be set: one message, GSM-7, the code where people and
//! programs find it.

use proptest::prelude::*;
use ringfence::foundation::PhoneNumber;
use ringfence::otp::text::gsm7::{segments, septets};
use ringfence::otp::text::{Conditions, Excess, OwnTexts};
use ringfence::otp::{Channel, Language, Occasion, OtpCode, Texts};

use crate::bound::{Bound, by_chromium, by_the_draft};
use crate::world::{HASH, addressee, built_in, conditions, lines, text};

/// The bytes that Android's SMS Retriever reads.
const RETRIEVER_BYTES: usize = 140;

fn language() -> impl Strategy<Value = Language> {
    prop::sample::select(Language::ALL.to_vec())
}

fn occasion() -> impl Strategy<Value = Occasion> {
    prop::sample::select(Occasion::ALL.to_vec())
}

/// The first run of digits that could be a code.
fn first_code(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() >= 4)
}

proptest! {
    #[test]
    fn every_text_is_one_message_with_the_code_first_and_the_line_last(
        language in language(),
        occasion in occasion(),
        code in "[0-9]{6,10}",
        host in "[a-z]([a-z0-9-]{0,12}[a-z0-9])?(\\.[a-z]([a-z0-9-]{0,18}[a-z0-9])?){1,4}",
        hash in "[A-Za-z0-9+/]{11}",
        asks in any::<bool>(),
    ) {
        // What looks like the ASCII form of a foreign name and is none is no host.
        prop_assume!(format!("https://{host}").parse::<ringfence::otp::text::Origin>().is_ok());
        let Ok(texts) = Texts::new(&OwnTexts::default(), lines(&host, &hash)) else {
            // Only a host that leaves too little room is refused.
            prop_assert!(host.len() > 39, "{}", host);
            return Ok(());
        };
        let reader = addressee(language, occasion, asks.then_some(hash.as_str()));
        let text = text(&texts, &reader, &code);
        prop_assert_eq!(segments(&text), Ok(1));
        prop_assert!(septets(&text).unwrap() <= 160);
        prop_assert!(text.starts_with(&code));
        prop_assert_eq!(first_code(&text), Some(code.as_str()));
        let bound = || Some(Bound { host: &host, code: &code, embedded: None });
        prop_assert_eq!(by_the_draft(&text), bound());
        prop_assert_eq!(by_chromium(&text), bound());
        let lines: Vec<_> = text.lines().collect();
        prop_assert_eq!(lines.len(), if asks { 3 } else { 2 });
        if asks {
            prop_assert_eq!(lines[1], hash.as_str());
            prop_assert!(text.len() <= RETRIEVER_BYTES);
        }
    }

    #[test]
    fn own_texts_that_are_taken_are_one_message_too(
        words in "[a-zA-Z0-9äöü€ .,!?]{0,150}",
        host in "[a-z]{1,40}\\.example",
        digits in 6_usize..=10,
    ) {
        let json = serde_json::json!({ "fi": { "login": format!("{words}{{code}} ({{minutes}})") } });
        let own = OwnTexts::parse(&json.to_string()).unwrap();
        let conditions = Conditions { code_digits: digits, ..lines(&host, HASH) };
        let Ok(texts) = Texts::new(&own, conditions) else { return Ok(()) };
        let reader = addressee(Language::Finnish, Occasion::Login, Some(HASH));
        let code = "1234567890"[..digits].to_owned();
        let text = text(&texts, &reader, &code);
        prop_assert_eq!(segments(&text), Ok(1));
        prop_assert!(text.len() <= RETRIEVER_BYTES);
        let wanted = format!("{words}{code} (5)\n{HASH}\n@{host} #{code}");
        prop_assert_eq!(text, wanted);
    }
}

#[test]
fn a_text_is_refused_at_the_first_septet_too_many() {
    let with = |characters: usize| {
        let words = "a".repeat(characters - 10);
        let own = OwnTexts::parse(&format!(r#"{{"nl": {{"login": "{{code}}{words}"}}}}"#)).unwrap();
        Texts::new(&own, conditions())
    };
    assert!(with(160).is_ok());
    let faults = with(161).unwrap_err();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].excess, Excess::Septets(161));
    assert_eq!((faults[0].language, faults[0].occasion), (Language::Dutch, Occasion::Login));
    assert!(faults[0].is_own);
}

#[test]
fn with_a_hash_a_text_is_refused_at_the_first_byte_too_many() {
    // The code has 10 digits, the hash and its line end 12 bytes.
    let with = |letters: usize| {
        let words = "ä".repeat(letters);
        let own = OwnTexts::parse(&format!(r#"{{"nl": {{"login": "{{code}}{words}"}}}}"#)).unwrap();
        Texts::new(&own, Conditions { app_hashes: [HASH.parse().unwrap()].into(), ..conditions() })
    };
    assert!(with(59).is_ok());
    let faults = with(60).unwrap_err();
    assert_eq!(faults.iter().map(|it| it.excess).collect::<Vec<_>>(), [Excess::Bytes(142)]);
}

#[test]
fn each_language_and_occasion_has_words_of_its_own() {
    let texts = built_in(conditions());
    let mut all: Vec<_> = Language::ALL
        .into_iter()
        .flat_map(|language| Occasion::ALL.map(|occasion| addressee(language, occasion, None)))
        .map(|reader| text(&texts, &reader, "123456"))
        .collect();
    assert_eq!(all.len(), 52);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 52);
    let german = addressee(Language::German, Occasion::SignUp, None);
    let wanted = "123456 ist Ihr Code zur Registrierung. Geben Sie ihn nie weiter.";
    assert_eq!(text(&texts, &german, "123456"), wanted);
}

#[test]
fn a_call_has_the_words_without_the_lines() {
    let texts = built_in(lines("example.com", HASH));
    let reader = addressee(Language::Italian, Occasion::Login, Some(HASH));
    let to = PhoneNumber::from_e164("+390612345678").unwrap();
    let code = OtpCode::parse("123456").unwrap();
    let text = texts.render(&reader, &to, Channel::Call, &code);
    assert_eq!(*text, "123456 è il tuo codice per accedere. Non condividerlo mai.");
}

#[test]
fn a_placeholder_takes_the_place_of_the_code_everywhere() {
    let texts = built_in(lines("example.com", HASH));
    let reader = addressee(Language::English, Occasion::Login, None);
    let to = PhoneNumber::from_e164("+46701234567").unwrap();
    let text = texts.render_around(&reader, &to, Channel::Sms, "{{CODE}}");
    let wanted = "{{CODE}} is your code to log in. Never share it.\n@example.com #{{CODE}}";
    assert_eq!(text, wanted);
}

#[test]
fn india_gets_the_one_text_that_is_registered_there() {
    let registered = Conditions { is_registered_in_india: true, ..lines("example.com", HASH) };
    let texts = built_in(registered);
    let code = OtpCode::parse("123456").unwrap();
    let reader = addressee(Language::German, Occasion::SignUp, Some(HASH));
    let to = |number| {
        let to = PhoneNumber::from_e164(number).unwrap();
        texts.render(&reader, &to, Channel::Sms, &code).to_string()
    };
    let wanted = "123456 is your code to log in. Never share it.\n@example.com #123456";
    assert_eq!(to("+919876543210"), wanted);
    assert!(to("+4915123456789").starts_with("123456 ist Ihr Code"));
    // Without a registration India is a country like any other.
    let to = PhoneNumber::from_e164("+919876543210").unwrap();
    let unregistered = built_in(lines("example.com", HASH));
    let text = unregistered.render(&reader, &to, Channel::Sms, &code);
    assert!(text.starts_with("123456 ist Ihr Code"), "{}", *text);
}

#[test]
fn a_hash_is_known_only_if_it_is_set() {
    let texts = built_in(lines("example.com", HASH));
    assert_eq!(texts.known_app_hash(HASH).unwrap().as_str(), HASH);
    for other in ["FA+9qCX9VSv", "fa+9qcx9vsu", "", "FA+9qCX9VSu\n"] {
        assert_eq!(texts.known_app_hash(other), None, "{other:?}");
    }
}
