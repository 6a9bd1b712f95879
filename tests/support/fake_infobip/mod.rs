//! A stand-in for the Infobip 2FA API, over real HTTP and as strict as the original.
//!
//! Owns a port, the PINs of one 2FA application and the ways in which it can be told to misbehave.
//! The application's settings have Infobip's defaults; its limits of sends and verifications are
//! not kept. Where Infobip publishes nothing (what a wrong or a spent PIN answers) it answers as
//! version 1 of the API was described. Never keeps more than a bounded number of records.

mod answer;
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
use tokio::task::JoinHandle;

pub(crate) use ledger::{RecordedStart, RecordedVerification, SentPin};
pub(crate) use mode::{Mode, Operation};

use fake::{Clock, Cut, Plans, Resets, Sockets, system_time};
use ledger::Ledger;

/// Told of every PIN that goes out.
pub(crate) type OnSent = Arc<dyn Fn(&SentPin) + Send + Sync>;

/// How a fake is set up.
#[derive(Clone)]
pub(crate) struct FakeConfig {
    /// Where to listen; port 0 takes a free one.
    pub(crate) address: SocketAddr,
    /// The only key that exists.
    pub(crate) api_key: String,
    /// The only 2FA application that exists.
    pub(crate) application_id: String,
    /// Its only message template.
    pub(crate) message_id: String,
    /// Digits in a PIN, 1 to 10.
    pub(crate) pin_length: usize,
    /// How many wrong PINs a verification bears.
    pub(crate) pin_attempts: u32,
    /// How long a PIN counts.
    pub(crate) pin_time_to_live: TimeDelta,
    /// Whether a right PIN may be verified again.
    pub(crate) allow_multiple_pin_verifications: bool,
    /// How long every answer takes.
    pub(crate) delay: Duration,
    pub(crate) clock: Clock,
    pub(crate) on_sent: Option<OnSent>,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            api_key: "2f6f3d0ae4b1c7d95b8e-6c1f0e2d-91ab-4c3d".to_owned(),
            application_id: "0933F3BC087D2A617AC6DCB2EF5B8A61".to_owned(),
            message_id: "16A8B5FE2BCD6CA716A2D780CB3F3390".to_owned(),
            pin_length: 6,
            pin_attempts: 10,
            pin_time_to_live: TimeDelta::minutes(15),
            allow_multiple_pin_verifications: true,
            delay: Duration::ZERO,
            clock: Arc::new(system_time),
            on_sent: None,
        }
    }
}

/// A running fake. Dropping it closes the port and every connection.
pub(crate) struct FakeInfobip {
    base_url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// What the handlers see.
struct Shared {
    config: FakeConfig,
    ledger: Ledger,
    modes: Plans<Mode, 3>,
    resets: Resets,
}

impl FakeInfobip {
    /// Listens, and serves in the background.
    pub(crate) async fn start(config: FakeConfig) -> io::Result<Self> {
        let resets = Resets::default();
        let sockets = Sockets::bind(config.address, resets.clone()).await?;
        let base_url = format!("http://{}", sockets.address()?);
        let ledger = Ledger::new(&config);
        let shared = Arc::new(Shared { config, ledger, modes: Plans::default(), resets });
        let app = routes::router(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            let service = app.into_make_service_with_connect_info::<Cut>();
            // `serve` returns only if it is told to stop, which nobody does.
            let _ = axum::serve(sockets, service).await;
        });
        Ok(Self { base_url, shared, server })
    }

    /// Scheme, host and port: what belongs into `INFOBIP_BASE_URL`.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The newest PIN for `number`, with or without its plus sign.
    pub(crate) fn code_for(&self, number: &str) -> Option<String> {
        self.shared.ledger.code_for(number)
    }

    /// The starts that were accepted, oldest first; of many the newest.
    pub(crate) fn starts(&self) -> Vec<RecordedStart> {
        self.shared.ledger.starts()
    }

    /// The PINs that were judged, oldest first; of many the newest.
    pub(crate) fn verifications(&self) -> Vec<RecordedVerification> {
        self.shared.ledger.verifications()
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

    /// Serves until the server ends by itself.
    pub(crate) async fn serve(mut self) {
        let _ = (&mut self.server).await;
    }
}

impl Drop for FakeInfobip {
    fn drop(&mut self) {
        self.server.abort();
        self.shared.resets.plan(u32::MAX);
    }
}
