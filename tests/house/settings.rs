//! `.env.example` against the settings that are read.

use std::collections::BTreeMap;

use ringfence::config::{Environment, InForce, Settings};

use super::sources::{Source, files_under};

#[test]
fn the_example_has_every_setting_and_no_other() {
    let example = example();
    let asked = asked();
    for name in &asked {
        assert!(example.contains_key(name), ".env.example lacks {name}");
    }
    for name in example.keys() {
        assert!(asked.contains(name), ".env.example has {name}, which nobody reads");
    }
}

#[test]
fn the_example_shows_the_defaults() {
    let required = [
        ("SECRET_KEY", "c2VjcmV0LWtleS1mb3ItdGVzdHMtb2YtdGhlLXByb2c="),
        ("BASE_URL", "https://auth.example.com"),
        ("SINCH_APP_KEY", "key"),
        ("SINCH_APP_SECRET", "BeIukql3pTKJ8RGL5zo0DA=="),
    ];
    // The two ways to name a database have settings of their own.
    let databases = [("DATABASE_URL", "postgres://localhost/ringfence"), ("DB_HOST", "localhost")];
    let mut defaults = BTreeMap::new();
    for database in databases {
        let pairs = required.into_iter().chain([database]);
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (_, InForce { values, .. }) = Settings::read(&Environment::of_pairs(pairs)).unwrap();
        defaults.extend(values);
    }
    // What belongs to a carrier that is not chosen is not read, and not compared.
    let shown = example().into_iter().filter(|(_, shown)| !shown.is_empty());
    let shown = shown.filter(|(name, _)| defaults.contains_key(name));
    let compared = shown.map(|(name, shown)| {
        assert_eq!(format!("{shown} (default)"), defaults[&name], "{name} in .env.example");
    });
    assert!(compared.count() > 25, "the defaults are not found");
}

#[test]
fn the_example_holds_no_line_that_counts() {
    let example = Source::read(".env.example").text;
    for line in example.lines() {
        assert!(line.is_empty() || line.starts_with('#'), "{line} would change something");
    }
}

/// The settings of `.env.example`, each commented out: its name and what it shows.
fn example() -> BTreeMap<String, String> {
    let example = Source::read(".env.example").text;
    let pairs = example.lines().filter_map(|line| line.strip_prefix('#')?.split_once('='));
    let pairs = pairs.filter(|(name, _)| is_name(name));
    let mut settings = BTreeMap::new();
    for (name, value) in pairs {
        let twice = settings.insert(name.to_owned(), value.to_owned());
        assert_eq!(twice, None, "{name} is in .env.example twice");
    }
    settings
}

/// The names in the sources of the settings.
fn asked() -> Vec<String> {
    let mut asked = Vec::new();
    for source in files_under("src/config", ".rs") {
        for (_, line) in source.code() {
            // Of a line cut at its quotes, every second piece is a text.
            let texts = line.split('"').skip(1).step_by(2);
            asked.extend(texts.filter(|text| is_name(text)).map(str::to_owned));
        }
    }
    assert!(asked.contains(&"DATABASE_URL".to_owned()), "the names are not found");
    asked
}

fn is_name(text: &str) -> bool {
    let of_a_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() > 2
        && text.starts_with(|it: char| it.is_ascii_uppercase())
        && text.bytes().all(of_a_name)
}
