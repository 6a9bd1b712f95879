//! Access tokens: of all changes of a good one none is good, and nothing else is.
#![no_main]

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use libfuzzer_sys::fuzz_target;
use ringfence::foundation::{Entropy, SessionId, UserId};
use ringfence::tokens::{AccessTokens, Grant, SigningKeys};
use ringfence_fuzz::{no_database, runtime};
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::runtime::Runtime;

struct World {
    runtime: Runtime,
    /// With `JWT_SECRET` nobody asks there.
    database: PgPool,
    tokens: AccessTokens,
    good: String,
    now: DateTime<Utc>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = runtime();
    let database = no_database(&runtime);
    let keys = SigningKeys::shared(&SecretString::from("a secret of thirty-two bytes, no less"));
    let issuer = "https://auth.example.com".to_owned();
    let tokens = AccessTokens::new(keys, issuer, TimeDelta::minutes(15), Entropy::default());
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let grant = Grant {
        user: UserId::from_bytes([1; 16]),
        session: SessionId::from_bytes([2; 16]),
        email: "ada@example.com".to_owned(),
        is_verified: true,
        roles: vec![],
        amr: vec!["pwd".to_owned()],
        authenticated_at: now,
    };
    let good = tokens.issue(grant, now).expect("a token").token;
    World { runtime, database, tokens, good, now }
});

fn is_good(token: &str) -> bool {
    let World { runtime, database, tokens, now, .. } = &*WORLD;
    runtime.block_on(tokens.check(database, token, *now)).is_ok()
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let good = &WORLD.good;
    assert!(is_good(good));
    assert!(text == good || !is_good(text), "{text} was taken");
    // The first letter says where the rest is put in the place of what stands there.
    let Some((at, rest)) = bytes.split_first() else { return };
    let at = usize::from(*at) * good.len() / 256;
    let (Some(rest), true) = (str::from_utf8(rest).ok(), good.is_char_boundary(at)) else { return };
    let end = (at + rest.len()).min(good.len());
    let changed = format!("{}{rest}{}", &good[..at], &good[end..]);
    assert!(changed == *good || !is_good(&changed), "{changed} was taken");
});
