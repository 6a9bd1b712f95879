//! `OTEL_EXPORTER_OTLP_ENDPOINT`: what a collector of traces is sent, and what happens without one.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::answers::{EMAIL, PASSWORD, PHONE};
use super::child::SOON;
use super::installation::{Installation, Serving};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A collector of traces that keeps what it is sent.
pub(crate) struct FakeCollector {
    port: u16,
    received: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

impl FakeCollector {
    /// One that answers with that status.
    pub(crate) async fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::<Mutex<Vec<_>>>::default();
        let keep = Arc::clone(&received);
        let answer = async move |headers: HeaderMap, body: Bytes| {
            let body = String::from_utf8(body.to_vec()).unwrap();
            keep.lock().unwrap().push((headers, body));
            StatusCode::from_u16(status).unwrap()
        };
        let router = Router::new().route("/v1/traces", post(answer));
        let stop = std::future::pending();
        tokio::spawn(ringfence::http::serve(listener, router, stop));
        Self { port, received }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn bodies(&self) -> Vec<String> {
        self.received.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    /// Every span, with the attributes as one object.
    fn spans(&self) -> Vec<Value> {
        let exports = self.bodies().into_iter();
        let exports = exports.map(|body| serde_json::from_str::<Value>(&body).unwrap());
        let spans = exports.flat_map(|export| {
            let resource = &export["resourceSpans"][0];
            assert_eq!(attributes(&resource["resource"])["service.name"], "auth-of-acme");
            resource["scopeSpans"][0]["spans"].as_array().unwrap().clone()
        });
        let spans = spans.map(|mut span| {
            span["attributes"] = attributes(&span);
            span
        });
        spans.collect()
    }
}

fn attributes(of: &Value) -> Value {
    let pairs = of["attributes"].as_array().unwrap().iter().map(|attribute| {
        let value = attribute["value"].as_object().unwrap().values().next().unwrap();
        (attribute["key"].as_str().unwrap().to_owned(), value.clone())
    });
    Value::Object(pairs.collect())
}

async fn traced(collector: &FakeCollector) -> Installation {
    let mut installation = Installation::new().await;
    installation.set("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
    installation.set("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20of-the-collector");
    installation.set("OTEL_SERVICE_NAME", "auth-of-acme");
    installation
}

/// Logs in as part of a trace of the caller's.
async fn login(serving: &Serving, trace_parent: &str) {
    let url = format!("{}/api/v1/auth/login", serving.api.base);
    let request = serving.api.client.post(url).header("traceparent", trace_parent);
    let answer = request.json(&json!({"email": EMAIL, "password": PASSWORD})).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
}

async fn stop(serving: Serving) -> String {
    serving.program.signal(Signal::TERM);
    let ended = serving.program.ended(SOON).await;
    assert!(ended.status.success(), "{}", ended.err);
    ended.err
}

#[tokio::test]
async fn a_request_and_its_call_to_the_carrier_are_spans_of_the_callers_trace() {
    let collector = FakeCollector::start(200).await;
    let installation = traced(&collector).await;
    let serving = installation.serve().await;
    serving.api.register().await.expect(201);
    login(&serving, &format!("00-{TRACE}-{CALLER}-01")).await;
    serving.api.profile("no-token").await.expect(401);
    // What has not gone out by now goes out at the end.
    let log = stop(serving).await;

    let spans = collector.spans();
    let named = |name: &str| {
        let found: Vec<_> = spans.iter().filter(|span| span["name"] == name).collect();
        let [span] = found[..] else { panic!("{name}: {found:?} of {spans:#?}") };
        span
    };
    let request = named("POST /api/v1/auth/login");
    assert_eq!((&request["traceId"], &request["parentSpanId"]), (&TRACE.into(), &CALLER.into()));
    assert_eq!(request["kind"], 2);
    assert_eq!(request["attributes"]["http.response.status_code"], "200");
    assert_eq!(request["attributes"]["http.route"], "/api/v1/auth/login");
    let call = named("sinch start");
    assert_eq!((&call["traceId"], &call["parentSpanId"]), (&TRACE.into(), &request["spanId"]));
    assert_eq!(
        (&call["kind"], &call["attributes"]["ringfence.outcome"]),
        (&3.into(), &"started".into())
    );
    let time = |of: &Value, which: &str| of[which].as_str().unwrap().parse::<u64>().unwrap();
    assert!(time(request, "startTimeUnixNano") <= time(call, "startTimeUnixNano"));
    assert!(time(call, "endTimeUnixNano") <= time(request, "endTimeUnixNano"));
    let refused = named("GET /api/v1/profile");
    assert_eq!(refused["attributes"]["error.type"], "token_invalid");
    assert_eq!(refused.get("parentSpanId"), None);
    assert_ne!(refused["traceId"], TRACE);

    for (headers, body) in &*collector.received.lock().unwrap() {
        assert_eq!(headers["authorization"], "Bearer of-the-collector");
        for private in [EMAIL, PASSWORD, PHONE, &PHONE[2..], "no-token", "ticket"] {
            assert!(!body.contains(private), "{private}: {body}");
        }
    }
    assert!(!log.contains("of-the-collector"), "{log}");
    assert!(log.contains(TRACE), "the log names the trace of a request: {log}");
}

#[tokio::test]
async fn a_caller_decides_for_its_own_traces_unless_it_is_told_that_it_does_not() {
    for (sampler, share, caller_samples, exported) in [
        ("parentbased_always_on", "1", "00", 0),
        ("always_on", "1", "00", 1),
        ("parentbased_traceidratio", "0", "01", 1),
        ("traceidratio", "0", "01", 0),
    ] {
        let collector = FakeCollector::start(200).await;
        let mut installation = traced(&collector).await;
        installation.set("OTEL_TRACES_SAMPLER", sampler);
        installation.set("OTEL_TRACES_SAMPLER_ARG", share);
        let serving = installation.serve().await;
        serving.api.register().await.expect(201);
        login(&serving, &format!("00-{TRACE}-{CALLER}-{caller_samples}")).await;
        stop(serving).await;
        let spans = collector.spans();
        let of_the_caller = spans.iter().filter(|span| span["parentSpanId"] == CALLER).count();
        assert_eq!(of_the_caller, exported, "{sampler}: {spans:?}");
    }
}

#[tokio::test]
async fn without_a_collector_that_works_requests_are_served_all_the_same() {
    let refusing = FakeCollector::start(503).await;
    let closed = FakeCollector { port: 1, received: Arc::default() };
    for collector in [refusing, closed] {
        let installation = traced(&collector).await;
        let serving = installation.serve().await;
        installation.token(&serving.api).await;
        let log = stop(serving).await;
        assert_eq!(log.matches("traces cannot be exported").count(), 1, "{log}");
    }
}

#[tokio::test]
async fn settings_of_traces_that_make_no_sense_are_told() {
    let mut installation = Installation::new().await;
    installation.set("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318");
    let refused = installation.run(&["serve"]).await;
    let complaint = refused.complaint();
    assert!(complaint.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{complaint}");
    installation.set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
    installation.set("OTEL_EXPORTER_OTLP_HEADERS", "s3cret-of-the-collector");
    installation.set("OTEL_TRACES_SAMPLER", "sometimes");
    installation.set("OTEL_TRACES_SAMPLER_ARG", "2");
    let refused = installation.run(&["serve"]).await;
    let complaint = refused.complaint();
    for name in ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER:", "OTEL_TRACES_SAMPLER_ARG"] {
        assert!(complaint.contains(name), "{complaint}");
    }
    assert!(!refused.err.contains("s3cret"), "{}", refused.err);
}
