//! moto: a stand-in for AWS that nobody here wrote, started by the tests.
//!
//! It is looked for at `RINGFENCE_MOTO`, then in `PATH`. One serves the whole test run, and ends with
//! it however that ends. It checks no signatures and keeps no message attributes.

use std::env;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ringfence::foundation::outbound::http_client;
use serde_json::Value;
use tokio::sync::OnceCell;

const INSTALL: &str = "moto_server is missing: python3 -m venv target/moto && \
    target/moto/bin/pip install -r tests/aws_sns/requirements.txt, then set \
    RINGFENCE_MOTO=$PWD/target/moto/bin/moto_server";

/// Python and all of moto have to be read; on a busy machine that takes a while.
const TRIES: u32 = 600;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

static MOTO: OnceCell<Option<Moto>> = OnceCell::const_new();

pub(crate) struct Moto {
    pub(crate) base_url: String,
    /// Its input is the tie: moto ends when nobody can write there any more.
    _tied: Child,
}

impl Moto {
    /// The one of this test run. `None` where it is not installed, which only a newcomer's machine is
    /// forgiven.
    pub(crate) async fn of_this_run() -> Option<&'static Self> {
        MOTO.get_or_init(start).await.as_ref()
    }

    /// The texts to this number that moto has taken.
    pub(crate) async fn texts_to(&self, number: &str) -> Vec<Value> {
        let data = http_client().unwrap().get(format!("{}/moto-api/data.json", self.base_url));
        let data: Value = data.send().await.unwrap().json().await.unwrap();
        let texts = data["sns"]["SMS"].as_array().cloned().unwrap_or_default();
        texts.into_iter().filter(|text| text["phone_number"] == number).collect()
    }
}

async fn start() -> Option<Moto> {
    let Some(program) = program() else {
        assert!(env::var_os("CI").is_none(), "{INSTALL}");
        // Past the harness, which would keep it to itself.
        let _ = writeln!(std::io::stderr(), "not tested against moto; {INSTALL}");
        return None;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    drop(listener);
    let script = r#""$0" -H 127.0.0.1 -p "$1" >/dev/null 2>&1 & read -r _; kill $!"#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg(&program).arg(&port).stdin(Stdio::piped());
    let base_url = format!("http://127.0.0.1:{port}");
    let moto = Moto { base_url, _tied: shell.spawn().unwrap() };
    for _ in 0..TRIES {
        let probe = http_client().unwrap().get(format!("{}/moto-api/data.json", moto.base_url));
        if probe.send().await.is_ok_and(|answer| answer.status().is_success()) {
            return Some(moto);
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
    unreachable!("{} does not serve", program.display())
}

fn program() -> Option<PathBuf> {
    if let Some(named) = env::var_os("RINGFENCE_MOTO") {
        return Some(named.into());
    }
    let path = env::var_os("PATH")?;
    let mut programs = env::split_paths(&path).map(|folder| folder.join("moto_server"));
    programs.find(|program| program.is_file())
}
