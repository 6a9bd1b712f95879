//! `CHALLENGE` and its like.

use ringfence::config::{Environment, InForce, Settings};
use ringfence::proofs::{Judge, When};

use crate::support::SECRET_KEY;

/// What is in force, or every fault.
fn read(settings: &[(&str, &str)]) -> Result<(Settings, InForce), String> {
    let usual = [
        ("APP_ENV", "test"),
        ("SECRET_KEY", SECRET_KEY),
        ("DATABASE_URL", "postgres://localhost/ringfence"),
        ("VERIFICATION_PROVIDER", "console"),
    ];
    let pairs = usual.iter().chain(settings);
    let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::read(&Environment::of_pairs(pairs)).map_err(|faults| faults.to_string())
}

#[test]
fn the_proof_of_work_is_for_those_in_doubt_and_needs_nothing() {
    let (settings, _) = read(&[]).unwrap();
    assert!(settings.proofs.captcha.is_none());
    assert_eq!(settings.proofs.when, When::Doubt);
}

#[test]
fn a_captcha_needs_its_keys_and_keeps_the_secret_one() {
    for (scheme, judge) in [("turnstile", Judge::Turnstile), ("hcaptcha", Judge::Hcaptcha)] {
        let prefix = scheme.to_uppercase();
        let faults = read(&[("CHALLENGE", scheme)]).unwrap_err();
        let [site_key, secret_key] =
            ["SITE_KEY", "SECRET_KEY"].map(|name| format!("{prefix}_{name}"));
        for name in [&site_key, &secret_key] {
            assert!(faults.contains(&format!("{name}: is required")), "{faults}");
        }
        let keys = [("CHALLENGE", scheme), (&site_key, "public"), (&secret_key, "private-key")];
        let (settings, in_force) = read(&keys).unwrap();
        assert_eq!(settings.proofs.captcha.as_ref().unwrap().judge, judge);
        assert!(!format!("{:?}{in_force:?}", settings.proofs).contains("private-key"));
    }
}

#[test]
fn a_captcha_whose_secret_would_be_read_on_the_way_is_refused() {
    let with = |url: &str, site_key: &str| {
        let keys = [
            ("CHALLENGE", "turnstile"),
            ("TURNSTILE_SITE_KEY", site_key),
            ("TURNSTILE_SECRET_KEY", "private"),
            ("TURNSTILE_BASE_URL", url),
        ];
        read(&keys).map(|_| ())
    };
    assert_eq!(with("https://proxy.example", "public"), Ok(()));
    assert_eq!(with("http://127.0.0.1:8080", "public"), Ok(()));
    for (url, site_key, fault) in [
        ("http://proxy.example", "public", "TURNSTILE_BASE_URL: the base URL must be https"),
        ("https://proxy.example/path", "public", "TURNSTILE_BASE_URL: the base URL must be"),
        ("https://proxy.example", "two words", "TURNSTILE_SITE_KEY: the site key must be"),
    ] {
        let faults = with(url, site_key).unwrap_err();
        assert!(faults.contains(fault), "{faults}");
    }
}

#[test]
fn a_word_that_is_no_scheme_is_refused() {
    let faults = read(&[("CHALLENGE", "altcha"), ("CHALLENGE_WHEN", "never")]).unwrap_err();
    assert!(faults.contains("one of pow, turnstile, hcaptcha is wanted"), "{faults}");
    assert!(faults.contains("one of doubt, always is wanted"), "{faults}");
}
