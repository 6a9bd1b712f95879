//! Proof of work, as a client does it: ALTCHA's scheme with SHA-256 (<https://altcha.org/docs/v2/proof-of-work>).

use anyhow::Context as _;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::world::Answer;

/// Where a solution goes.
pub(crate) const HEADER: &str = "Challenge-Response";
/// What a challenge is answered as.
const CHALLENGE_REQUIRED: u16 = 428;

/// The solution of the challenge in `answer`; `None` where there is none.
///
/// # Errors
/// The challenge is not of that scheme, or has no solution.
pub(crate) async fn solve(answer: &Answer) -> anyhow::Result<Option<String>> {
    if answer.status != CHALLENGE_REQUIRED {
        return Ok(None);
    }
    let challenge = answer.json["challenge"].clone();
    tokio::task::spawn_blocking(move || work(&challenge)).await?.map(Some)
}

fn work(challenge: &Value) -> anyhow::Result<String> {
    let text = |member: &str| challenge[member].as_str().with_context(|| format!("no {member}"));
    let (salt, wanted) = (text("salt")?, text("challenge")?);
    let most = challenge["maxnumber"].as_u64().context("no maxnumber")?;
    let wanted_bytes = bytes_of_hex(wanted).context("the challenge is not in hexadecimal")?;
    let is_it = |number: &u64| {
        digest(&SHA256, format!("{salt}{number}").as_bytes()).as_ref() == wanted_bytes
    };
    let number = (0..=most).find(is_it).context("a challenge without a solution")?;
    let solution = json!({
        "algorithm": text("algorithm")?, "challenge": wanted, "number": number, "salt": salt,
        "signature": text("signature")?,
    });
    Ok(STANDARD.encode(solution.to_string()))
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}
