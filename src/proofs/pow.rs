//! The proof of work of ALTCHA, version 1: what it asks is to find a number by trying.
//!
//! `challenge` is the SHA-256 of `salt` and a secret number, `signature` an HMAC of it; the client finds the
//! number and sends all of it back (<https://altcha.org/docs/server-tldr>). Nothing is stored until it does.
//! The HMAC is over the operation, the client and the difficulty as well. The salt ends in `&`, and is read
//! strictly: otherwise digits could be moved from the number to `expires`
//! (<https://altcha.org/security-advisory>, December 2025).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::foundation::{Entropy, EntropyError, KeyPurpose, Keyring};

use super::{Ask, Challenge, Difficulty, LIFETIME, Proof, Refusal, sha256};

const ALGORITHM: &str = "SHA-256";
/// Of the random part of the salt. With it the salt and a number of seven digits fit into one block of
/// SHA-256, and no two challenges are the same.
const NONCE_BYTES: usize = 12;

/// A fresh challenge.
pub(super) fn challenge(
    keyring: &Keyring,
    entropy: &Entropy,
    ask: &Ask,
    now: DateTime<Utc>,
) -> Result<Challenge, EntropyError> {
    let nonce = hex(&entropy.bytes::<NONCE_BYTES>()?);
    let salt = format!("{nonce}?expires={}&", (now + LIFETIME).timestamp());
    let max_number = ask.difficulty.max_number();
    // Of 2^64 values; that some numbers have one more of them than others helps nobody.
    let number = u64::from_be_bytes(entropy.bytes()?) % (u64::from(max_number) + 1);
    let challenge = hex(&hash(&salt, number));
    let signed = signed(&challenge, ask, ask.difficulty);
    let signature = hex(&keyring.mac(KeyPurpose::Challenge, signed.as_bytes()));
    Ok(Challenge::Pow { algorithm: ALGORITHM, challenge, maxnumber: max_number, salt, signature })
}

/// What a client sends back. ALTCHA's widgets add members like `took`, which mean nothing here.
#[derive(Deserialize)]
struct Solution {
    algorithm: String,
    challenge: String,
    number: u64,
    salt: String,
    signature: String,
}

/// Whether `payload` solves a challenge of ours for `ask`.
pub(super) fn check(
    keyring: &Keyring,
    payload: &str,
    ask: &Ask,
    now: DateTime<Utc>,
) -> Result<Proof, Refusal> {
    let solution = Solution::read(payload).ok_or(Refusal::Malformed)?;
    let expires_at = read_salt(&solution.salt).ok_or(Refusal::Malformed)?;
    let signature = unhex(&solution.signature).ok_or(Refusal::Malformed)?;
    let is_ours = |difficulty: &Difficulty| {
        let signed = signed(&solution.challenge, ask, *difficulty);
        keyring.verify_mac_of_any(KeyPurpose::Challenge, signed.as_bytes(), &signature)
    };
    let mut enough = Difficulty::ALL.iter().filter(|difficulty| **difficulty >= ask.difficulty);
    if !enough.any(is_ours) {
        return Err(Refusal::Foreign);
    }
    // The challenge is ours; so are the salt and the number whose hash it is, and with them `expires`.
    let hash = hash(&solution.salt, solution.number);
    if hex(&hash) != solution.challenge {
        return Err(Refusal::Wrong);
    }
    if now >= expires_at {
        return Err(Refusal::Expired);
    }
    Ok(Proof { hash, expires_at })
}

impl Solution {
    fn read(payload: &str) -> Option<Self> {
        let json = STANDARD.decode(payload).ok()?;
        let solution: Self = serde_json::from_slice(&json).ok()?;
        (solution.algorithm == ALGORITHM).then_some(solution)
    }
}

/// What the signature is of. No part holds a line break.
fn signed(challenge: &str, ask: &Ask, difficulty: Difficulty) -> String {
    let (action, address) = (ask.action.as_str(), ask.address.limited());
    format!("{challenge}\n{action}\n{address}\n{}", difficulty.max_number())
}

/// Until when a challenge with this salt is good: `<24 hexadecimal digits>?expires=<seconds>&`, and nothing
/// else.
fn read_salt(salt: &str) -> Option<DateTime<Utc>> {
    let (nonce, expires) = salt.strip_suffix('&')?.split_once("?expires=")?;
    let is_sound = nonce.len() == NONCE_BYTES * 2
        && unhex(nonce).is_some()
        && expires.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = expires.parse().ok().filter(|_| is_sound)?;
    DateTime::from_timestamp(seconds, 0)
}

