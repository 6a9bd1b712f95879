//! The processes beside this one: the server that is measured, the stand-ins for its carriers and the
//! bare axum route. Each ends when its handle is dropped.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::Instant;

use crate::connection::{self, Connection};
use crate::fake_plivo::{self, FakePlivo};
use crate::fake_sinch::{self, FakeSinch, Mode, Operation};

const START_TIMEOUT: Duration = Duration::from_secs(20);
const POLL_PERIOD: Duration = Duration::from_millis(2);
/// 32 bytes in base64. It protects nothing.
const SECRET_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A running `ringfence serve`.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the first 200 of `/readyz`.
    pub(crate) start_took: Duration,
}

/// A carrier of codes: where the stand-in for it listens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Carrier {
    /// It makes and judges the codes.
    Sinch(SocketAddr),
    /// It carries codes of the server's own.
    Plivo(SocketAddr),
}

/// What a server is to be.
pub(crate) struct ServerSettings<'a> {
    pub(crate) database_url: &'a str,
    pub(crate) pool_size: u32,
    /// Who carries its codes.
    pub(crate) carrier: Carrier,
    /// Where its codes live, if not in the database.
    pub(crate) redis_url: Option<&'a str>,
    /// Whether the limits that replicas share are those of the table.
    pub(crate) is_strict: bool,
    /// Its working directory, where there is no `.env`, and where its log goes.
    pub(crate) directory: &'a Path,
}

impl Server {
    /// Starts it and waits until it is ready.
    pub(crate) async fn start(settings: &ServerSettings<'_>) -> anyhow::Result<Self> {
        let address = free_address().await?;
        let log = std::fs::File::create(settings.directory.join("serve.log"))?;
        let began = Instant::now();
        let process = Command::new(env!("CARGO_BIN_EXE_ringfence"))
            .arg("serve")
            .env_clear()
            .envs(environment(settings, address))
            .current_dir(settings.directory)
            .stdin(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let ready = tokio::time::timeout(START_TIMEOUT, until_ready(address)).await;
        ready.with_context(|| {
            format!("no server; {}/serve.log says why", settings.directory.display())
        })?;
        Ok(Self { process, address, start_took: began.elapsed() })
    }

    /// How much of the machine's memory it has, in MiB; `None` where the system does not tell.
    pub(crate) fn resident_mib(&self) -> Option<f64> {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(f64::from(kib) / 1024.0)
    }
}

/// Limits so high that nobody meets them, where they are not strict, and a proxy before the server, so that each client can
/// have an address of its own.
fn environment(settings: &ServerSettings<'_>, address: SocketAddr) -> Vec<(&'static str, String)> {
    let mut environment = vec![
        ("HOST", address.ip().to_string()),
        ("PORT", address.port().to_string()),
        ("BASE_URL", format!("http://{address}")),
        ("DATABASE_URL", settings.database_url.to_owned()),
        ("DB_POOL_MAX", settings.pool_size.to_string()),
        ("SECRET_KEY", SECRET_KEY.to_owned()),
        ("TRUSTED_PROXIES", Ipv4Addr::LOCALHOST.to_string()),
        ("RATE_LIMIT_MAX_REQUESTS", "1000000000".to_owned()),
        ("OTP_RESEND_SECONDS", "0".to_owned()),
        // Nobody enters the codes whose sending is measured.
        ("GUARD", "off".to_owned()),
        ("OTP_MAX_PER_NUMBER_HOURLY", "1000".to_owned()),
        ("OTP_MAX_PER_NUMBER_DAILY", "1000".to_owned()),
        ("OTP_MAX_PER_ADDRESS_HOURLY", "1000".to_owned()),
    ];
    environment.extend(if settings.is_strict {
        // In a day: the shared limits are those of the table then.
        [
            ("RATE_LIMIT_WINDOW_MS", "86400000".to_owned()),
            ("RATE_LIMIT_AUTH_MAX_REQUESTS", "1900".to_owned()),
        ]
    } else {
        [
            ("RATE_LIMIT_WINDOW_MS", "900000".to_owned()),
            ("RATE_LIMIT_AUTH_MAX_REQUESTS", "1000000000".to_owned()),
        ]
    });
    environment.extend(settings.carrier.environment());
    environment.extend(settings.redis_url.map(|url| ("REDIS_URL", url.to_owned())));
    environment
}

impl Carrier {
    fn environment(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Sinch(address) => {
                let fake = fake_sinch::FakeConfig::default();
                vec![
                    ("VERIFICATION_PROVIDER", "sinch".to_owned()),
                    ("SINCH_BASE_URL", format!("http://{address}")),
                    ("SINCH_APP_KEY", fake.app_key),
                    ("SINCH_APP_SECRET", fake.app_secret),
                ]
            }
            Self::Plivo(address) => {
                let fake = fake_plivo::FakeConfig::default();
                vec![
                    ("VERIFICATION_PROVIDER", "plivo".to_owned()),
                    ("PLIVO_BASE_URL", format!("http://{address}")),
                    ("PLIVO_AUTH_ID", fake.auth_id),
                    ("PLIVO_AUTH_TOKEN", fake.auth_token),
                    ("PLIVO_PHONE_NUMBER", format!("+{}", fake.phone_number)),
                ]
            }
        }
    }
}

