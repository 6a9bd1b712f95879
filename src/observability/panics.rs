//! Panics as lines of the log: beside JSON nobody looks for plain text, and no program can read it.

use std::panic::PanicHookInfo;
use std::thread;

use tracing::error;

/// From now on a panic anywhere is a line of the log. Whoever catches it still gets it.
pub(super) fn log_panics() {
    std::panic::set_hook(Box::new(log_panic));
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let words = panic.payload_as_str().unwrap_or_default();
    let place = panic.location().map(ToString::to_string);
    error!(cause = words, place, thread = thread::current().name(), "panicked");
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::panic::{catch_unwind, set_hook, take_hook};
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::super::json_lines::JsonLines;
    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_one_line_that_says_where_and_why() {
        let this = thread::current().id();
        let before = take_hook();
        // Other tests panic on purpose, too, at the same time.
        set_hook(Box::new(move |panic| {
            if thread::current().id() == this { log_panic(panic) } else { before(panic) }
        }));
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(JsonLines)
            .fmt_fields(JsonLines)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            assert!(catch_unwind(|| panic!("on {}", "purpose")).is_err());
        });
        let line: Value = serde_json::from_slice(&log.0.lock().unwrap()).unwrap();
        assert_eq!((&line["level"], &line["message"]), (&"ERROR".into(), &"panicked".into()));
        assert_eq!(line["cause"], "on purpose");
        assert!(line["place"].as_str().unwrap().contains("panics.rs:"), "{line}");
    }
}
