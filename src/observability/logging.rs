//! The log: pretty for people in development, JSON lines otherwise.
//!
//! What is never logged: passwords, codes, tokens, tickets, whole phone numbers. The types that
//! hold them show nothing in `Debug` and `Display`.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::json_lines::JsonLines;
use super::panics::log_panics;
use super::traces::SpanSink;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For machines: one JSON object a line.
    Json,
}

/// Starts logging to standard error, and handing spans to `spans`. Logging that is on already stays as it
/// is.
pub fn start_logging(filter: EnvFilter, format: LogFormat, spans: Option<SpanSink>) {
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match format {
        LogFormat::Pretty => builder
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .finish()
            .with(spans)
            .try_init(),
        LogFormat::Json => {
            log_panics();
            builder.event_format(JsonLines).fmt_fields(JsonLines).finish().with(spans).try_init()
        }
    };
}
