//! `Challenge-Response` with a proof of work: of all changes of a good one none is good, unless it says the
//! same, and nothing else is. The first byte says where the rest is put in the place of what stands there.
#![no_main]

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use ringfence::foundation::{ChallengeResponse, ClientAddress, Entropy, Keyring, outbound};
use ringfence::proofs::{
    Action, Ask, Challenge, Difficulty, LIFETIME, ProofError, Proofs, Settings, When,
};
use ringfence_fuzz::{KEY, no_database, runtime};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::runtime::Runtime;

struct World {
    runtime: Runtime,
    /// A proof that is good cannot be spent there, which is how it is told from others.
    database: PgPool,
    proofs: Proofs,
    good: String,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = runtime();
    let keyring = Arc::new(Keyring::parse(KEY).expect("a key"));
    let settings = Settings { captcha: None, when: When::Always };
    let http = outbound::http_client().expect("a client");
    let proofs = Proofs::new(settings, Vec::new(), keyring, http, Entropy::default());
    let challenge = proofs.challenge(&ask(Action::Login), DateTime::UNIX_EPOCH);
    let Ok(Challenge::Pow { algorithm, challenge, maxnumber, salt, signature }) = challenge else {
        panic!("no proof of work")
    };
    let number = (0..=maxnumber).find(|number| sha256(&format!("{salt}{number}")) == challenge);
    let number = number.expect("a challenge has a solution");
    let good = json!({"algorithm": algorithm, "challenge": challenge, "number": number, "salt": salt,
        "signature": signature});
    World { database: no_database(&runtime), runtime, proofs, good: good.to_string() }
});

/// In hexadecimal.
fn sha256(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn ask(action: Action) -> Ask {
    let address = ClientAddress::new(IpAddr::from([192, 0, 2, 1]));
    Ask { action, address, difficulty: Difficulty::Usual }
}

impl World {
    fn is_good(&self, json: &[u8], ask: &Ask, second: i64) -> bool {
        let Some(response) = ChallengeResponse::parse(&STANDARD.encode(json)) else { return false };
        self.is_accepted(&response, ask, second)
    }

    fn is_accepted(&self, response: &ChallengeResponse, ask: &Ask, second: i64) -> bool {
        let now = DateTime::from_timestamp(second, 0).expect("a time");
        let accepted =
            self.runtime.block_on(self.proofs.accept(&self.database, response, ask, now));
        matches!(accepted.expect_err("nothing can be spent"), ProofError::Database(_))
    }
}

/// What a solution says; members that mean nothing are left out.
fn said(json: &[u8]) -> Option<[Value; 5]> {
    let json: Value = serde_json::from_slice(json).ok()?;
    Some(["algorithm", "challenge", "number", "salt", "signature"].map(|name| json[name].clone()))
}

fuzz_target!(|bytes: &[u8]| {
    let good = WORLD.good.as_bytes();
    let login = ask(Action::Login);
    assert!(WORLD.is_good(good, &login, 0));
    assert!(!WORLD.is_good(good, &ask(Action::Register), 0));
    assert!(!WORLD.is_good(good, &login, LIFETIME.num_seconds()));
    assert!(!WORLD.is_good(bytes, &login, 0));
    if let Some(response) = str::from_utf8(bytes).ok().and_then(ChallengeResponse::parse) {
        assert!((1..=8192).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic));
        assert!(!WORLD.is_accepted(&response, &login, 0));
    }
    let Some((at, rest)) = bytes.split_first() else { return };
    let at = usize::from(*at) * good.len() / 256;
    let end = (at + rest.len()).min(good.len());
    let changed = [&good[..at], rest, &good[end..]].concat();
    assert!(!WORLD.is_good(&changed, &login, 0) || said(&changed) == said(good));
});
