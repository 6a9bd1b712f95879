//! Keys change while people log in at one replica and are checked at the other, and by a service
//! that keeps the key set for as long as it may: no check ever fails.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;
use tokio::task::JoinSet;

use super::{AHEAD, JWKS, kid_of, reload, rotate};
use crate::support::{Person, TestApp, Visitor};

const ROTATIONS: i32 = 5;
/// How far time goes at once. Each replica reads the keys every second time: every 60 s, which is
/// twice as long as `serve` lets pass.
const STEP: TimeDelta = TimeDelta::seconds(30);
/// What `Cache-Control` of the key set says.
const KEY_SET_MAX_AGE: TimeDelta = TimeDelta::minutes(5);
const CLIENTS: usize = 4;

/// Another service: checks tokens with the keys it has fetched, and nothing else.
struct Service {
    keys: JwkSet,
    fetched_at: DateTime<Utc>,
}

impl Service {
    async fn fetch(from: &Visitor, now: DateTime<Utc>) -> Self {
        let keys = serde_json::from_slice(from.get(JWKS).await.bytes()).unwrap();
        Self { keys, fetched_at: now }
    }

    fn check(&self, token: &str) {
        let key = self.keys.find(&kid_of(token)).expect("a key that is not in the set");
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&["https://auth.example.com"]);
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(key).unwrap();
        jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_change_during_traffic_and_no_check_fails() {
    let settings = [("BASE_URL", "https://auth.example.com"), ("JWT_EXPIRES_IN", "2h")];
    let one = TestApp::with(&settings).await;
    let two = one.replica(&[]).await;
    one.verified(&Person::ada()).await;
    let (ended, checks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));

    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (at, elsewhere) = if client % 2 == 0 { (&one, &two) } else { (&two, &one) };
        let (at, elsewhere) = (Visitor::clone(at), Visitor::clone(elsewhere));
        let (ended, checks) = (Arc::clone(&ended), Arc::clone(&checks));
        let clock = one.application.state.clock.clone();
        clients.spawn(async move {
            let mut service = Service::fetch(&elsewhere, clock.now()).await;
            let mut seen = HashSet::new();
            while !ended.load(Ordering::Relaxed) {
                if clock.now() - service.fetched_at >= KEY_SET_MAX_AGE {
                    // Asked first: what is fetched is not older than that.
                    let now = clock.now();
                    service = Service::fetch(&elsewhere, now).await;
                }
                let token = at.login(&Person::ada()).await.is(200).text("token");
                elsewhere.session(&token).await.is(200);
                service.check(&token);
                seen.insert(kid_of(&token));
                checks.fetch_add(1, Ordering::Relaxed);
            }
            seen
        });
    }

    for _ in 0..ROTATIONS {
        assert!(rotate(&one).await.is_new);
        let end = one.now() + AHEAD + TimeDelta::hours(3);
        while one.now() < end {
            one.advance(STEP);
            reload(&one).await;
            one.advance(STEP);
            reload(&two).await;
        }
    }
    ended.store(true, Ordering::Relaxed);
    let seen: HashSet<_> = clients.join_all().await.into_iter().flatten().collect();
    assert_eq!(seen.len(), usize::try_from(ROTATIONS).unwrap() + 1, "every key has signed");
    assert!(checks.load(Ordering::Relaxed) > 100, "{checks:?}");
    assert_eq!(one.count("SELECT count(*) FROM signing_keys").await, 1, "the old ones are gone");
}
