//! What calls itself a carrier: without a signature nothing of it is believed, and what is signed is read
//! within bounds or refused. The first line is the query, the rest the body.
#![no_main]

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue};
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use reqwest::Url;
use ringfence::otp::providers::callback::{Callback, Event, Receiver};
use ringfence::otp::providers::plivo::{self, PlivoSettings};
use ringfence::otp::providers::receipt::{Receipt, Subject};
use ringfence::otp::providers::sinch::signature::{Signed, SigningKey};
use ringfence::otp::providers::sinch::{self, SinchAuth, SinchSettings, SmsText};
use ringfence_fuzz::is_plain;
use secrecy::SecretString;

const BASE: &str = "https://auth.example.com/webhooks/x";
const TOKEN: &str = "the-token-of-the-account";
const SECRET: &str = "aHVudGVyMmh1bnRlcjI=";
const TIME: &str = "1970-01-01T00:00:00Z";

static RECEIVERS: LazyLock<[Receiver; 2]> = LazyLock::new(|| {
    let sinch = SinchSettings {
        base_url: "https://verification.api.sinch.com".parse().expect("a URL"),
        app_key: "key".to_owned(),
        app_secret: SecretString::from(SECRET),
        auth: SinchAuth::Signed,
        sms_text: SmsText::Sinch,
    };
    let plivo = PlivoSettings {
        base_url: "https://api.plivo.com".parse().expect("a URL"),
        auth_id: "MAXXXXXXXXXXXXXXXXXX".to_owned(),
        auth_token: SecretString::from(TOKEN),
        phone_number: "+14155550100".to_owned(),
        india_dlt: None,
    };
    let sinch = sinch::Callbacks::new(&sinch).expect("settings");
    [Receiver::Sinch(Box::new(sinch)), Receiver::Plivo(plivo::Callbacks::new(&plivo))]
});

fn is_within_bounds(receipt: &Receipt) -> bool {
    let (Subject::OurReference(id) | Subject::ProviderReference(id)) = &receipt.subject;
    is_plain(id, 128)
        && receipt.fate.reason().is_none_or(|reason| is_plain(reason, 64))
        && receipt.price.as_ref().is_none_or(|price| price.amount_micros >= 0)
}

/// The headers with which the carrier would have sent it.
fn signatures(url: &Url, body: &[u8]) -> HeaderMap {
    let key = SigningKey::decode(&SecretString::from(SECRET)).expect("a key");
    let signed =
        Signed { method: "POST", content_type: "", timestamp: TIME, path: url.path(), body };
    let pairs = |query: Option<&str>| {
        let mut url: Url = BASE.parse().expect("a URL");
        url.set_query(query);
        url.query_pairs().into_owned().collect::<Vec<_>>()
    };
    let form = pairs(str::from_utf8(body).ok());
    let v3 = plivo::signature::v3_text(BASE, pairs(url.query()), form, "1");
    let headers = [
        ("x-timestamp", TIME.to_owned()),
        ("authorization", key.authorization("key", &signed)),
        ("x-plivo-signature-v2-nonce", "1".to_owned()),
        (
            "x-plivo-signature-v2",
            plivo::signature::sign(TOKEN, &plivo::signature::v2_text(BASE, "1")),
        ),
        ("x-plivo-signature-v3-nonce", "1".to_owned()),
        ("x-plivo-signature-v3", plivo::signature::sign(TOKEN, &v3)),
    ];
    let headers = headers.map(|(name, value)| {
        (name.parse().expect("a name"), HeaderValue::try_from(value).expect("a header"))
    });
    headers.into_iter().collect()
}

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|&byte| byte == b'\n');
    let (query, body) = end.map_or((&[][..], bytes), |end| (&bytes[..end], &bytes[end + 1..]));
    let mut url: Url = BASE.parse().expect("a URL");
    url.set_query(str::from_utf8(query).ok().filter(|query| !query.is_empty()));
    let read = |receiver: &Receiver, headers: &HeaderMap| {
        receiver.read(&Callback { method: "POST", url: &url, headers, body }, DateTime::UNIX_EPOCH)
    };
    let signed = signatures(&url, body);
    for receiver in RECEIVERS.iter().chain([&Receiver::Infobip]) {
        let unsigned = read(receiver, &HeaderMap::new());
        let is_believed = matches!(receiver, Receiver::Infobip);
        assert!(is_believed || unsigned.is_err(), "nobody has signed it");
        if let Ok(Event::Receipts(receipts)) = read(receiver, &signed) {
            assert!(receipts.iter().all(is_within_bounds), "{receipts:?}");
            assert!(is_believed || receipts.len() <= 1);
        }
    }
});
