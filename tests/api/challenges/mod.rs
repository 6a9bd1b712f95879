//! Challenges: asked for, met, and refused where they are not.

mod captchas;
mod documented;
mod races;
mod settings;
mod work;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp, Visitor};

const REGISTER: &str = "/api/v1/auth/register";
const LOGIN: &str = "/api/v1/auth/login";
const FORGOT: &str = "/api/v1/auth/password/forgot";

/// Everybody is asked for a proof of work.
async fn asking() -> TestApp {
    TestApp::with(&[("CHALLENGE_WHEN", "always"), ("TRUSTED_PROXIES", "127.0.0.1")]).await
}

/// The challenge that is the answer to such a request.
async fn challenge(visitor: &Visitor, path: &str, body: &Value) -> Value {
    let answer = visitor.post(path, body).await.refused(428, "challenge_required");
    answer.json()["challenge"].clone()
}

/// The number, found by trying.
fn solve(challenge: &Value) -> u64 {
    let salt = challenge["salt"].as_str().unwrap();
    let wanted = challenge["challenge"].as_str().unwrap();
    let wanted = (0..64).step_by(2).map(|at| u8::from_str_radix(&wanted[at..at + 2], 16).unwrap());
    let wanted: Vec<u8> = wanted.collect();
    let fits =
        |number: &u64| digest(&SHA256, format!("{salt}{number}").as_bytes()).as_ref() == wanted;
    (0..=challenge["maxnumber"].as_u64().unwrap()).find(fits).unwrap()
}

/// What ALTCHA's widgets send for `challenge`.
fn payload(challenge: &Value, number: u64) -> String {
    let mut solution = json!({"number": number, "took": 812});
    for member in ["algorithm", "challenge", "salt", "signature"] {
        solution[member] = challenge[member].clone();
    }
    STANDARD.encode(solution.to_string())
}

/// What is sent back for `challenge` by whoever has worked for it.
pub(crate) fn response_to(challenge: &Value) -> String {
    payload(challenge, solve(challenge))
}

/// A proof for one more of such a request.
async fn proof(visitor: &Visitor, path: &str, body: &Value) -> String {
    let challenge = challenge(visitor, path, body).await;
    response_to(&challenge)
}

async fn bring(visitor: &Visitor, path: &str, body: &Value, proof: &str) -> Answer {
    visitor.with_header("challenge-response", proof).post(path, body).await
}

/// Asks, meets the challenge, asks again.
async fn with_proof(visitor: &Visitor, path: &str, body: &Value) -> Answer {
    let proof = proof(visitor, path, body).await;
    bring(visitor, path, body, &proof).await
}

fn forgotten() -> Value {
    json!({"email": Person::ada().email})
}
