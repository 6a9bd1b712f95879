//! What was logged while a test ran, and the proof that it tells no secret.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;

/// Listens to nothing. Where there is one listener only, `tracing` asks that of the thread which
/// first comes past a line whether anybody wants it, and remembers the answer for all threads: a
/// test that does not listen would silence one that does.
static NOBODY: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));

/// What was logged on this thread, at every level.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Listens for as long as the guard lives.
    pub(crate) fn listen() -> (Self, DefaultGuard) {
        LazyLock::force(&NOBODY);
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(LevelFilter::TRACE)
            // Digits of a time-stamp must not pass for those of a code.
            .without_time()
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines about calls to providers.
    pub(crate) fn calls(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["message"] == "provider call").collect()
    }

    /// The calls to `provider`, each as `LEVEL operation outcome error_code http_status`.
    pub(crate) fn told(&self, provider: &str) -> Vec<String> {
        self.calls().iter().map(|line| told(line, provider)).collect()
    }
}

fn told(line: &Value, provider: &str) -> String {
    assert_eq!(line["provider"], provider);
    assert!(line["latency_ms"].is_u64());
    let text = |key: &str| line[key].as_str().unwrap_or("-").to_owned();
    let http = line["http_status"].as_u64().unwrap_or_default();
    let words = [text("level"), text("operation"), text("outcome"), text("error_code")];
    format!("{} {http}", words.join(" "))
}

pub(crate) fn assert_silent(text: &str, private: &[&str]) {
    for word in private {
        assert!(!tells(text, word), "{word} is told in {text}");
    }
}

/// Whether `word` stands in `text`, other than as a part of a longer number such as a port.
fn tells(text: &str, word: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit();
    let is_number = word.chars().all(is_digit);
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        !(is_number && (before.ends_with(is_digit) || after.starts_with(is_digit)))
    })
}
