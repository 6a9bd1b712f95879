//! Refresh tokens: what does not bear our mark is refused without a look at the database.
#![no_main]

use std::sync::{Arc, LazyLock};

use chrono::TimeDelta;
use libfuzzer_sys::fuzz_target;
use ringfence::foundation::{Entropy, Keyring};
use ringfence::sessions::{Rules, Sessions};
use ringfence_fuzz::{KEY, no_database, runtime};
use sqlx::PgPool;
use tokio::runtime::Runtime;

static WORLD: LazyLock<(Runtime, PgPool, Sessions)> = LazyLock::new(|| {
    let runtime = runtime();
    let database = no_database(&runtime);
    let keyring = Keyring::parse(KEY).expect("a key");
    let rules = Rules {
        absolute: TimeDelta::days(30),
        idle: TimeDelta::days(14),
        access_token: TimeDelta::minutes(15),
    };
    let sessions = Sessions::new(rules, Arc::new(keyring), Entropy::default());
    (runtime, database, sessions)
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (runtime, database, sessions) = &*WORLD;
    // Were it believed, the database that is away would fail.
    let owner = runtime.block_on(sessions.find_owner(database, text));
    assert!(matches!(owner, Ok(None)), "{text} is believed");
    // A key that can be read is read as the same; what is none is never shown.
    if let Err(fault) = Keyring::parse(text) {
        let words = Keyring::parse("*").expect_err("no key").to_string();
        assert!(text.len() < 8 || words.contains(text) || !fault.to_string().contains(text));
    }
});
