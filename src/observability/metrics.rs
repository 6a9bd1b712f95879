//! The metrics of this process in the text format of Prometheus. Nothing is recorded before
//! [`Recorder::install`].

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::foundation::{Metric, MetricType, start_recording};

/// `Content-Type` of what is rendered.
pub const METRICS_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// What was observed is kept one by one until it is sorted into its buckets: when somebody scrapes, and
/// as often as this, should nobody.
pub const UPKEEP_PERIOD: Duration = Duration::from_secs(5);
/// Upper bounds of the buckets of all durations, in seconds: from a request that asks nobody to the time
/// limit of all.
const BUCKETS: [f64; 15] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0];

/// Gathers the metrics of this process.
#[derive(Clone)]
pub struct Recorder(PrometheusHandle);

/// The metrics cannot be recorded.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be recorded")]
pub struct RecorderError(#[from] BuildError);

impl Recorder {
    /// Records from now on.
    ///
    /// # Errors
    /// Something else in this process records already.
    pub fn install() -> Result<Self, RecorderError> {
        let mut builder = PrometheusBuilder::new();
        for entry in Metric::ALL.map(Metric::entry) {
            if entry.metric_type == MetricType::Histogram {
                let matcher = Matcher::Full(entry.name.to_owned());
                builder = builder.set_buckets_for_metric(matcher, &BUCKETS)?;
            }
        }
        let handle = builder.install_recorder()?;
        describe();
        start_recording();
        // A counter that begins at nothing shows its first increase as one.
        for metric in Metric::ALL {
            let entry = metric.entry();
            if entry.metric_type == MetricType::Counter && entry.labels.is_empty() {
                metric.add_many(&[], 0);
            }
        }
        Ok(Self(handle))
    }

    /// All of it, as Prometheus reads it.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Sorts what was observed into its buckets. To be called every [`UPKEEP_PERIOD`].
    pub fn keep_up(&self) {
        self.0.run_upkeep();
    }
}

fn describe() {
    for entry in Metric::ALL.map(Metric::entry) {
        match entry.metric_type {
            MetricType::Counter => metrics::describe_counter!(entry.name, entry.help),
            MetricType::Gauge => metrics::describe_gauge!(entry.name, entry.help),
            MetricType::Histogram => metrics::describe_histogram!(entry.name, entry.help),
        }
    }
}
