//! Stored hashes: what is read, and what is refused before it can do harm.

use proptest::prelude::*;
use ringfence::passwords::{Argon2Cost, CostError, InvalidHash, PasswordHash, Verification};

use crate::{hasher, password, tiny};

const SALT: &str = "c2l4dGVlbiBieXRlcyBvaw";
const TAG: &str = "92+N1j24oFZ0IXBCfdZaS9yYqX6HGae2x8YiwZWs98M";

#[test]
fn absurd_costs_are_refused_when_read() {
    for (cost, problem) in [
        ("m=4294967295,t=1,p=1", CostError::Memory { memory_kib: u32::MAX, least_kib: 8 }),
        ("m=262145,t=1,p=1", CostError::Memory { memory_kib: 262_145, least_kib: 8 }),
        ("m=7,t=1,p=1", CostError::Memory { memory_kib: 7, least_kib: 8 }),
        ("m=31,t=1,p=4", CostError::Memory { memory_kib: 31, least_kib: 32 }),
        ("m=64,t=0,p=1", CostError::Iterations { iterations: 0 }),
        ("m=64,t=65,p=1", CostError::Iterations { iterations: 65 }),
        ("m=64,t=1,p=0", CostError::Parallelism { parallelism: 0 }),
        ("m=262144,t=1,p=17", CostError::Parallelism { parallelism: 17 }),
        ("m=64,t=1,p=4294967295", CostError::Parallelism { parallelism: u32::MAX }),
        ("m=262144,t=5,p=1", CostError::Work { work_kib: 1_310_720 }),
    ] {
        let read = PasswordHash::parse(&format!("$argon2id$v=19${cost}${SALT}${TAG}"));
        assert_eq!(read.unwrap_err(), InvalidHash::Cost(problem), "{cost}");
    }
}

#[test]
fn the_usual_costs_of_other_systems_are_read() {
    for cost in [
        "m=65536,t=3,p=4",  // RFC 9106, second choice; argon2-cffi
        "m=65536,t=4,p=1",  // PHP
        "m=102400,t=2,p=8", // Django
        "m=262144,t=3,p=1", // libsodium, moderate
        "m=7168,t=5,p=1",   // OWASP, least memory
    ] {
        let text = format!("$argon2id$v=19${cost}${SALT}${TAG}");
        assert_eq!(PasswordHash::parse(&text).unwrap().to_phc(), text);
    }
}

#[test]
fn what_is_not_a_whole_argon2_hash_is_refused() {
    for (text, problem) in [
        (format!("$argon2id$v=19$m=64,t=1${SALT}${TAG}"), InvalidHash::Parameters),
        (format!("$argon2id$v=19$m=64,t=1,p=1,data=AAAA${SALT}${TAG}"), InvalidHash::Parameters),
        (format!("$argon2id$v=19$m=64,t=1,p=1,p=1${SALT}${TAG}"), InvalidHash::Parameters),
        (format!("$argon2id$v=19$m=64,t=1,p=+1${SALT}${TAG}"), InvalidHash::Parameters),
        (format!("$argon2id$v=19$m=99999999999,t=1,p=1${SALT}${TAG}"), InvalidHash::Parameters),
        (format!("$argon2id$v=17$m=64,t=1,p=1${SALT}${TAG}"), InvalidHash::Version),
        (format!("$yescrypt$v=1$m=64,t=1,p=1${SALT}${TAG}"), InvalidHash::Algorithm),
        (format!("$argon2id$v=19$m=64,t=1,p=1${SALT}"), InvalidHash::Incomplete),
    ] {
        assert_eq!(PasswordHash::parse(&text).unwrap_err(), problem, "{text}");
    }
    for text in [
        String::new(),
        "correct horse".to_owned(),
        "$1$abcdefgh$CoA9O7pSTEWHMsW7wrQBK/".to_owned(),
        format!("$argon2id$v=19$m=64,t=1,p=1$AAAA${TAG}"),
        format!("$argon2id$v=19$m=64,t=1,p=1${SALT}$AAAA"),
        format!("$argon2id$v=19$m=64,t=1,p=1${SALT}${TAG}{TAG}{TAG}"),
        format!("$argon2id$v=19$m=64,t=1,p=1${SALT}${TAG}$more"),
        format!("$argon2id$v=19$m=64,t=1,p=1${SALT}$!!!!!!!!!!!!!!!!"),
    ] {
        assert!(PasswordHash::parse(&text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn reading_never_panics_and_what_is_read_is_within_bounds(
        text in r"\$argon2(id|i|d|)(\$v=[0-9]{1,3})?\$m=[0-9]{1,11},t=[0-9]{1,3},p=[0-9]{1,3}\$[A-Za-z0-9+/]{0,70}\$[A-Za-z0-9+/]{0,90}",
        noise in "\\PC{0,80}",
    ) {
        let _ = PasswordHash::parse(&noise);
        if let Ok(hash) = PasswordHash::parse(&text) {
            let again = hash.to_phc();
            prop_assert_eq!(PasswordHash::parse(&again).unwrap().to_phc(), again);
            let m: u64 = text.split("m=").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
            prop_assert!(m <= u64::from(*Argon2Cost::MEMORY_KIB.end()));
        }
    }
}

#[tokio::test]
async fn the_threads_survive_a_stored_hash_that_needs_far_more_memory() {
    let hasher = hasher(tiny(), 1, 4);
    let mine = hasher.hash(password("correct horse"), [1; 16]).await.unwrap();
    let great = format!("$argon2id$v=19$m=32768,t=1,p=16${SALT}${TAG}").parse().unwrap();
    let verdict = hasher.verify(password("correct horse"), Some(great)).await.unwrap();
    assert_eq!(verdict, Verification::Mismatch);
    let verdict = hasher.verify(password("correct horse"), Some(mine)).await.unwrap();
    assert_eq!(verdict, Verification::Match);
}

#[test]
fn debug_shows_neither_salt_nor_tag_nor_password() {
    let hash = PasswordHash::parse(&format!("$argon2id$v=19$m=64,t=1,p=1${SALT}${TAG}")).unwrap();
    let shown = format!("{hash:?} {:?}", password("correct horse"));
    for secret in [SALT, TAG, "correct", "sixteen"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
