//! What may never be seen: numbers, texts and keys in logs, errors and debug output, though the SDK
//! would tell them all.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use ringfence::otp::providers::aws_sns::AwsSnsSettings;
use secrecy::SecretString;
use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;

use crate::peer::{Peer, REQUEST_ID, Treatment, error, opted_out};
use crate::world::{NUMBER, SECRET, SESSION_TOKEN, TEXT, World, adapter, now, settings};

/// What was logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn listen() -> (Self, DefaultGuard) {
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

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines about calls to providers, each as one text.
    fn calls(&self) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let calls = lines.filter(|line| line["message"] == "provider call");
        let told = calls.map(|line| {
            assert_eq!(line["provider"], "aws-sns");
            assert!(line["latency_ms"].is_u64());
            let keys =
                ["level", "operation", "outcome", "reason", "http_status", "error_code", "detail"];
            let shown = |key| match &line[key] {
                Value::String(text) => text.clone(),
                Value::Null => "-".to_owned(),
                other => other.to_string(),
            };
            keys.map(shown).join(" | ")
        });
        told.collect()
    }
}

fn assert_silent(text: &str) {
    let code = &TEXT[..6];
    for word in [&NUMBER[1..], code, "is your code", SECRET, SESSION_TOKEN, "AKIAIOSFODNN7EXAMPLE"]
    {
        assert!(!text.contains(word), "{word} is told in {text}");
    }
    assert!(!text.to_ascii_lowercase().contains("signature="), "{text}");
}

#[tokio::test]
async fn every_call_leaves_one_line_that_tells_the_outcome_and_awss_id() {
    let world = World::new().await;
    let (log, _guard) = Log::listen();
    world.send().await.unwrap();
    world.peer.next_opt_out(opted_out());
    world.send().await.unwrap_err();
    let refused = Treatment::Reply { http: 403, body: error("AuthorizationError", "no") };
    world.peer.next_opt_out(refused);
    world.answered(403, &error("AuthorizationError", "not authorized")).await.unwrap_err();
    world.answered(503, "").await.unwrap_err();
    let id = format!("request_id {REQUEST_ID}");
    assert_eq!(
        log.calls(),
        [
            "INFO | check_opt_out | not_opted_out | - | 200 | - | -".to_owned(),
            format!("INFO | send_text | accepted | - | 200 | - | {id}"),
            "INFO | check_opt_out | opted_out | - | 200 | - | -".to_owned(),
            "WARN | send_text | refused | blocked | - | - | the number has opted out".to_owned(),
            format!(
                "DEBUG | check_opt_out | configuration | - | 403 | AuthorizationError | no ({id})"
            ),
            format!(
                "ERROR | send_text | configuration | - | 403 | AuthorizationError | \
                 not authorized ({id})"
            ),
            "INFO | check_opt_out | not_opted_out | - | 200 | - | -".to_owned(),
            format!(
                "WARN | send_text | unavailable | - | 503 | - | the answer is not the api's ({id})"
            ),
        ]
    );
}

#[tokio::test]
async fn logs_and_errors_tell_no_number_no_text_and_no_key_at_any_level() {
    let peer = Peer::start().await;
    let session_token = Some(SecretString::from(SESSION_TOKEN));
    let settings = AwsSnsSettings { session_token, ..settings(&peer.base_url) };
    let sns = adapter(&settings);
    let (log, _guard) = Log::listen();
    sns.send_text(now(), NUMBER, TEXT).await.unwrap();
    let mut failures = Vec::new();
    let repeated = format!("{NUMBER} {TEXT} {SECRET} {SESSION_TOKEN} AKIAIOSFODNN7EXAMPLE");
    for treatment in [
        Treatment::Close,
        Treatment::BrokenOff,
        Treatment::Echo,
        Treatment::Reply { http: 502, body: repeated.clone() },
        Treatment::Reply { http: 200, body: repeated.clone() },
        Treatment::Reply { http: 400, body: error("InvalidParameter", &repeated) },
        Treatment::Reply { http: 400, body: error(TEXT, "no") },
        Treatment::Reply { http: 400, body: error(&TEXT[..6], "no") },
    ] {
        peer.next_opt_out(Treatment::Echo);
        peer.next_text(treatment);
        failures.push(sns.send_text(now(), NUMBER, TEXT).await.unwrap_err());
    }
    failures.push(sns.send_text(now(), "46700000001", TEXT).await.unwrap_err());
    assert_eq!(log.calls().len(), 2 + 8 * 2 + 1);
    assert_silent(&log.text());
    for failure in failures {
        assert_silent(&format!("{failure} {failure:?}"));
    }
}

#[tokio::test]
async fn debug_output_tells_no_secret() {
    let session_token = Some(SecretString::from(SESSION_TOKEN));
    let settings = AwsSnsSettings { session_token, ..settings("http://127.0.0.1:1") };
    assert_silent(&format!("{settings:?} {:?}", adapter(&settings)));
}