fn hash(salt: &str, number: u64) -> [u8; 32] {
    sha256(&format!("{salt}{number}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Pairs of lower-case digits, as [`hex`] writes them.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let pairs = text.as_bytes().chunks(2).map(|pair| {
        let pair = Some(pair).filter(|pair| pair.len() == 2 && pair.iter().all(is_digit))?;
        u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::foundation::ClientAddress;
    use crate::proofs::Action;

    use super::*;

    const NOW: i64 = 1_767_225_600;

    fn keyring() -> Keyring {
        Keyring::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn ask() -> Ask {
        let address = ClientAddress::new("2001:db8::1".parse().unwrap());
        Ask { action: Action::Login, address, difficulty: Difficulty::Usual }
    }

    /// A challenge with a number of our choice, and what solves it.
    fn solved(salt: &str, number: u64) -> serde_json::Value {
        let challenge = hex(&hash(salt, number));
        let signed = signed(&challenge, &ask(), Difficulty::Usual);
        let signature = hex(&keyring().mac(KeyPurpose::Challenge, signed.as_bytes()));
        serde_json::json!({"algorithm": "SHA-256", "challenge": challenge, "number": number,
            "salt": salt, "signature": signature, "took": 12})
    }

    fn salt(expires: i64) -> String {
        format!("000102030405060708090a0b?expires={expires}&")
    }

    fn judged(solution: &serde_json::Value, ask: &Ask) -> Result<(), Refusal> {
        check(&keyring(), &STANDARD.encode(solution.to_string()), ask, at(NOW)).map(|_| ())
    }

    #[test]
    fn a_challenge_is_of_the_form_that_altcha_describes_and_has_a_solution() {
        let ask = ask();
        let Ok(Challenge::Pow { algorithm, challenge, maxnumber, salt, signature }) =
            super::challenge(&keyring(), &Entropy::default(), &ask, at(NOW))
        else {
            panic!("no proof of work");
        };
        assert_eq!((algorithm, challenge.len(), signature.len()), ("SHA-256", 64, 64));
        assert_eq!(read_salt(&salt), Some(at(NOW) + LIFETIME));
        let fits = |number: &u64| hex(&hash(&salt, *number)) == challenge;
        let number = (0..=u64::from(maxnumber)).find(fits).unwrap();
        let solution = serde_json::json!({"algorithm": algorithm, "challenge": challenge,
            "number": number, "salt": salt, "signature": signature});
        assert_eq!(judged(&solution, &ask), Ok(()));
    }

    #[test]
    fn each_part_of_a_solution_counts() {
        let good = solved(&salt(NOW + 1), 4711);
        assert_eq!(judged(&good, &ask()), Ok(()));
        let with = |member: &str, value: serde_json::Value| {
            let mut changed = good.clone();
            changed[member] = value;
            judged(&changed, &ask())
        };
        assert_eq!(with("number", 4712.into()), Err(Refusal::Wrong));
        assert_eq!(with("salt", salt(NOW + 99).into()), Err(Refusal::Wrong));
        assert_eq!(with("challenge", hex(&[7; 32]).into()), Err(Refusal::Foreign));
        assert_eq!(with("signature", hex(&[7; 32]).into()), Err(Refusal::Foreign));
        assert_eq!(with("algorithm", "SHA-1".into()), Err(Refusal::Malformed));
        assert_eq!(with("number", "4711".into()), Err(Refusal::Malformed));
        let upper = good["signature"].as_str().unwrap().to_uppercase();
        assert_eq!(with("signature", upper.into()), Err(Refusal::Malformed));
        assert_eq!(judged(&solved(&salt(NOW), 4711), &ask()), Err(Refusal::Expired));
    }

    #[test]
    fn a_solution_is_for_its_operation_its_client_and_its_difficulty_or_an_easier_one() {
        let good = solved(&salt(NOW + 1), 4711);
        let other = Ask { action: Action::Register, ..ask() };
        assert_eq!(judged(&good, &other), Err(Refusal::Foreign));
        let harder = Ask { difficulty: Difficulty::High, ..ask() };
        assert_eq!(judged(&good, &harder), Err(Refusal::Foreign));
        let address = |text: &str| ClientAddress::new(text.parse().unwrap());
        let neighbour = Ask { address: address("2001:db8::ffff"), ..ask() };
        assert_eq!(judged(&good, &neighbour), Ok(()), "the same /64");
        let stranger = Ask { address: address("2001:db8:0:1::1"), ..ask() };
        assert_eq!(judged(&good, &stranger), Err(Refusal::Foreign));
    }

    /// The weakness of December 2025: salt and number are hashed as one text.
    #[test]
    fn digits_cannot_be_moved_from_the_number_to_the_time() {
        let unended = format!("000102030405060708090a0b?expires={NOW}");
        let mut spliced = solved(&unended, 95);
        spliced["salt"] = format!("{unended}9").into();
        spliced["number"] = 5.into();
        assert_eq!(judged(&spliced, &ask()), Err(Refusal::Malformed));
        let mut moved = solved(&salt(NOW), 95);
        moved["salt"] = format!("{}9", salt(NOW)).into();
        moved["number"] = 5.into();
        assert_eq!(judged(&moved, &ask()), Err(Refusal::Malformed));
    }

    #[test]
    fn a_salt_is_read_only_as_it_is_written() {
        for wrong in [
            "",
            "&",
            "?expires=1&",
            "000102030405060708090a0b?expires=+1&",
            "000102030405060708090a0b?expires=-1&",
            "000102030405060708090a0b?expires=&",
            "000102030405060708090a0b?expires=1&x=2&",
            "000102030405060708090a0b?expires=99999999999999999999&",
            "000102030405060708090a0B?expires=1&",
            "000102030405060708090a?expires=1&",
        ] {
            assert_eq!(read_salt(wrong), None, "{wrong}");
        }
        assert_eq!(read_salt(&salt(1)), Some(at(1)));
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_judged_and_never_good(payload in "[ -~]{0,400}") {
            prop_assert!(check(&keyring(), &payload, &ask(), at(NOW)).is_err());
        }

        #[test]
        fn whatever_json_is_sent_is_judged_and_never_good(
            algorithm in "SHA-256|.{0,9}", challenge in "[0-9a-f]{64}|.{0,80}", number: u64,
            salt in "[0-9a-f]{24}\\?expires=[0-9]{1,12}&|.{0,80}", signature in "[0-9a-f]{64}|.{0,80}",
        ) {
            let solution = serde_json::json!({"algorithm": algorithm, "challenge": challenge,
                "number": number, "salt": salt, "signature": signature});
            prop_assert!(judged(&solution, &ask()).is_err());
        }

        #[test]
        fn hexadecimal_reads_back(bytes: Vec<u8>) {
            prop_assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        }
    }
}
