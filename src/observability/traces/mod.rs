//! Traces: the spans of requests and of calls to carriers, handed to a collector by OTLP.
//!
//! `sink` notes spans as they end, `otlp` writes them down, `collector` sends them. What leaves is a closed
//! list of attributes: no number, address, code, token or free text. Carriers are told of no trace.
//!
//! Where the collector fails or is slow spans are dropped; no request waits for one.

mod collector;
mod otlp;
mod sink;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use crate::foundation::{Clock, Entropy};

pub use collector::{Collector, CollectorError, Sampling};
pub use sink::SpanSink;

/// How many ended spans wait for the collector at most: the default of `OTEL_BSP_MAX_QUEUE_SIZE`.
const QUEUE_MAX: usize = 2048;

/// Where ended spans come out again.
pub struct SpanQueue(mpsc::Receiver<Ended>);

/// A span that has ended.
#[derive(Debug)]
struct Ended {
    trace: [u8; 16],
    id: [u8; 8],
    parent: Option<[u8; 8]>,
    /// What the caller's `traceparent` says of sampling, where one came.
    caller_samples: Option<bool>,
    kind: Kind,
    began_at: DateTime<Utc>,
    closed_at: DateTime<Utc>,
    attributes: Vec<(&'static str, Value)>,
}

/// What a span stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A request that we answer.
    Request,
    /// A call to a carrier.
    ProviderCall,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Number(u64),
}

/// Where spans go in, and where they come out.
pub fn spans(clock: Clock, entropy: Entropy) -> (SpanSink, SpanQueue) {
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    (SpanSink::new(clock, entropy, sender), SpanQueue(receiver))
}
