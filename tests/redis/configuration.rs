//! `REDIS_URL`: what is taken, what is refused, and that its password is never shown.

use ringfence::config::{Environment, InForce, Settings, SettingsError};
use ringfence::otp::CodeStore;

const NEEDED: [(&str, &str); 4] = [
    ("APP_ENV", "test"),
    ("SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ("DATABASE_URL", "postgres://localhost/ringfence"),
    ("VERIFICATION_PROVIDER", "console"),
];

fn read(settings: &[(&str, &str)]) -> Result<(Settings, InForce), SettingsError> {
    let pairs = NEEDED.iter().chain(settings);
    let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::read(&Environment::of_pairs(pairs))
}

#[test]
fn without_it_codes_live_in_postgresql() {
    let (settings, shown) = read(&[]).unwrap();
    assert!(matches!(settings.code_store, CodeStore::Postgres));
    assert!(shown.values.contains(&("REDIS_URL".to_owned(), "(none)".to_owned())));
}

#[test]
fn with_it_they_live_in_redis_and_nothing_shows_the_password() {
    let url = "rediss://ringfence:hunter2@redis.internal:6380/2";
    let (settings, shown) = read(&[("REDIS_URL", url)]).unwrap();
    assert!(matches!(settings.code_store, CodeStore::Redis(_)));
    assert!(shown.values.contains(&("REDIS_URL".to_owned(), "********".to_owned())));
    let all = format!("{settings:?} {shown:?}");
    assert!(!all.contains("hunter2") && !all.contains("redis.internal"), "{all}");
}

#[test]
fn it_can_come_from_a_file() {
    let path = std::env::temp_dir().join(format!("ringfence-redis-url-{}", std::process::id()));
    std::fs::write(&path, "redis://:hunter2@localhost\n").unwrap();
    let read = read(&[("REDIS_URL_FILE", path.to_str().unwrap())]);
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(read.unwrap().0.code_store, CodeStore::Redis(_)));
}

#[test]
fn what_is_no_address_of_redis_is_a_fault_that_does_not_show_it() {
    for url in
        ["http://hunter2@localhost", "redis://:hunter2@", "rediss://:hunter2@redis/#insecure"]
    {
        let fault = read(&[("REDIS_URL", url)]).unwrap_err().to_string();
        assert!(fault.contains("REDIS_URL: is no redis:// or rediss:// URL"), "{fault}");
        assert!(!fault.contains("hunter2"), "{fault}");
    }
}
