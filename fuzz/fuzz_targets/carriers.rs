//! What carriers answer to our requests. The first byte says who is asked for what, the second which status
//! the answer has, the rest is its body. Nobody gets in by anything but a plain yes about this very
//! verification, and what is told of a failure holds nothing that we sent.
#![no_main]

use std::sync::LazyLock;

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use reqwest::Url;
use ringfence::foundation::{ChallengeId, Keyring, MessageId, PhoneNumber, outbound};
use ringfence::otp::providers::delivery::{Message, MessageSender as _};
use ringfence::otp::providers::failure::ProviderFailure;
use ringfence::otp::providers::hosted::{HostedVerifier, Verdict, Wording};
use ringfence::otp::providers::infobip::{Infobip, InfobipSettings};
use ringfence::otp::providers::plivo::{Plivo, PlivoSettings};
use ringfence::otp::providers::sinch::{Sinch, SinchAuth, SinchSettings, SmsText};
use ringfence::otp::{Channel, Language, OtpCode, WebhookLinks};
use ringfence_fuzz::{Answering, KEY, choice, runtime};
use secrecy::SecretString;
use serde_json::Value;
use tokio::runtime::Runtime;

const ID: &str = "0190a6f2-7c3e";
const NUMBER: &str = "+46700000001";
const CODE: &str = "73914682";
const TEXT: &str = "Your code is 73914682.";
/// Base64, which Sinch wants.
const SECRET: &str = "aHVudGVyMmh1bnRlcjI=";

struct World {
    runtime: Runtime,
    carrier: Answering,
    sinch: Sinch,
    infobip: Infobip,
    plivo: Plivo,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = runtime();
    let carrier = Answering::start(&runtime);
    let base_url: Url = carrier.base_url.clone();
    let http = outbound::http_client().expect("a client");
    let sinch = SinchSettings {
        base_url: base_url.clone(),
        app_key: "key".to_owned(),
        app_secret: SecretString::from(SECRET),
        auth: SinchAuth::Basic,
        sms_text: SmsText::Sinch,
    };
    let infobip = InfobipSettings {
        base_url: base_url.clone(),
        api_key: SecretString::from(SECRET),
        application_id: "a".to_owned(),
        message_id: "m".to_owned(),
    };
    let plivo = PlivoSettings {
        base_url,
        auth_id: "MAXXXXXXXXXXXXXXXXXX".to_owned(),
        auth_token: SecretString::from(SECRET),
        phone_number: "+14155550100".to_owned(),
        india_dlt: None,
    };
    let keyring = Keyring::parse(KEY).expect("a key").into();
    let links = WebhookLinks::new(keyring, "https://auth.example.com").expect("links");
    World {
        runtime,
        carrier,
        sinch: Sinch::new(sinch, http.clone()).expect("settings"),
        infobip: Infobip::new(infobip, http.clone()).expect("settings"),
        plivo: Plivo::new(plivo, http).expect("settings").with_webhooks(&links),
    }
});

/// Starts, checks or probes; a start's id, where it was taken.
async fn ask(hosted: &impl HostedVerifier, what: usize, status: u16, body: &[u8]) -> Asked {
    let now = DateTime::UNIX_EPOCH;
    match what {
        0 => hosted
            .start(now, NUMBER, Channel::Sms, "ours", &Wording::default())
            .await
            .map(|started| Some(started.reference_id)),
        1 => {
            let verdict = hosted.check(now, ID, Channel::Sms, CODE).await?;
            if verdict == Verdict::Approved {
                // What nobody asks for is skipped, whatever text it holds.
                let Ok(said) = serde_json::from_slice::<Value>(body) else { return Ok(None) };
                let is_ours = said["id"] == ID || said["pinId"] == ID;
                let is_yes = said["verified"] == true
                    || said["status"]
                        .as_str()
                        .is_some_and(|it| it.eq_ignore_ascii_case("successful"));
                assert!(is_ours && is_yes && (200..300).contains(&status), "{said}");
            }
            Ok(None)
        }
        _ => hosted.probe(now).await.map(|()| None),
    }
}

type Asked = Result<Option<String>, ProviderFailure>;

async fn hand_over(plivo: &Plivo, what: usize) -> Asked {
    let (now, channel) = (DateTime::UNIX_EPOCH, [Channel::Sms, Channel::Call][what % 2]);
    if what == 2 {
        return plivo.probe(now).await.map(|()| None);
    }
    let to = PhoneNumber::from_e164(NUMBER).expect("a number");
    let code = OtpCode::parse(CODE).expect("a code");
    let message = Message {
        id: MessageId::from_bytes([1; 16]),
        challenge: ChallengeId::from_bytes([2; 16]),
        to: &to,
        channel,
        code: Some(&code),
        text: TEXT,
        language: Language::look_up("en").expect("English"),
    };
    plivo.send(now, &message).await.map(|accepted| Some(accepted.reference))
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&[who, status], body)) = bytes.split_first_chunk() else { return };
    let World { runtime, carrier, sinch, infobip, plivo } = &*WORLD;
    let status = carrier.answer(status, body);
    let (who, what) = (choice(who, 9) / 3, choice(who, 9) % 3);
    let asked = runtime.block_on(async {
        match who {
            0 => ask(sinch, what, status, body).await,
            1 => ask(infobip, what, status, body).await,
            _ => hand_over(plivo, what).await,
        }
    });
    match asked {
        Ok(Some(id)) => {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            assert!((1..=128).contains(&id.len()) && id.bytes().all(is_plain), "{id}");
            assert!((200..300).contains(&status), "{status}");
        }
        Ok(None) => {}
        Err(failure) => {
            let told = format!("{failure} {failure:?}");
            for private in [SECRET, CODE, &NUMBER[1..]] {
                assert!(!told.contains(private), "{told}");
            }
            let detail = failure.detail().unwrap_or_default();
            assert!(
                detail.chars().count() <= 300 && !detail.contains(char::is_control),
                "{detail}"
            );
        }
    }
});
