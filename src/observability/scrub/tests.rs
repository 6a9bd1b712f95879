//! What goes and what stays, whoever writes the line.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Scrubbed, scrub};

const OPAQUE: &str = "nYv3Q0pGm1bqXo5wJ8sK7aTzRfLcD2eHuI9xMvW4_kE";
const THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const CHECKPOINT: &str = "6fb02cc98b8f276fc2bb437663741d8158213e487b0594d39d4c2d3d39b926c6";
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";

#[test]
fn what_looks_like_a_secret_goes() {
    for (line, left) in [
        ("sent to +46701234567.", "sent to […]."),
        ("sent to +46 (70) 123-45 67, twice", "sent to […], twice"),
        ("GET /users?number=%2B46701234567&x", "GET /users?number=[…]&x"),
        ("to:+46701234567:", "to:[…]:"),
        ("sms+46701234567", "sms[…]"),
        ("ada.lovelace+auth@example.com", "[…]"),
        ("<ada@bücher.example>; rejected", "<[…]>; rejected"),
        ("o'brien@localhost is unknown", "[…] is unknown"),
        (&format!("of {OPAQUE}"), "of […]"),
        (&format!("/reset/{OPAQUE}/x"), "[…]"),
        (&format!("{OPAQUE}.{OPAQUE}"), "[…].[…]"),
        ("SECRET +f8A/Zk3Q0pGm1bqXo5wJ8sK7aTz/RfLcD2eHuI9xMv=", "SECRET […]="),
        (&format!("hash {}", "0a".repeat(32)), "hash […]"),
        (&format!("Bearer {JWT}, bad"), "Bearer […], bad"),
        ("postgres://root:hunter2@db/x?y", "postgres://[…]@db/x?y"),
        ("redis://:p@ss:w/rd@cache:6379", "redis://[…]@cache:6379"),
    ] {
        assert_eq!(scrub(line), left);
    }
}

