//! A closed loop: so many clients, each doing its next thing as soon as the last is done.

use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::figures;

/// How much longer than planned a phase may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who does one thing again and again.
pub(crate) trait Client: Send + 'static {
    fn act(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// What is done between two such things, and not measured.
    fn rest(&mut self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// How long clients are at it. They start one after the other, spread evenly over the warm-up, so
/// that they do not march in step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase {
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

impl Phase {
    pub(crate) const fn of_seconds(measured: u64) -> Self {
        Self { warm_up: Duration::from_millis(500), measured: Duration::from_secs(measured) }
    }
}

/// What was done within the measured time, and how long each thing took.
pub(crate) struct Tally {
    latencies: Vec<Duration>,
    measured: Duration,
}

/// Has all `clients` at it for a phase.
pub(crate) async fn drive<C: Client>(clients: &mut Vec<C>, phase: Phase) -> anyhow::Result<Tally> {
    let from = Instant::now() + phase.warm_up;
    let until = from + phase.measured;
    let count = u32::try_from(clients.len())?;
    let mut tasks = JoinSet::new();
    for (place, mut client) in (0..count).zip(clients.drain(..)) {
        let start = from - phase.warm_up * (count - place) / count;
        tasks.spawn(async move {
            tokio::time::sleep_until(start).await;
            let mut latencies = Vec::new();
            loop {
                let began = Instant::now();
                client.act().await?;
                let ended = Instant::now();
                if ended >= until {
                    return anyhow::Ok((client, latencies));
                }
                if ended >= from {
                    latencies.push(ended - began);
                }
                client.rest().await;
            }
        });
    }
    let mut tally = Tally { latencies: Vec::new(), measured: phase.measured };
    while let Some(ended) = tokio::time::timeout_at(until + PATIENCE, tasks.join_next())
        .await
        .context("the clients did not end in time")?
    {
        let (client, latencies) = ended??;
        clients.push(client);
        tally.latencies.extend(latencies);
    }
    Ok(tally)
}

impl Tally {
    pub(crate) fn per_second(&self) -> f64 {
        figures::rate(self.latencies.len(), self.measured)
    }

    /// In milliseconds: half of them took no longer.
    pub(crate) fn p50(&mut self) -> f64 {
        self.percentile(50)
    }

    /// In milliseconds: 99 of 100 took no longer.
    pub(crate) fn p99(&mut self) -> f64 {
        self.percentile(99)
    }

    fn percentile(&mut self, of_100: usize) -> f64 {
        self.latencies.sort_unstable();
        let place = self.latencies.len() * of_100 / 100;
        self.latencies.get(place).map_or(f64::NAN, |latency| figures::milliseconds(*latency))
    }
}

/// A client that sends one request over and over and takes nothing but 200 for an answer.
pub(crate) struct Repeat {
    pub(crate) connection: Connection,
    pub(crate) request: Vec<u8>,
}

impl Client for Repeat {
    async fn act(&mut self) -> anyhow::Result<()> {
        self.connection.succeed(&self.request).await.map(drop)
    }
}
