//! Spans as the collector reads them: OTLP 1.x in JSON, `ExportTraceServiceRequest`
//! (opentelemetry-proto, "OTLP/HTTP", "JSON Protobuf Encoding": ids in hexadecimal, 64-bit numbers as text).

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use super::{Ended, Kind, Value};

/// `SPAN_KIND_SERVER` and `SPAN_KIND_CLIENT`.
const SERVER: u8 = 2;
const CLIENT: u8 = 3;
/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

/// The body of one export.
pub(super) fn request(service: &str, spans: &[Ended]) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let resource = json!([text("service.name", service), text("service.version", version)]);
    let spans: Vec<_> = spans.iter().map(span).collect();
    let request = json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": { "name": "ringfence", "version": version }, "spans": spans }],
    }]});
    request.to_string().into_bytes()
}

fn span(span: &Ended) -> Json {
    let (kind, name) = match span.kind {
        Kind::Request => (SERVER, [span.text("http.request.method"), span.text("http.route")]),
        Kind::ProviderCall => {
            (CLIENT, [span.text("ringfence.provider"), span.text("ringfence.operation")])
        }
    };
    let attributes: Vec<_> = span.attributes.iter().map(attribute).collect();
    let mut json = json!({
        "traceId": hex(&span.trace),
        "spanId": hex(&span.id),
        "name": name.join(" "),
        "kind": kind,
        "startTimeUnixNano": nanoseconds(span.began_at),
        "endTimeUnixNano": nanoseconds(span.closed_at),
        "attributes": attributes,
    });
    if let Some(parent) = span.parent {
        json["parentSpanId"] = hex(&parent);
    }
    if span.is_failure() {
        json["status"] = json!({ "code": ERROR });
    }
    json
}

impl Ended {
    fn text(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(other, _)| *other == name);
        match found {
            Some((_, Value::Text(text))) => text,
            _ => "-",
        }
    }

    /// A server's span has failed from 500 on, a client's from 400 on ("Semantic conventions for HTTP
    /// spans", status).
    fn is_failure(&self) -> bool {
        let from = if self.kind == Kind::Request { 500 } else { 400 };
        self.attributes.iter().any(|(name, value)| {
            *name == "http.response.status_code"
                && matches!(value, Value::Number(status) if *status >= from)
        })
    }
}

fn attribute((name, value): &(&'static str, Value)) -> Json {
    match value {
        Value::Text(value) => text(name, value),
        Value::Number(value) => {
            json!({ "key": name, "value": { "intValue": value.to_string() } })
        }
    }
}

fn text(name: &str, value: &str) -> Json {
    json!({ "key": name, "value": { "stringValue": value } })
}

fn nanoseconds(at: DateTime<Utc>) -> String {
    at.timestamp_nanos_opt().unwrap_or(0).to_string()
}

fn hex(bytes: &[u8]) -> Json {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // A String takes whatever is written to it.
        let _ = write!(text, "{byte:02x}");
    }
    text.into()
}
