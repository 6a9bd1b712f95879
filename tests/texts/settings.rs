//! `OTP_TEXTS_FILE`, `OTP_ORIGIN`, `ANDROID_APP_HASHES` and `DLT_*`: what is taken, and what keeps the
//! server from starting, by name.

use ringfence::config::ProviderSettings;
use ringfence::otp::{Language, Occasion};

use crate::world::{HASH, TextsFile, addressee, faults, read, text};

/// The faults of a file of texts with these contents.
#[track_caller]
fn faults_of(name: &str, json: &str) -> Vec<String> {
    let file = TextsFile::new(name, json);
    let faults = faults(&[("OTP_TEXTS_FILE", file.path())]);
    let own = |fault: &String| fault.starts_with("OTP_TEXTS_FILE: ");
    assert!(faults.iter().all(own), "{faults:?}");
    faults.iter().map(|fault| fault["OTP_TEXTS_FILE: ".len()..].to_owned()).collect()
}

#[test]
fn own_texts_take_the_places_of_built_in_ones() {
    let json = r#"{"sv": {"login": "Acme: {code}, {minutes} min"}}"#;
    let file = TextsFile::new("own", json);
    let set = [("OTP_TEXTS_FILE", file.path()), ("OTP_TTL_SECONDS", "210")];
    let settings = read(&set).unwrap();
    let told = |occasion| {
        text(&settings.otp.texts, &addressee(Language::Swedish, occasion, None), "123456")
    };
    assert_eq!(told(Occasion::Login), "Acme: 123456, 3 min");
    assert!(told(Occasion::SignUp).starts_with("123456 är din kod"));
}

