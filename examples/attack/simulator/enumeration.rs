//! Attackers who want to know who has an account.
//!
//! Each question is asked many times about people who have one and about people who have none; what the
//! best judge could make of the answers is the distance between the two heaps of them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use super::honest::Person;
use super::networks;
use super::random::Random;
use super::world::{Answer, World};

/// What differs between any two answers to one question. Lengths stay.
const VOLATILE: [&str; 12] = [
    "requestId",
    "userId",
    "loginTicket",
    "loginTicketExpiresAt",
    "resetTicket",
    "destination",
    "resetTicketExpiresAt",
    "resendAfter",
    "expiresAt",
    "salt",
    "challenge",
    "signature",
];
const VOLATILE_HEADERS: [&str; 2] = ["date", "x-request-id"];

/// The questions that tell nobody anything.
pub(crate) const QUESTIONS: [&str; 5] =
    ["register", "login", "request-otp", "verify-otp", "password/forgot"];

/// How well a judge can tell people with an account from others by the answers to `question`: 0 not at
/// all, 1 always.
///
/// # Errors
/// An answer that did not come.
pub(crate) async fn advantage(
    world: &Arc<World>,
    question: &str,
    known: &[Person],
    random: &mut Random,
) -> anyhow::Result<f64> {
    let mut heaps: [BTreeMap<String, u32>; 2] = Default::default();
    let addresses = networks::residential(u32::try_from(known.len() * 2)?, random);
    for (person, pair) in known.iter().zip(addresses.chunks_exact(2)) {
        let stranger = Person::draw("stranger", random)?;
        // In no fixed order: what is asked first must not matter either.
        let mut order = [(0, person), (1, &stranger)];
        if random.percent(50) {
            order.swap(0, 1);
        }
        for (heap, asked) in order {
            let face = face(world, pair[heap], question, asked).await?;
            *heaps[heap].entry(face).or_default() += 1;
        }
    }
    Ok(distance(&heaps, known.len()))
}

/// The total variation distance of two heaps of `count` answers each.
fn distance(heaps: &[BTreeMap<String, u32>; 2], count: usize) -> f64 {
    let [known, unknown] = heaps;
    let more = |(face, times): (&String, &u32)| {
        times.saturating_sub(unknown.get(face).copied().unwrap_or_default())
    };
    let told: u32 = known.iter().map(more).sum();
    f64::from(told) / f64::from(u32::try_from(count.max(1)).unwrap_or(u32::MAX))
}

/// All that can be seen of an answer, and how many hashes were done for it, which the time shows.
async fn face(
    world: &World,
    address: IpAddr,
    question: &str,
    asked: &Person,
) -> anyhow::Result<String> {
    let hasher = &world.application.state.hasher;
    let before = hasher.hashes_done();
    let answer = world.ask(address, question, &body(question, asked), None).await?;
    let work = hasher.hashes_done() - before;
    let Answer { status, headers, mut json } = answer;
    blur(&mut json);
    let headers: BTreeMap<_, _> = headers
        .iter()
        .filter(|(name, _)| !VOLATILE_HEADERS.contains(&name.as_str()))
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
        .filter(|(name, _)| *name != "content-length" || is_telling(question))
        .collect();
    Ok(format!("{status} {headers:?} {json} after {work} hashes"))
}

/// Whether the length of the answer says more than how long the asked number is, which the asker knows.
fn is_telling(question: &str) -> bool {
    question != "register"
}

fn body(question: &str, asked: &Person) -> Value {
    match question {
        "register" => {
            json!({ "email": asked.email, "phoneNumber": asked.phone, "password": "umber fjord 60133" })
        }
        "login" => json!({ "email": asked.email, "password": "not theirs at all" }),
        "verify-otp" => json!({ "email": asked.email, "otpCode": "271828" }),
        _ => json!({ "email": asked.email }),
    }
}

/// Leaves of each volatile member no more than that it is there.
fn blur(json: &mut Value) {
    match json {
        Value::Object(members) => {
            for (name, value) in members {
                if VOLATILE.contains(&name.as_str()) && value.is_string() {
                    *value = json!("…");
                } else {
                    blur(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(blur),
        _ => {}
    }
}