#[test]
fn what_a_secret_name_stands_before_goes() {
    for (line, left) in [
        ("password=hunter2 user=ada", "password=[…] user=ada"),
        ("db_password = \"correct horse\", x", "db_password = \"[…]\", x"),
        ("Login { Password: Some(\"a\\\"b\"), id: 1 }", "Login { Password: Some(\"[…]\"), id: 1 }"),
        (r#"{"a":{"otpCode":"123456","b":1}}"#, r#"{"a":{"otpCode":"[…]","b":1}}"#),
        (r#"{"otpCode":123456,"b":1}"#, r#"{"otpCode":0,"b":1}"#),
        (
            r#"{"m":"{\"password\":\"hun\\\"ter2\",\"b\":1}"}"#,
            r#"{"m":"{\"password\":\"[…]\",\"b\":1}"}"#,
        ),
        (r#"{"password":"hunter2\\","b":"c"}"#, r#"{"password":"[…]","b":"c"}"#),
        (r#"{"m":"{\"password\":\"hunter2"}"#, r#"{"m":"{\"password\":\"[…]"}"#),
        ("authorization: Basic YWRh; x", "authorization: Basic […]; x"),
        ("?token=abc&page=2", "?token=[…]&page=2"),
        ("code=123456 code=\"1234567\"", "code=0 code=\"[…]\""),
        (
            "\x1b[3mpassword\x1b[0m\x1b[2m=\x1b[0m\"hunter2\" x",
            "\x1b[3mpassword\x1b[0m\x1b[2m=\x1b[0m\"[…]\" x",
        ),
    ] {
        assert_eq!(scrub(line), left);
    }
}

#[test]
fn what_an_operator_needs_stays() {
    for line in [
        "0190a6f2-7c3e-7d4b-9a51-3f2e8d7c6b5a",
        "/api/v1/admin/users/0190a6f2-7c3e-7d4b-9a51-3f2e8d7c6b5a/sessions",
        "ringfence::otp::providers::sinch::client: provider call",
        "violates unique constraint \"number_claims_user_id_and_phone_number_and_holder_key\"",
        "2026-11-21T19:10:00.123456+00:00 127.0.0.1:5432 [2001:db8::1]:443",
        "latency_us=1234567890123 status=200 code=\"otp_invalid\" code=\"23505\" error_code=40003",
        "the number +4670123… and its +1•••••••2671",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736",
        &format!(
            "kid={THUMBPRINT} made; the signing key of kid {THUMBPRINT} and {{\"kid\":\"{THUMBPRINT}\"}}"
        ),
        &format!(
            "audit checkpoint checkpoint=12345:{CHECKPOINT} and {{\"checkpoint\":\"7:{CHECKPOINT}\"}}"
        ),
        "tokens: 5, token_seconds=900, a password was changed; token, ticket and code",
        "http://127.0.0.1:8080/health at 12:00",
        "password=None, otp_code=null",
    ] {
        assert_eq!(scrub(line), line);
    }
}

#[test]
fn a_line_of_many_beginnings_is_no_slower() {
    let began = Instant::now();
    for beginning in
        ["://", "password=\"", "\\\\\\\"", "code=\"", "+1 ", "a@", "eyJ.", "%2B", "\x1b["]
    {
        scrub(&beginning.repeat(64 * 1024 / beginning.len()));
    }
    // Milliseconds; what looks back from each beginning takes a minute.
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
}

/// What stands around a secret in a line.
fn frame() -> impl Strategy<Value = (String, String)> {
    let before =
        prop::sample::select(vec!["", " ", "\"", "=", ": ", "\n", "(", "[", "/", "é ", "\\n", "<"]);
    let after =
        prop::sample::select(vec!["", " ", "\"", ",", "\n", ")", "/", " é", "\\n", ">", "&x=1"]);
    (before, after).prop_map(|(before, after)| (before.to_owned(), after.to_owned()))
}

/// 256 bits as they are drawn, and not as they are shrunk: one of 10^9 has letters of one case only.
fn drawn() -> impl Strategy<Value = [u8; 32]> {
    let is_drawn = |bytes: &[u8; 32]| bytes.iter().collect::<BTreeSet<_>>().len() >= 20;
    any::<[u8; 32]>().no_shrink().prop_filter("as if drawn", is_drawn)
}

/// The line as both formats have it: as it is, shown by Rust's `Debug`, and in JSON.
fn forms(text: &str) -> [String; 4] {
    let json = json!({ "message": text, "status": 200 });
    let nested = json!({ "body": json.to_string() });
    [text.to_owned(), format!("{text:?}"), json.to_string(), nested.to_string()]
}

proptest! {
    #[test]
    fn no_generated_secret_gets_through(
        bytes in drawn(),
        digits in "[1-9][0-9]{7,14}",
        address in "[a-z]{1,9}[.+-]?[a-z0-9]{1,9}@[a-z0-9-]{1,20}\\.[a-z]{2,6}",
        password in "[!-~]{8,40}",
        (before, after) in frame(),
    ) {
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let key = STANDARD.encode(bytes);
        let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let number = format!("+{digits}");
        for secret in [&token, &key, &hex, &number, &address] {
            for line in forms(&format!("{before}{secret}{after}")) {
                let kept = secret.trim_end_matches('=');
                prop_assert!(!scrub(&line).contains(kept), "{} of {line}", scrub(&line));
            }
        }
        for line in forms(&format!("{{\"password\":{}}}", json!(password))) {
            prop_assert!(!scrub(&line).contains(&password), "{} of {line}", scrub(&line));
        }
    }

    #[test]
    fn what_is_json_stays_json_and_plain_words_stay(
        text in any::<String>(),
        words in "([a-z]{1,12}(_[a-z]{1,8}){0,6} ){1,8}",
        id in any::<u128>(),
        number in any::<i64>(),
    ) {
        let id = uuid::Uuid::from_u128(id).to_string();
        let line = json!({
            "message": &text, "password": &text, "words": &words, "id": &id, "status": number,
            "token": number, "code": number, "otp_code": id,
        });
        let left: Value = serde_json::from_str(&scrub(&line.to_string())).unwrap();
        for field in ["words", "id", "status"] {
            prop_assert_eq!(&left[field], &line[field]);
        }
        prop_assert_eq!(&left["otp_code"], "[…]");
    }

    #[test]
    fn twice_is_no_more_than_once(line in "([ -~é\\n\x1b]|password=|\"token\":|://|\\+4670){0,60}") {
        let once = scrub(&line).into_owned();
        prop_assert_eq!(&*scrub(&once), &once);
    }

    #[test]
    fn bytes_of_any_kind_come_to_a_line(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut out = Vec::new();
        prop_assert_eq!(Scrubbed(&mut out).write(&bytes).unwrap(), bytes.len());
        prop_assert!(str::from_utf8(&out).is_ok());
    }
}
