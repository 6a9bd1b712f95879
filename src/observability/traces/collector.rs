//! Sends spans to the collector: some at a time, once each, whatever becomes of them.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Url, redirect};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::foundation::Metric;

use super::{Ended, SpanQueue, otlp};

/// How many spans go in one export: the default of `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`.
const BATCH_MAX: usize = 512;
/// How long spans wait for others: the default of `OTEL_BSP_SCHEDULE_DELAY`.
const PERIOD: Duration = Duration::from_secs(5);
/// How long an export may take.
const TIMEOUT: Duration = Duration::from_secs(5);
const USER_AGENT: &str = concat!("ringfence/", env!("CARGO_PKG_VERSION"));

/// Where spans are sent, and which.
#[derive(Clone, Debug)]
pub struct Collector {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, with the path of traces.
    pub url: Url,
    /// `OTEL_EXPORTER_OTLP_HEADERS`, each marked as sensitive.
    pub headers: HeaderMap,
    /// `OTEL_SERVICE_NAME`.
    pub service: String,
    /// `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`.
    pub sampling: Sampling,
}

/// Which traces are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Whether a caller who sends a `traceparent` decides for its own traces.
    pub by_caller: bool,
    /// The share of the others: 0 to 1.
    pub ratio: f64,
}

/// The collector cannot be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    /// The client or the request could not be made, or nothing came back.
    #[error("the collector of traces cannot be reached")]
    Unreachable(#[from] reqwest::Error),
    /// It does not want the spans.
    #[error("the collector of traces answered {0}")]
    Refused(u16),
}

impl Collector {
    /// Sends what comes out of `queue`, until `stopped` completes; then what is left, once.
    pub async fn follow(
        self,
        mut queue: SpanQueue,
        stopped: impl Future<Output = ()>,
    ) -> Result<(), CollectorError> {
        let client = Client::builder()
            .user_agent(USER_AGENT)
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .default_headers(self.headers.clone())
            .build()?;
        let mut stopped = std::pin::pin!(stopped);
        let (mut batch, mut works) = (Vec::new(), true);
        loop {
            let is_over = tokio::select! {
                () = self.gather(&mut queue, &mut batch) => false,
                () = &mut stopped => true,
            };
            if is_over {
                while let Ok(span) = queue.0.try_recv() {
                    self.take(span, &mut batch);
                }
            }
            for spans in batch.chunks(BATCH_MAX) {
                let sent = self.send(&client, spans).await;
                note(&sent, spans.len(), &mut works);
            }
            batch.clear();
            if is_over {
                return Ok(());
            }
        }
    }

    /// Waits until the batch is full or its time has come.
    async fn gather(&self, queue: &mut SpanQueue, batch: &mut Vec<Ended>) {
        let deadline = Instant::now() + PERIOD;
        while batch.len() < BATCH_MAX {
            match tokio::time::timeout_at(deadline, queue.0.recv()).await {
                Ok(Some(span)) => self.take(span, batch),
                // Every sink is gone: whoever waits for the end tells when.
                Ok(None) => std::future::pending().await,
                Err(_elapsed) => return,
            }
        }
    }

    fn take(&self, span: Ended, batch: &mut Vec<Ended>) {
        if self.sampling.takes(&span) {
            batch.push(span);
        }
    }

    async fn send(&self, client: &Client, spans: &[Ended]) -> Result<(), CollectorError> {
        let request = client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        let status = request.body(otlp::request(&self.service, spans)).send().await?.status();
        if status.is_success() { Ok(()) } else { Err(CollectorError::Refused(status.as_u16())) }
    }
}

/// The log is told when it fails and when it works again, not of each export.
fn note(sent: &Result<(), CollectorError>, spans: usize, works: &mut bool) {
    let outcome = if sent.is_ok() { "exported" } else { "dropped" };
    Metric::Spans.add_many(&[outcome], spans as u64);
    let worked = std::mem::replace(works, sent.is_ok());
    match sent {
        Err(cause) if worked => {
            let cause: &dyn std::error::Error = cause;
            warn!(cause, "traces cannot be exported; spans are dropped until they can");
        }
        Ok(()) if !worked => info!("traces are exported again"),
        _ => {}
    }
}

impl Sampling {
    /// The same for all spans of a trace, here and in other programs: by the last seven bytes of its id,
    /// which are random (W3C Trace Context, level 2).
    fn takes(self, span: &Ended) -> bool {
        if let Some(samples) = span.caller_samples.filter(|_| self.by_caller) {
            return samples;
        }
        let random = span.trace[9..].iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        #[expect(clippy::cast_precision_loss, reason = "56 bits against a share")]
        let share = random as f64 / (1_u64 << 56) as f64;
        share < self.ratio
    }
}
