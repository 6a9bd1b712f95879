//! Texts, and the settings that they are read from.

use std::fs;
use std::path::PathBuf;

use ringfence::config::{Environment, Settings, SettingsError};
use ringfence::foundation::PhoneNumber;
use ringfence::otp::text::{Conditions, OwnTexts};
use ringfence::otp::{Addressee, AppHash, Channel, Language, Occasion, OtpCode, Texts};

pub(crate) const HASH: &str = "FA+9qCX9VSu";

/// Nothing set, and codes of ten digits.
pub(crate) fn conditions() -> Conditions {
    Conditions {
        origin: None,
        app_hashes: [].into(),
        code_digits: 10,
        minutes: 5,
        is_registered_in_india: false,
    }
}

/// With the line for `host`, and `hash` as the one that is known.
pub(crate) fn lines(host: &str, hash: &str) -> Conditions {
    Conditions {
        origin: Some(format!("https://{host}").parse().unwrap()),
        app_hashes: [hash.parse().unwrap()].into(),
        ..conditions()
    }
}

pub(crate) fn built_in(conditions: Conditions) -> Texts {
    Texts::new(&OwnTexts::default(), conditions).unwrap()
}

pub(crate) fn addressee(
    language: Language,
    occasion: Occasion,
    app_hash: Option<&str>,
) -> Addressee {
    let app_hash = app_hash.map(|hash| hash.parse::<AppHash>().unwrap());
    Addressee::new(occasion, Some(language.tag()), None, app_hash)
}

/// The text of a message to a number in Sweden.
pub(crate) fn text(texts: &Texts, addressee: &Addressee, code: &str) -> String {
    let to = PhoneNumber::from_e164("+46701234567").unwrap();
    texts.render(addressee, &to, Channel::Sms, &OtpCode::parse(code).unwrap()).to_string()
}

/// Reads settings with what every installation has, and `others`.
pub(crate) fn read(others: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let usual = [
        ("APP_ENV", "test"),
        ("SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ("DATABASE_URL", "postgres://localhost/ringfence"),
        ("VERIFICATION_PROVIDER", "console"),
    ];
    let pairs = usual.iter().chain(others);
    let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::read(&Environment::of_pairs(pairs)).map(|(settings, _)| settings)
}

/// The faults that `others` are told, one a line.
pub(crate) fn faults(others: &[(&str, &str)]) -> Vec<String> {
    let told = read(others).unwrap_err().to_string();
    told.lines().skip(1).map(|line| line.trim().to_owned()).collect()
}

/// A file of texts that is there as long as this is.
pub(crate) struct TextsFile(PathBuf);

impl TextsFile {
    pub(crate) fn new(name: &str, json: &str) -> Self {
        let name = format!("ringfence-texts-{}-{name}.json", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, json).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TextsFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
