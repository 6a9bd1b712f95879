//! Wrong passwords: what they cost an attacker, and what they do not cost the owner.

mod owner;
mod races;
mod stuffing;
mod telling;
mod waits;

use serde_json::json;

use crate::support::{Answer, Person, TestApp, Visitor};

pub(crate) const LOGIN: &str = "/api/v1/auth/login";

/// An application behind a proxy that says where its visitors are.
pub(crate) async fn behind_a_proxy(settings: &[(&str, &str)]) -> TestApp {
    let proxy = ("TRUSTED_PROXIES", "127.0.0.1");
    TestApp::with(&[&[proxy, ("OTP_RESEND_SECONDS", "0")], settings].concat()).await
}

/// An address in one of 60,000 blocks.
pub(crate) fn address_in(block: usize) -> String {
    format!("20.{}.{}.7", block / 250, block % 250)
}

pub(crate) async fn guess(visitor: &Visitor, person: &Person) -> Answer {
    let body = json!({ "email": person.email, "password": "a wrong one, for sure" });
    visitor.post(LOGIN, &body).await
}

/// So many wrong ones, each of which is looked at.
pub(crate) async fn guesses(visitor: &Visitor, person: &Person, count: usize) {
    for _ in 0..count {
        guess(visitor, person).await.refused(401, "invalid_credentials");
    }
}

pub(crate) async fn login_on(visitor: &Visitor, device: &str, person: &Person) -> Answer {
    let mut body = person.credentials();
    body["deviceToken"] = json!(device);
    visitor.post(LOGIN, &body).await
}
