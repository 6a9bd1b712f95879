//! What the judges of captchas answer. The first byte says who judges, the second which status the answer has,
//! the rest is its body. Nobody is let through by anything but "success", for our page and this operation.
#![no_main]

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use ringfence::foundation::{ChallengeResponse, ClientAddress, Entropy, Keyring, outbound};
use ringfence::proofs::{
    Action, Ask, CaptchaSettings, Difficulty, Judge, ProofError, Proofs, Settings, When,
};
use ringfence_fuzz::{Answering, KEY, choice, no_database, runtime};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::PgPool;
use tokio::runtime::Runtime;

const HOST: &str = "auth.example.com";
const SECRET: &str = "hunter2-hunter2";

struct World {
    runtime: Runtime,
    /// A token that was judged good cannot be spent there, which is how it is told from others.
    database: PgPool,
    judge: Answering,
    turnstile: Proofs,
    hcaptcha: Proofs,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = runtime();
    let judge = Answering::start(&runtime);
    let http = outbound::http_client().expect("a client");
    let keyring = Arc::new(Keyring::parse(KEY).expect("a key"));
    let proofs = |who| {
        let captcha = CaptchaSettings {
            judge: who,
            base_url: judge.base_url.clone(),
            site_key: "site".to_owned(),
            secret_key: SecretString::from(SECRET),
        };
        let settings = Settings { captcha: Some(captcha), when: When::Always };
        let hosts = vec![HOST.to_owned()];
        Proofs::new(settings, hosts, Arc::clone(&keyring), http.clone(), Entropy::default())
    };
    let (turnstile, hcaptcha) = (proofs(Judge::Turnstile), proofs(Judge::Hcaptcha));
    World { database: no_database(&runtime), runtime, judge, turnstile, hcaptcha }
});

fuzz_target!(|bytes: &[u8]| {
    let Some((&[who, status], body)) = bytes.split_first_chunk() else { return };
    let World { runtime, database, judge, turnstile, hcaptcha } = &*WORLD;
    judge.answer(status, body);
    let is_hcaptcha = choice(who, 2) == 1;
    let proofs = if is_hcaptcha { hcaptcha } else { turnstile };
    let response = ChallengeResponse::parse("token").expect("a response");
    let address = ClientAddress::new(IpAddr::from([192, 0, 2, 1]));
    let ask = Ask { action: Action::Login, address, difficulty: Difficulty::Usual };
    let accepted = runtime.block_on(proofs.accept(database, &response, &ask, DateTime::UNIX_EPOCH));
    let refusal = accepted.expect_err("nothing can be spent");
    assert!(!response.is_accepted());
    assert!(!format!("{refusal} {refusal:?}").contains(SECRET));
    if let ProofError::Database(_) = refusal {
        // What nobody asks for is skipped, whatever text it holds.
        let Ok(said) = serde_json::from_slice::<Value>(body) else { return };
        let is_ours = || {
            let host = said["hostname"].as_str().unwrap_or_default();
            host.eq_ignore_ascii_case(HOST) && said["action"] == "login"
        };
        assert!(said["success"] == true && (is_hcaptcha || is_ours()), "{said}");
    }
});
