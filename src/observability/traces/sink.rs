//! Notes spans while they are open, and puts them into the queue as they end.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::foundation::{Clock, Entropy, Metric};

use super::{Ended, Kind, Value};

/// The field in which a request tells which span of its caller it belongs to.
const TRACE_PARENT: &str = "trace_parent";

/// Takes the spans of this program.
pub struct SpanSink {
    clock: Clock,
    entropy: Entropy,
    queue: mpsc::Sender<Ended>,
}

/// A span that has not ended.
struct Open {
    trace: [u8; 16],
    id: [u8; 8],
    parent: Option<[u8; 8]>,
    caller_samples: Option<bool>,
    kind: Kind,
    began_at: DateTime<Utc>,
    began: Instant,
    fields: Fields,
}

/// Whose child a span is.
struct Parent {
    trace: [u8; 16],
    id: [u8; 8],
    samples: Option<bool>,
}

/// What is kept of the fields of a span.
#[derive(Default)]
struct Fields {
    attributes: Vec<(&'static str, Value)>,
    caller: Option<Parent>,
}

impl SpanSink {
    pub(super) fn new(clock: Clock, entropy: Entropy, queue: mpsc::Sender<Ended>) -> Self {
        Self { clock, entropy, queue }
    }

    fn open(&self, kind: Kind, mut fields: Fields, within: Option<Parent>) -> Option<Open> {
        // Without chance there is no id, and the request goes on without a trace.
        let random: [u8; 24] = self.entropy.bytes().ok()?;
        let (trace, id) = random.split_first_chunk()?;
        let parent = within.or(fields.caller.take());
        Some(Open {
            trace: parent.as_ref().map_or(*trace, |parent| parent.trace),
            id: id.try_into().ok()?,
            caller_samples: parent.as_ref().and_then(|parent| parent.samples),
            parent: parent.map(|parent| parent.id),
            kind,
            began_at: self.clock.now(),
            began: Instant::now(),
            fields,
        })
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SpanSink {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(kind) = Kind::named(attributes.metadata().name()) else { return };
        let Some(span) = context.span(id) else { return };
        let within = span.scope().skip(1).find_map(|outer| {
            let extensions = outer.extensions();
            let open = extensions.get::<Open>()?;
            Some(Parent { trace: open.trace, id: open.id, samples: open.caller_samples })
        });
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(open) = self.open(kind, fields, within) {
            span.extensions_mut().insert(open);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(&mut open.fields);
        }
    }

    /// How a request was answered is in its log line only.
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(span) = context.event_span(event) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            event.record(&mut Answer(&mut open.fields));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(open) = span.extensions_mut().remove::<Open>() else { return };
        let took = TimeDelta::from_std(open.began.elapsed()).unwrap_or_default();
        let ended = Ended {
            trace: open.trace,
            id: open.id,
            parent: open.parent,
            caller_samples: open.caller_samples,
            kind: open.kind,
            began_at: open.began_at,
            closed_at: open.began_at + took,
            attributes: open.fields.attributes,
        };
        if self.queue.try_send(ended).is_err() {
            Metric::Spans.add(&["dropped"]);
        }
    }
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        match name {
            "request" => Some(Self::Request),
            "provider_call" => Some(Self::ProviderCall),
            _ => None,
        }
    }
}

/// The attributes that leave this process, by the names of OpenTelemetry's semantic conventions where they
/// have one. Nothing else does.
fn attribute(field: &str) -> Option<&'static str> {
    Some(match field {
        "method" => "http.request.method",
        "route" => "http.route",
        "status" | "http_status" => "http.response.status_code",
        "code" => "error.type",
        "request_id" => "ringfence.request_id",
        "user_id" => "user.id",
        "provider" => "ringfence.provider",
        "operation" => "ringfence.operation",
        "outcome" => "ringfence.outcome",
        _ => return None,
    })
}

impl Fields {
    fn note(&mut self, field: &Field, value: impl FnOnce() -> Value) {
        let Some(name) = attribute(field.name()) else { return };
        self.attributes.retain(|(other, _)| *other != name);
        self.attributes.push((name, value()));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == TRACE_PARENT {
            self.caller = Parent::read(value);
        }
        self.note(field, || Value::Text(value.to_owned()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.note(field, || Value::Number(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.note(field, || Value::Text(format!("{value:?}")));
    }
}

/// Reads the line that ends a request.
struct Answer<'a>(&'a mut Fields);

impl Visit for Answer<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.0.record_u64(field, value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "code" {
            self.0.record_str(field, value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl Parent {
    /// `00-<trace>-<span>-<flags>` (W3C Trace Context, 3.2.2).
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-').skip(1);
        let (trace, id, flags) = (parts.next()?, parts.next()?, parts.next()?);
        let trace = u128::from_str_radix(trace, 16).ok()?.to_be_bytes();
        let id = u64::from_str_radix(id, 16).ok()?.to_be_bytes();
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self { trace, id, samples: Some(flags & 1 == 1) })
    }
}
