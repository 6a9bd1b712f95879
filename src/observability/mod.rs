//! What operators see: the log, metrics, traces.

mod json_lines;
mod logging;
mod metrics;
mod panics;
mod scrub;
mod traces;

pub use logging::{LogFormat, start_logging};
pub use metrics::{METRICS_CONTENT_TYPE, Recorder, RecorderError, UPKEEP_PERIOD};
pub use traces::{Collector, CollectorError, Sampling, SpanQueue, SpanSink, spans};