/// A port that nobody has. Somebody may take it before the server does; then the server says so.
async fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?)
}

async fn until_ready(address: SocketAddr) {
    let request = connection::get("/readyz", "127.0.0.1", None);
    loop {
        if let Ok(mut connection) = Connection::open(address).await
            && connection.succeed(&request).await.is_ok()
        {
            return;
        }
        tokio::time::sleep(POLL_PERIOD).await;
    }
}

/// What this program is when it is started as a helper of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    /// Sinch, with so long a delay of each answer. Takes every code for right.
    Provider(Duration),
    /// Plivo. Tells each text in a line of its output, the number and then the words.
    Texts,
    /// A bare axum route that answers JSON: what `GET /auth/session` is measured by.
    BareRoute,
}

/// A running helper.
pub(crate) struct Helper {
    _process: Child,
    pub(crate) address: SocketAddr,
    /// What it prints after its address.
    pub(crate) output: BufReader<ChildStdout>,
}

impl Helper {
    /// Starts this program in `role`.
    pub(crate) async fn start(role: Role) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(role.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = process.stdout.take().context("the helper has no output")?;
        let (mut output, mut line) = (BufReader::new(output), String::new());
        let read = tokio::time::timeout(START_TIMEOUT, output.read_line(&mut line));
        ensure!(read.await?? > 0, "the helper did not start");
        Ok(Self { _process: process, address: line.trim().parse()?, output })
    }
}

impl Role {
    /// The role that the arguments name; none where the benchmark is to be run.
    pub(crate) fn read(arguments: &[String]) -> Option<Self> {
        match arguments {
            [role, delay] if role == "role:provider" => {
                delay.parse().ok().map(Duration::from_millis).map(Self::Provider)
            }
            [role] if role == "role:texts" => Some(Self::Texts),
            [role] if role == "role:bare-route" => Some(Self::BareRoute),
            _ => None,
        }
    }

    fn arguments(self) -> Vec<String> {
        match self {
            Self::Provider(delay) => {
                vec!["role:provider".to_owned(), delay.as_millis().to_string()]
            }
            Self::Texts => vec!["role:texts".to_owned()],
            Self::BareRoute => vec!["role:bare-route".to_owned()],
        }
    }

    /// Tells its address in one line and serves until whoever started it is gone.
    pub(crate) async fn play(self) -> anyhow::Result<()> {
        match self {
            Self::Provider(delay) => {
                let config = fake_sinch::FakeConfig { delay, ..Default::default() };
                let fake = FakeSinch::start(config).await?;
                let approve = Mode::Status { status: "SUCCESSFUL".to_owned(), reason: None };
                fake.set_mode(Operation::Report, approve);
                tell(fake.base_url().trim_start_matches("http://"))?;
                abandoned().await
            }
            Self::Texts => {
                let show = |sent: &fake_plivo::SentMessage| {
                    // Nobody listens any more once the benchmark has ended.
                    let _ = tell(&format!("+{} {}", sent.dst, sent.text.replace('\n', " ")));
                };
                let on_sent: fake_plivo::OnSent = Arc::new(show);
                let config =
                    fake_plivo::FakeConfig { on_sent: Some(on_sent), ..Default::default() };
                let fake = FakePlivo::start(config).await?;
                tell(fake.base_url().trim_start_matches("http://"))?;
                abandoned().await
            }
            Self::BareRoute => {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
                tell(&listener.local_addr()?.to_string())?;
                let router = Router::new().route("/api/v1/auth/session", get(bare_session));
                tokio::select! {
                    ended = async { axum::serve(listener, router).await } => Ok(ended?),
                    abandoned = abandoned() => abandoned,
                }
            }
        }
    }
}

fn tell(address: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{address}")?;
    out.flush()
}

/// Completes when the other end of standard input is closed, in whatever way its owner ended.
async fn abandoned() -> anyhow::Result<()> {
    tokio::task::spawn_blocking(|| std::io::stdin().lock().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

/// Of the shape of the answer of `GET /auth/session`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BareSession {
    user_id: &'static str,
    email: String,
    is_verified: bool,
    session_id: &'static str,
    amr: Vec<&'static str>,
    expires_at: &'static str,
}

async fn bare_session() -> Json<BareSession> {
    Json(BareSession {
        user_id: "01890a5d-ac96-774b-bcce-b302099a8057",
        email: "user-1@example.com".to_owned(),
        is_verified: true,
        session_id: "01890a5d-ac96-774b-bcce-b302099a8058",
        amr: vec!["pwd"],
        expires_at: "2026-01-01T00:00:00Z",
    })
}
