//! The log: pretty for people in development, JSON lines otherwise.
//!
//! What is never logged: passwords, codes, tokens, tickets, whole phone numbers. The types that
//! hold them show nothing in `Debug` and `Display`; what looks like one all the same is blotted out of
//! the finished line, in either format.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::json_lines::JsonLines;
use super::panics::log_panics;
use super::scrub::Scrubbed;
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
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Scrubbed(std::io::stderr()));
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing::{info, info_span};

    use super::Scrubbed;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_for_people_are_scrubbed_in_colour_and_without() {
        for is_in_colour in [true, false] {
            let lines = Lines::default();
            let writer = lines.clone();
            let subscriber = tracing_subscriber::fmt()
                .with_ansi(is_in_colour)
                .with_writer(move || Scrubbed(writer.clone()))
                .finish();
            tracing::subscriber::with_default(subscriber, || {
                let _span = info_span!("request", otp_code = 123_456, route = "/x").entered();
                info!(password = "hunter2", number = %"+46701234567", "to ada@example.com");
            });
            let told = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
            for secret in ["hunter2", "123456", "46701234567", "ada"] {
                assert!(!told.contains(secret), "{secret} is in {told}");
            }
            assert!(told.contains("password") && told.contains("/x"), "{told}");
        }
    }
}