#[test]
fn less_than_a_minute_is_told_as_one() {
    let file = TextsFile::new("minute", r#"{"en": {"login": "{code} {minutes}"}}"#);
    let set = [("OTP_TEXTS_FILE", file.path()), ("OTP_TTL_SECONDS", "30")];
    let settings = read(&set).unwrap();
    let reader = addressee(Language::English, Occasion::Login, None);
    assert_eq!(text(&settings.otp.texts, &reader, "123456"), "123456 1");
}

#[test]
fn a_character_outside_gsm_7_is_named_with_its_place() {
    let told = faults_of("cedilla", r#"{"fr": {"login": "{code} : votre code reçu"}}"#);
    let wanted = "fr.login: 'ç', character 23 of the text, is not in the GSM-7 alphabet";
    assert_eq!(told, [wanted]);
    let told = faults_of("nbsp", "{\"en\": {\"sign_up\": \"Code\u{a0}{code}\"}}");
    let wanted = "en.sign_up: '\\u{a0}', character 5 of the text, is not in the GSM-7 alphabet";
    assert_eq!(told, [wanted]);
}

#[test]
fn every_other_fault_is_told_too_and_all_at_once() {
    let long = "a".repeat(160);
    let json = r#"{"en": {"login": "{name} {code}", "sign_up": "no code", "password_reset": "{code"},
        "de": {"login": "@host #{code}", "logout": "{code}"}, "ja": {}}"#;
    let told = faults_of("faults", json);
    let told_of = |start: &str| told.iter().any(|fault| fault.starts_with(start));
    assert_eq!(told.len(), 6, "{told:?}");
    assert!(told_of("en.login: {name} is no placeholder"), "{told:?}");
    assert!(told_of("en.sign_up: {code} is missing"), "{told:?}");
    assert!(told_of("en.password_reset: a brace is open"), "{told:?}");
    assert!(told_of("de.login: it has both @ and #"), "{told:?}");
    assert!(told_of("de.logout: there is no such occasion"), "{told:?}");
    assert!(told_of("\"ja\" is no language that there are texts in: en, de, "), "{told:?}");

    let json = format!(r#"{{"en": {{"login": "{{code}}{long}", "sign_up": "{{code}}{long}"}}}}"#);
    let told = faults_of("long", &json);
    assert_eq!(told.len(), 2, "{told:?}");
    let wanted =
        "en.sign_up: with all its lines it takes 168 septets of GSM-7, and one message has 160";
    assert_eq!(told[0], wanted);
}

#[test]
fn the_longest_code_is_the_one_that_is_set() {
    let words = "a".repeat(150);
    let file = TextsFile::new("digits", &format!(r#"{{"en": {{"login": "{{code}}{words}"}}}}"#));
    let with = |digits| [("OTP_TEXTS_FILE", file.path()), ("OTP_LENGTH", digits)];
    assert!(read(&with("10")).is_ok());
    let file = TextsFile::new("digits+", &format!(r#"{{"en": {{"login": "{{code}}a{words}"}}}}"#));
    let with = |digits| [("OTP_TEXTS_FILE", file.path()), ("OTP_LENGTH", digits)];
    assert!(read(&with("9")).is_ok());
    assert_eq!(faults(&with("10")).len(), 1);
}

#[test]
fn a_file_that_is_no_file_of_texts_is_refused() {
    let told = faults(&[("OTP_TEXTS_FILE", "/nowhere/texts.json")]);
    assert!(
        told[0].starts_with("OTP_TEXTS_FILE: \"/nowhere/texts.json\" cannot be read"),
        "{told:?}"
    );
    let told = faults_of("json", "{\"en\": {\"login\": \"{code}\",}}");
    assert!(told[0].starts_with("is not JSON like") && told[0].contains("line 1"), "{told:?}");
    let huge = format!(r#"{{"en": {{"login": "{{code}}"}}}}{}"#, " ".repeat(64 * 1024));
    assert!(faults_of("huge", &huge)[0].ends_with("it has more than 64 KiB"));
}

#[test]
fn a_host_that_leaves_too_little_room_is_refused_by_name() {
    let host = format!("https://{}.example", "a".repeat(63));
    let long = format!("https://{0}.{0}.example", "a".repeat(63));
    assert!(read(&[("OTP_ORIGIN", &host)]).is_ok());
    let told = faults(&[("OTP_ORIGIN", &long)]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("OTP_ORIGIN: leaves too little room for the text "), "{told:?}");
    let told = faults(&[("OTP_ORIGIN", &host), ("ANDROID_APP_HASHES", HASH)]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("ANDROID_APP_HASHES: leaves too little room"), "{told:?}");
    assert!(told[0].contains("Android's SMS Retriever reads 140"), "{told:?}");
}

#[test]
fn an_origin_is_https_with_a_name_and_nothing_else() {
    for (origin, word) in [
        ("app.example.com", "an https origin is wanted"),
        ("http://app.example.com", "the scheme must be https"),
        ("https://app.example.com:8443", "not to a port"),
        ("https://192.0.2.1", "a host with a name only"),
    ] {
        let told = faults(&[("OTP_ORIGIN", origin)]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("OTP_ORIGIN: ") && told[0].contains(word), "{told:?}");
    }
    read(&[("OTP_ORIGIN", "https://app.example.com/")]).unwrap();
}

#[test]
fn hashes_are_a_list_of_eleven_characters_each() {
    let settings = read(&[("ANDROID_APP_HASHES", "FA+9qCX9VSu, AAAAAAAAAA/")]).unwrap();
    for hash in [HASH, "AAAAAAAAAA/"] {
        assert!(settings.otp.texts.known_app_hash(hash).is_some(), "{hash}");
    }
    let told = faults(&[("ANDROID_APP_HASHES", "FA+9qCX9VSu,short")]);
    assert!(told[0].contains("\"short\": an app's hash has 11 characters"), "{told:?}");
}

#[test]
fn the_ids_for_india_come_together_and_reach_the_carrier() {
    let plivo = [
        ("VERIFICATION_PROVIDER", "plivo"),
        ("PLIVO_AUTH_ID", "MAXXXXXXXXXXXXXXXXXX"),
        ("PLIVO_AUTH_TOKEN", "token"),
        ("PLIVO_PHONE_NUMBER", "+14155551234"),
    ];
    let with = |ids: &[(&'static str, &'static str)]| [plivo.as_slice(), ids].concat();
    let ids = [
        ("DLT_ENTITY_ID", "1101\u{e9}"),
        ("DLT_TEMPLATE_ID", "1107"),
        ("DLT_TEMPLATE_CATEGORY", "service_implicit"),
    ];
    let carriers = read(&with(&ids)).unwrap().carriers;
    let [ProviderSettings::Plivo(settings)] = carriers.providers.as_slice() else {
        unreachable!("plivo was asked for")
    };
    let dlt = settings.india_dlt.as_ref().unwrap();
    let told = (dlt.entity_id(), dlt.template_id(), dlt.template_category());
    assert_eq!(told, ("1101\u{e9}", "1107", Some("service_implicit")));
    read(&with(&ids[..2])).unwrap();

    for (alone, missing) in
        [(ids[0], "DLT_TEMPLATE_ID"), (ids[1], "DLT_ENTITY_ID"), (ids[2], "DLT_ENTITY_ID")]
    {
        let wanted = format!("{missing}: is required where another of the DLT_ ids is set");
        assert_eq!(faults(&with(&[alone])), [wanted]);
    }
    let told = faults(&with(&[("DLT_ENTITY_ID", "11 01"), ("DLT_TEMPLATE_ID", "1107")]));
    assert_eq!(
        told,
        [r#"DLT_ENTITY_ID: "11 01" is not right: an id has 1 to 64 bytes and no blanks"#]
    );
}

#[test]
fn own_texts_at_sinch_need_signed_requests() {
    let sinch = [
        ("VERIFICATION_PROVIDER", "sinch"),
        ("SINCH_APP_KEY", "key"),
        ("SINCH_APP_SECRET", "BeIukql3pTKJ8RGL5zo0DA=="),
        ("SINCH_SMS_TEXT", "own"),
    ];
    read(&sinch).unwrap();
    let told = faults(&[sinch.as_slice(), &[("SINCH_AUTH", "basic")]].concat());
    assert_eq!(told, ["SINCH_SMS_TEXT: own texts need signed requests"]);
}
