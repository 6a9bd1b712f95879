//! A stand-in for Plivo's API, over real HTTP and at least as strict as the original.
//!
//! Owns a port, what was sent through it and the ways in which it can be told to misbehave. It
//! takes only what our adapter promises: one destination, a sender of the account, nothing for
//! Plivo's logs. Never keeps more than a bounded number of records.

mod answer;
mod control;
mod mode;
mod routes;
mod server;

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) use mode::Mode;

use mode::Plan;

/// The most messages that are remembered.
const MAX_RECORDS: usize = 1000;

/// Told of every message that goes out.
pub(crate) type OnSent = Arc<dyn Fn(&SentMessage) + Send + Sync>;

/// How a fake is set up.
#[derive(Clone)]
pub(crate) struct FakeConfig {
    /// Where to listen; port 0 takes a free one.
    pub(crate) address: SocketAddr,
    /// The only account that exists.
    pub(crate) auth_id: String,
    /// Its token.
    pub(crate) auth_token: String,
    /// The only number of the account, without a plus sign.
    pub(crate) phone_number: String,
    pub(crate) on_sent: Option<OnSent>,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            auth_id: "MAXXXXXXXXXXXXXXXXXX".to_owned(),
            auth_token: "Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4".to_owned(),
            phone_number: "14155551234".to_owned(),
            on_sent: None,
        }
    }
}

/// A text that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SentMessage {
    pub(crate) uuid: String,
    pub(crate) src: String,
    pub(crate) dst: String,
    pub(crate) text: String,
    pub(crate) message_expiry: u64,
    /// The ids of the registration in India: entity, template, category.
    pub(crate) dlt: [Option<String>; 3],
}

/// A call that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlacedCall {
    pub(crate) uuid: String,
    pub(crate) to: String,
    pub(crate) answer_url: String,
    pub(crate) hangup_url: String,
}

/// A running fake. Dropping it closes the port and every connection.
pub(crate) struct FakePlivo {
    base_url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// What the handlers see.
struct Shared {
    config: FakeConfig,
    plan: Mutex<Plan>,
    messages: Mutex<VecDeque<SentMessage>>,
    calls: Mutex<VecDeque<PlacedCall>>,
    received: AtomicU64,
    ids: AtomicU64,
}

impl FakePlivo {
    /// Listens, and serves in the background.
    pub(crate) async fn start(config: FakeConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.address).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            config,
            plan: Mutex::default(),
            messages: Mutex::default(),
            calls: Mutex::default(),
            received: AtomicU64::new(0),
            ids: AtomicU64::new(0),
        });
        let server = tokio::spawn(server::serve(listener, Arc::clone(&shared)));
        Ok(Self { base_url, shared, server })
    }

    /// Scheme, host and port: what belongs into `PLIVO_BASE_URL`.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The texts that were accepted, oldest first; of many the newest.
    pub(crate) fn messages(&self) -> Vec<SentMessage> {
        self.shared.messages()
    }

    /// The calls that were accepted, oldest first; of many the newest.
    pub(crate) fn calls(&self) -> Vec<PlacedCall> {
        let calls = self.shared.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().cloned().collect()
    }

    /// How many requests have been read, refused ones included.
    pub(crate) fn received(&self) -> u64 {
        self.shared.received.load(Ordering::SeqCst)
    }

    /// From now on requests are treated so.
    pub(crate) fn set_mode(&self, mode: Mode) {
        self.shared.plan().set(mode);
    }

    /// The next request for which nothing else is planned is treated so.
    pub(crate) fn once(&self, mode: Mode) {
        self.shared.plan().once(mode, 1);
    }

    /// Serves until the server ends by itself.
    pub(crate) async fn serve(mut self) {
        let _ = (&mut self.server).await;
    }
}

impl Drop for FakePlivo {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn plan(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn messages(&self) -> Vec<SentMessage> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn record(&self, message: SentMessage) {
        if let Some(on_sent) = &self.config.on_sent {
            on_sent(&message);
        }
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() == MAX_RECORDS {
            messages.pop_front();
        }
        messages.push_back(message);
    }

    fn record_call(&self, call: PlacedCall) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == MAX_RECORDS {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    /// An id that no other answer has.
    fn new_id(&self) -> String {
        let count = self.ids.fetch_add(1, Ordering::SeqCst) + 1;
        // Of several in a row, each a process of its own, none repeats the ids of another.
        format!("{:08x}-bfc7-4daf-9d06-{count:012x}", std::process::id())
    }
}
