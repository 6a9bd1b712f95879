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
    let mut attempt = salt.as_bytes().to_vec();
    let digits_at = attempt.len();
    attempt.push(b'0');
    let mut number = 0_u64;
    while digest(&SHA256, &attempt).as_ref() != wanted_bytes {
        anyhow::ensure!(number < most, "a challenge without a solution");
        number += 1;
        count_up(&mut attempt, digits_at);
    }
    let solution = json!({
        "algorithm": text("algorithm")?, "challenge": wanted, "number": number, "salt": salt,
        "signature": text("signature")?,
    });
    Ok(STANDARD.encode(solution.to_string()))
}

/// Adds one to the decimal number at the end of `text`, in place.
fn count_up(text: &mut Vec<u8>, digits_at: usize) {
    for digit in text[digits_at..].iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    text.insert(digits_at, b'1');
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}
