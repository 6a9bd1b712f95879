//! What may never be seen: numbers, texts and the token in logs, errors and debug output.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;

use crate::fake_plivo::{FakeConfig, Mode};
use crate::world::{NUMBER, TEXT, World, adapter, reply, settings};

/// How the credentials begin in base64.
const BASIC: &str = "TUFYWFhYWFhYWFhY";

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

    /// The lines about calls to providers.
    fn calls(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["message"] == "provider call").collect()
    }
}

fn assert_silent(text: &str) {
    let FakeConfig { auth_token, .. } = FakeConfig::default();
    for word in [&NUMBER[1..], &TEXT[..6], "is your code", &auth_token, BASIC] {
        assert!(!text.contains(word), "{word} is told in {text}");
    }
}

#[tokio::test]
async fn every_text_leaves_one_line_that_tells_the_outcome_and_plivos_id() {
    let world = World::new().await;
    let (log, _guard) = Log::listen();
    let id = "948b53a2-3f08-11e7-b6f4-061564b78b75";
    world.send().await.unwrap();
    let odd = json!({ "message_uuid": ["5b40a428"], "error": "odd" }).to_string();
    world.answered(207, &odd).await.unwrap();
    let error = json!({ "api_id": id, "error": "Insufficient Credit" }).to_string();
    world.answered(400, &error).await.unwrap_err();
    world.answered(403, "{}").await.unwrap_err();
    world.answered(503, "").await.unwrap_err();
    let told: Vec<_> = log
        .calls()
        .iter()
        .map(|line| {
            assert_eq!(
                (&line["provider"], &line["operation"]),
                (&json!("plivo"), &json!("send_text"))
            );
            assert!(line["latency_ms"].is_u64());
            let text = |key: &str| line[key].as_str().unwrap_or("-").to_owned();
            let words = [text("level"), text("outcome"), text("reason"), text("detail")];
            format!("{} {}", line["http_status"], words.join(" | "))
        })
        .collect();
    assert_eq!(
        told,
        [
            format!("202 INFO | accepted | - | api_id {id}"),
            "207 WARN | accepted | - | odd".to_owned(),
            format!("400 ERROR | billing | - | Insufficient Credit (api_id {id})"),
            "403 WARN | refused | destination_denied | -".to_owned(),
            "503 WARN | unavailable | - | -".to_owned(),
        ]
    );
}

#[tokio::test]
async fn logs_and_errors_tell_no_number_no_text_and_no_token() {
    let world = World::new().await;
    let (log, _guard) = Log::listen();
    world.send().await.unwrap();
    let refused = format!("'{}' is not a valid phone number.", &NUMBER[1..]);
    let mut failures = Vec::new();
    for mode in [
        Mode::Close,
        Mode::BrokenOff,
        Mode::Truncated,
        Mode::Oversized,
        Mode::Html(502),
        reply(400, &json!({ "api_id": NUMBER, "error": refused }).to_string()),
        reply(202, &json!({ "api_id": TEXT, "message_uuid": [], "error": TEXT }).to_string()),
        reply(202, &json!({ "message_uuid": [TEXT] }).to_string()),
    ] {
        world.fake.once(mode);
        failures.push(world.send().await.unwrap_err());
    }
    failures.push(world.plivo.send_text("46700000001", TEXT).await.unwrap_err());
    assert_eq!(log.calls().len(), 10);
    assert_silent(&log.text());
    for failure in failures {
        assert_silent(&format!("{failure} {failure:?}"));
    }
}

#[tokio::test]
async fn an_answer_that_repeats_the_request_is_not_quoted() {
    let echo = |headers: HeaderMap, body: String| async move {
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        let error = format!("{}: {body} by {}", text("user-agent"), text("authorization"));
        (StatusCode::BAD_REQUEST, json!({ "error": error }).to_string())
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let server =
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(echo)).await });

    let plivo = adapter(settings(&base_url));
    let (log, _guard) = Log::listen();
    let failure = plivo.send_text(NUMBER, TEXT).await.unwrap_err();
    server.abort();

    let detail = failure.detail().unwrap();
    assert!(detail.starts_with("ringfence/"), "{failure}");
    assert!(detail.contains(r#""text":"[…]""#), "{failure}");
    assert!(detail.ends_with("by Basic […]"), "{failure}");
    assert_silent(&format!("{failure} {failure:?} {}", log.text()));
}

#[tokio::test]
async fn debug_output_tells_no_secret() {
    let settings = settings("http://127.0.0.1:1");
    assert_silent(&format!("{settings:?} {:?}", adapter(settings.clone())));
}
