//! A stand-in for the Sinch Verification API, over real HTTP and as strict as the original.
//!
//! Owns a port, the verifications on it and the ways in which it can be told to misbehave. Checks
//! credentials with the verifier that also serves webhooks, whose correctness rests on Sinch's own
//! vectors. Where Sinch publishes nothing (the length of codes, the window of time-stamps, what a
//! wrong code does) the choice is a setting. Never keeps more than a bounded number of records.

mod answer;
mod auth;
mod control;
#[path = "../fake/mod.rs"]
mod fake;
mod ledger;
mod mode;
mod routes;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use ringfence::otp::providers::sinch::signature::SigningKey;
use secrecy::SecretString;
use tokio::task::JoinHandle;

pub(crate) use auth::AuthLevel;
pub(crate) use ledger::{RecordedReport, RecordedStart, SentCode};
pub(crate) use mode::{Mode, Operation};

use fake::{Clock, Cut, Plans, Resets, Sockets, system_time};
use ledger::Ledger;

/// Told of every code that goes out.
pub(crate) type OnSent = Arc<dyn Fn(&SentCode) + Send + Sync>;

/// How a fake is set up.
#[derive(Clone)]
pub(crate) struct FakeConfig {
    /// Where to listen; port 0 takes a free one.
    pub(crate) address: SocketAddr,
    /// The only application that exists.
    pub(crate) app_key: String,
    /// Its secret, base64.
    pub(crate) app_secret: String,
    /// The least that the application asks of a request.
    pub(crate) min_auth: AuthLevel,
    /// How far a time-stamp may be from the clock.
    pub(crate) max_skew: TimeDelta,
    /// Digits in a code, 1 to 10.
    pub(crate) code_length: usize,
    /// How long a code counts.
    pub(crate) lifetime: TimeDelta,
    /// Whether a wrong code ends the verification.
    pub(crate) wrong_code_burns: bool,
    /// How long every answer takes.
    pub(crate) delay: Duration,
    pub(crate) clock: Clock,
    pub(crate) on_sent: Option<OnSent>,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            app_key: "669e367e-6bba-48ab-af15-266871c28135".to_owned(),
            app_secret: "BeIukql3pTKJ8RGL5zo0DA==".to_owned(),
            min_auth: AuthLevel::Basic,
            max_skew: TimeDelta::minutes(5),
            code_length: 6,
            lifetime: TimeDelta::minutes(10),
            wrong_code_burns: true,
            delay: Duration::ZERO,
            clock: Arc::new(system_time),
            on_sent: None,
        }
    }
}

/// A running fake. Dropping it closes the port and every connection.
pub(crate) struct FakeSinch {
    base_url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// What the handlers see.
struct Shared {
    config: FakeConfig,
    signing_key: SigningKey,
    ledger: Ledger,
    modes: Plans<Mode, 3>,
    resets: Resets,
}

impl FakeSinch {
    /// Listens, and serves in the background.
    pub(crate) async fn start(config: FakeConfig) -> io::Result<Self> {
        let signing_key = SigningKey::decode(&SecretString::from(config.app_secret.as_str()))
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let resets = Resets::default();
        let sockets = Sockets::bind(config.address, resets.clone()).await?;
        let base_url = format!("http://{}", sockets.address()?);
        let ledger = Ledger::new(&config);
        let modes = Plans::default();
        let shared = Arc::new(Shared { config, signing_key, ledger, modes, resets });
        let app = routes::router(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            let service = app.into_make_service_with_connect_info::<Cut>();
            // `serve` returns only if it is told to stop, which nobody does.
            let _ = axum::serve(sockets, service).await;
        });
        Ok(Self { base_url, shared, server })
    }

    /// Scheme, host and port: what belongs into `SINCH_BASE_URL`.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The newest code for `number` that still counts.
    pub(crate) fn code_for(&self, number: &str) -> Option<String> {
        self.shared.ledger.code_for(number)
    }

    /// The starts that were accepted, oldest first; of many the newest.
    pub(crate) fn starts(&self) -> Vec<RecordedStart> {
        self.shared.ledger.starts()
    }

    /// The reports that were judged, oldest first; of many the newest.
    pub(crate) fn reports(&self) -> Vec<RecordedReport> {
        self.shared.ledger.reports()
    }

    /// How many requests of a kind have been read, refused ones included.
    pub(crate) fn received(&self, operation: Operation) -> u64 {
        self.shared.ledger.received(operation)
    }

    /// From now on `operation` behaves so.
    pub(crate) fn set_mode(&self, operation: Operation, mode: Mode) {
        self.shared.modes.set(operation as usize, mode);
    }

    /// The next request of `operation` for which nothing else is planned behaves so.
    pub(crate) fn once(&self, operation: Operation, mode: Mode) {
        self.shared.modes.once(operation as usize, mode, 1);
    }

    /// The next `times` requests, of whatever kind, have their connection reset unread.
    pub(crate) fn reset_next(&self, times: u32) {
        self.shared.resets.plan(times);
    }

    /// Whether a wrong code ends the verification.
    pub(crate) fn burn_on_wrong_code(&self, burns: bool) {
        self.shared.ledger.burn_on_wrong_code(burns);
    }

    /// Serves until the server ends by itself.
    pub(crate) async fn serve(mut self) {
        let _ = (&mut self.server).await;
    }
}

impl Drop for FakeSinch {
    fn drop(&mut self) {
        self.server.abort();
        self.shared.resets.plan(u32::MAX);
    }
}
