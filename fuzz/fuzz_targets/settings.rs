//! Settings: lines `NAME=value` of any kind are read, or every fault is told, and no value of a secret is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringfence::config::{Environment, Settings};
use ringfence::emails::{Sender, SmtpServer};

/// What is no number of a line, no name of a setting, and no word of a complaint.
const SECRET: &str = "hunter2";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    // Values that name a file are not followed.
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let pairs = lines.filter(|(name, _)| !name.contains("FILE"));
    let pairs: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let secrets = ["SECRET_KEY", "JWT_SECRET", "SMTP_URL", "DATABASE_URL", "DB_PASSWORD"];
    let is_secret = |name: &str| secrets.contains(&name);
    let told_elsewhere = pairs
        .iter()
        .any(|(name, value)| name.contains(SECRET) || value.contains(SECRET) && !is_secret(name));
    if let Err(faults) = Settings::read(&Environment::of_pairs(pairs)) {
        let faults = faults.to_string();
        assert!(!faults.is_empty());
        assert!(told_elsewhere || !faults.contains(SECRET), "{faults}");
    }
    if let Ok(server) = text.parse::<SmtpServer>() {
        assert!(!server.name().is_empty());
        assert!(!text.contains(":hunter2@") || !format!("{server:?}").contains(SECRET));
    }
    let _ = text.parse::<Sender>();
});
