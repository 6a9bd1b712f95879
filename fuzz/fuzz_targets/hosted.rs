//! What Sinch and Infobip answer, who make and judge codes. The first byte says who is asked for what, the
//! second which status the answer has, the rest is its body. Nobody gets in by anything but a plain yes about
//! this very verification, and what is told of a failure holds nothing that we sent.
#![no_main]

use std::sync::LazyLock;

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use ringfence::foundation::outbound;
use ringfence::otp::Channel;
use ringfence::otp::providers::failure::ProviderFailure;
use ringfence::otp::providers::hosted::{HostedVerifier, Verdict, Wording};
use ringfence::otp::providers::infobip::{Infobip, InfobipSettings};
use ringfence::otp::providers::sinch::{Sinch, SinchAuth, SinchSettings, SmsText};
use ringfence_fuzz::{Answering, choice, hold_harmless, is_plain, runtime};
use secrecy::SecretString;
use serde_json::Value;
use tokio::runtime::Runtime;

const ID: &str = "0190a6f2-7c3e";
const NUMBER: &str = "+46700000001";
const CODE: &str = "73914682";
/// Base64, which Sinch wants.
const SECRET: &str = "aHVudGVyMmh1bnRlcjI=";

struct World {
    runtime: Runtime,
    carrier: Answering,
    sinch: Sinch,
    infobip: Infobip,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = runtime();
    let carrier = Answering::start(&runtime);
    let http = outbound::http_client().expect("a client");
    let sinch = SinchSettings {
        base_url: carrier.base_url.clone(),
        app_key: "key".to_owned(),
        app_secret: SecretString::from(SECRET),
        auth: SinchAuth::Basic,
        sms_text: SmsText::Sinch,
    };
    let infobip = InfobipSettings {
        base_url: carrier.base_url.clone(),
        api_key: SecretString::from(SECRET),
        application_id: "a".to_owned(),
        message_id: "m".to_owned(),
    };
    let sinch = Sinch::new(sinch, http.clone()).expect("settings");
    let infobip = Infobip::new(infobip, http).expect("settings");
    World { runtime, carrier, sinch, infobip }
});

fn is_approval(status: u16, body: &[u8]) -> bool {
    // What nobody asks for is skipped, whatever text it holds.
    let Ok(said) = serde_json::from_slice::<Value>(body) else { return true };
    let status_says = said["status"].as_str().unwrap_or_default();
    let is_yes = said["verified"] == true || status_says.eq_ignore_ascii_case("successful");
    (said["id"] == ID || said["pinId"] == ID) && is_yes && (200..300).contains(&status)
}

async fn ask(
    carrier: &dyn HostedVerifier,
    what: usize,
    status: u16,
    body: &[u8],
) -> Result<(), ProviderFailure> {
    let now = DateTime::UNIX_EPOCH;
    match what {
        0 => {
            let wording = Wording::default();
            let started = carrier.start(now, NUMBER, Channel::Sms, "ours", &wording).await?;
            assert!(is_plain(&started.reference_id, 128) && (200..300).contains(&status));
        }
        1 => {
            let verdict = carrier.check(now, ID, Channel::Sms, CODE).await?;
            assert!(verdict != Verdict::Approved || is_approval(status, body));
        }
        _ => carrier.probe(now).await?,
    }
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&[who, status], body)) = bytes.split_first_chunk() else { return };
    let World { runtime, carrier, sinch, infobip } = &*WORLD;
    let status = carrier.answer(status, body);
    let (who, what) = (choice(who, 6) / 3, choice(who, 6) % 3);
    let asked: &dyn HostedVerifier = if who == 0 { sinch } else { infobip };
    if let Err(failure) = runtime.block_on(ask(asked, what, status, body)) {
        hold_harmless(&failure, &[SECRET, CODE, &NUMBER[1..]]);
    }
});
