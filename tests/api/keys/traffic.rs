//! Keys change while people log in at one replica and are checked at the other, and by a service
//! that keeps the key set for as long as it may: no check ever fails.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use ringfence::foundation::Clock;
use serde_json::Value;
use tokio::sync::RwLock;
use tokio::task::JoinSet;

use super::{AHEAD, JWKS, kid_of, reload, rotate};
use crate::support::{Person, TestApp, Visitor};

const ROTATIONS: i32 = 3;
/// How far time goes at once. Each replica reads the keys every second time: every five minutes, which
/// is ten times as long as `serve` lets pass.
const STEP: TimeDelta = TimeDelta::seconds(150);
/// For how long a client goes on using a token.
const TOKEN_USE: TimeDelta = TimeDelta::minutes(110);
/// What `Cache-Control` of the key set says.
const KEY_SET_MAX_AGE: TimeDelta = TimeDelta::minutes(5);
const CLIENTS: usize = 2;

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

    /// Fails where the token names a key that is not in the set.
    fn check(&self, token: &str) {
        let key = self.keys.find(&kid_of(token)).unwrap();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&["https://auth.example.com"]);
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(key).unwrap();
        jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap();
    }
}

/// Somebody who logs in at one replica again and again, and uses each token at the other for a while.
struct Client {
    at: Visitor,
    elsewhere: Visitor,
    clock: Clock,
    service: Service,
    tokens: VecDeque<(DateTime<Utc>, String)>,
    /// The keys that have signed for this client.
    seen: HashSet<String>,
}

impl Client {
    async fn new(at: &TestApp, elsewhere: &TestApp) -> Self {
        let clock = at.application.state.clock.clone();
        let elsewhere = Visitor::clone(elsewhere);
        let service = Service::fetch(&elsewhere, clock.now()).await;
        let (tokens, seen) = (VecDeque::new(), HashSet::new());
        Self { at: Visitor::clone(at), elsewhere, clock, service, tokens, seen }
    }

    /// Time stands still until it returns.
    async fn go(&mut self) {
        let now = self.clock.now();
        if now - self.service.fetched_at >= KEY_SET_MAX_AGE {
            self.service = Service::fetch(&self.elsewhere, now).await;
        }
        let token = self.at.login(&Person::ada()).await.is(200).text("token");
        self.seen.insert(kid_of(&token));
        self.tokens.push_back((now, token));
        self.tokens.retain(|(since, _)| now - *since < TOKEN_USE);
        // The newest, and one that has been about.
        self.tokens.rotate_left(1);
        for (_, token) in self.tokens.iter().take(1).chain(self.tokens.back()) {
            self.elsewhere.session(token).await.is(200);
            self.service.check(token);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_change_during_traffic_and_no_check_fails() {
    let settings = [("BASE_URL", "https://auth.example.com"), ("JWT_EXPIRES_IN", "2h")];
    let one = TestApp::with(&settings).await;
    let two = one.replica(&[]).await;
    one.verified(&Person::ada()).await;
    let (ended, checks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    // Held for reading by who asks, for writing by who moves the clock: so that a token does not run
    // out under way on a busy machine. The keys change without it.
    let time = Arc::new(RwLock::new(()));

    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (at, elsewhere) = if number % 2 == 0 { (&one, &two) } else { (&two, &one) };
        let mut client = Client::new(at, elsewhere).await;
        let (time, ended, checks) = (Arc::clone(&time), Arc::clone(&ended), Arc::clone(&checks));
        clients.spawn(async move {
            while !ended.load(Ordering::Relaxed) {
                let _standing = time.read().await;
                client.go().await;
                checks.fetch_add(1, Ordering::Relaxed);
            }
            client.seen
        });
    }

    let pass = async || {
        let _moving = time.write().await;
        one.advance(STEP);
    };
    for _ in 0..ROTATIONS {
        assert!(rotate(&one).await.is_new);
        let end = one.now() + AHEAD + TimeDelta::hours(3);
        while one.now() < end {
            pass().await;
            reload(&one).await;
            pass().await;
            reload(&two).await;
        }
    }
    ended.store(true, Ordering::Relaxed);
    let seen: HashSet<_> = clients.join_all().await.into_iter().flatten().collect();
    assert_eq!(seen.len(), usize::try_from(ROTATIONS).unwrap() + 1, "every key has signed");
    assert!(checks.load(Ordering::Relaxed) > 100, "{checks:?}");
    assert_eq!(one.count("SELECT count(*) FROM signing_keys").await, 1, "the old ones are gone");
}
