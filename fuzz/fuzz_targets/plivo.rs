//! What Plivo answers, which carries codes of ours. The first byte says what it is asked for, the second which
//! status the answer has, the rest is its body. What it has taken over has an id, and what is told of a failure
//! holds nothing that we sent.
#![no_main]

use std::sync::LazyLock;

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use ringfence::foundation::{ChallengeId, Keyring, MessageId, PhoneNumber, outbound};
use ringfence::otp::providers::delivery::{Message, MessageSender as _};
use ringfence::otp::providers::plivo::{Plivo, PlivoSettings};
use ringfence::otp::{Channel, Language, OtpCode, WebhookLinks};
use ringfence_fuzz::{Answering, KEY, choice, hold_harmless, is_plain, runtime};
use secrecy::SecretString;
use tokio::runtime::Runtime;

const NUMBER: &str = "+46700000001";
const CODE: &str = "73914682";
const TEXT: &str = "Your code is 73914682.";
const TOKEN: &str = "the-token-of-the-account";

static WORLD: LazyLock<(Runtime, Answering, Plivo)> = LazyLock::new(|| {
    let runtime = runtime();
    let carrier = Answering::start(&runtime);
    let settings = PlivoSettings {
        base_url: carrier.base_url.clone(),
        auth_id: "MAXXXXXXXXXXXXXXXXXX".to_owned(),
        auth_token: SecretString::from(TOKEN),
        phone_number: "+14155550100".to_owned(),
        india_dlt: None,
    };
    let keyring = Keyring::parse(KEY).expect("a key").into();
    let links = WebhookLinks::new(keyring, "https://auth.example.com").expect("links");
    let http = outbound::http_client().expect("a client");
    let plivo = Plivo::new(settings, http).expect("settings").with_webhooks(&links);
    (runtime, carrier, plivo)
});

fuzz_target!(|bytes: &[u8]| {
    let Some((&[what, status], body)) = bytes.split_first_chunk() else { return };
    let (runtime, carrier, plivo) = &*WORLD;
    let status = carrier.answer(status, body);
    let now = DateTime::UNIX_EPOCH;
    let channel = match choice(what, 3) {
        0 => Channel::Sms,
        1 => Channel::Call,
        _ => {
            if let Err(failure) = runtime.block_on(plivo.probe(now)) {
                hold_harmless(&failure, &[TOKEN]);
            }
            return;
        }
    };
    let message = Message {
        id: MessageId::from_bytes([1; 16]),
        challenge: ChallengeId::from_bytes([2; 16]),
        to: &PhoneNumber::from_e164(NUMBER).expect("a number"),
        channel,
        code: Some(&OtpCode::parse(CODE).expect("a code")),
        text: TEXT,
        language: Language::look_up("en").expect("English"),
    };
    match runtime.block_on(plivo.send(now, &message)) {
        Ok(accepted) => {
            assert!(is_plain(&accepted.reference, 128) && (200..300).contains(&status));
        }
        Err(failure) => hold_harmless(&failure, &[TOKEN, CODE, &NUMBER[1..]]),
    }
});
