//! The life of signing keys: published ahead, signing, retired, gone; by age, by hand, by leak.

mod algorithms;
mod life;
mod races;
mod replicas;
mod secret_key;
mod traffic;

use chrono::TimeDelta;
use ringfence::foundation::Keyring;
use ringfence::tokens::{self, KeyRules, Rotation, SigningAlgorithm};

use crate::support::{Person, SECRET_KEY, TestApp};

const JWKS: &str = "/.well-known/jwks.json";
/// How long a key is published before it signs.
const AHEAD: TimeDelta = TimeDelta::hours(1);
const MOMENT: TimeDelta = TimeDelta::microseconds(1);

/// As the settings have them where none is set.
fn rules() -> KeyRules {
    KeyRules {
        algorithm: SigningAlgorithm::EdDsa,
        max_age: Some(TimeDelta::days(90)),
        token_lifetime: TimeDelta::minutes(15),
    }
}

fn keyring() -> Keyring {
    Keyring::parse(SECRET_KEY).unwrap()
}

/// `ringfence keys rotate`.
async fn rotate(app: &TestApp) -> Rotation {
    tokens::rotate_keys(app.database(), &keyring(), &rules(), app.now()).await.unwrap()
}

/// `ringfence keys rotate --now`.
async fn withdraw(app: &TestApp) {
    tokens::withdraw_keys(app.database(), &keyring(), &rules(), app.now()).await.unwrap();
}

/// What `serve` does every 30 seconds.
async fn reload(app: &TestApp) {
    let state = &app.application.state;
    state.tokens.reload_keys(&state.database, app.now()).await.unwrap();
}

/// The ids of the published keys.
async fn published(app: &TestApp) -> Vec<String> {
    let answer = app.get(JWKS).await.is(200);
    let keys = answer.json()["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// A token for somebody who is known, and the key that signed it.
async fn signed(app: &TestApp) -> (String, String) {
    let token = app.login(&Person::ada()).await.is(200).text("token");
    let kid = kid_of(&token);
    (token, kid)
}

fn kid_of(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}
