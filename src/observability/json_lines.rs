//! Log lines for machines: one JSON object each, with the fields of the event at the top and the
//! innermost span, its name and fields, under `span`.
//!
//! The same lines as `tracing_subscriber`'s own, without the maps that it builds for each and
//! without reading a span's fields back whenever one is added: they are text from the start.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber, span};
use tracing_subscriber::field::{RecordFields, VisitFmt, VisitOutput};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// The format, of events and of the fields of spans.
#[derive(Clone, Copy, Debug)]
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let about = event.metadata();
        writer.write_str(r#"{"timestamp":""#)?;
        SystemTime.format_time(&mut writer)?;
        write!(writer, r#"","level":"{}""#, about.level())?;
        let mut members = Members::new(&mut writer);
        event.record(&mut members);
        members.member("target", |out| string(out, about.target()));
        members.finish()?;
        let span =
            event.parent().and_then(|id| context.span(id)).or_else(|| context.lookup_current());
        if let Some(span) = span {
            writer.write_str(r#","span":{"name":"#)?;
            string(&mut writer, span.name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>() {
                writer.write_str(fields)?;
            }
            writer.write_char('}')?;
        }
        writer.write_str("}\n")
    }
}

impl<'writer> FormatFields<'writer> for JsonLines {
    fn format_fields<R: RecordFields>(
        &self,
        mut writer: Writer<'writer>,
        fields: R,
    ) -> fmt::Result {
        let mut members = Members::new(&mut writer);
        fields.record(&mut members);
        members.finish()
    }

    fn add_fields(
        &self,
        current: &'writer mut FormattedFields<Self>,
        fields: &span::Record<'_>,
    ) -> fmt::Result {
        self.format_fields(current.as_writer(), fields)
    }
}

/// Writes fields as members of an object that has begun already: `,"name":value`.
struct Members<'a> {
    out: &'a mut dyn Write,
    result: fmt::Result,
}

impl<'a> Members<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self { out, result: Ok(()) }
    }

    fn member(&mut self, name: &str, value: impl FnOnce(&mut dyn Write) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = (|| {
                self.out.write_char(',')?;
                string(self.out, name)?;
                self.out.write_char(':')?;
                value(self.out)
            })();
        }
    }
}

impl VisitOutput<fmt::Result> for Members<'_> {
    fn finish(self) -> fmt::Result {
        self.result
    }
}

impl VisitFmt for Members<'_> {
    fn writer(&mut self) -> &mut dyn Write {
        self.out
    }
}

impl Visit for Members<'_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field.name(), |out| write!(out, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field.name(), |out| write!(out, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field.name(), |out| write!(out, "{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field.name(), |out| string(out, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.member(field.name(), |out| {
            out.write_char('"')?;
            write!(Escaped(out), "{value:?}")?;
            out.write_char('"')
        });
    }
}

fn string(out: &mut dyn Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    Escaped(out).write_str(text)?;
    out.write_char('"')
}

/// The inside of a JSON string (RFC 8259, 7).
struct Escaped<'a>(&'a mut dyn Write);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (place, byte) in text.bytes().enumerate() {
            if byte >= b' ' && byte != b'"' && byte != b'\\' {
                continue;
            }
            // All three kinds are ASCII, so both cuts are between characters.
            self.0.write_str(&text[plain..place])?;
            plain = place + 1;
            match byte {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                b'\n' => self.0.write_str("\\n")?,
                control => write!(self.0, "\\u{control:04x}")?,
            }
        }
        self.0.write_str(&text[plain..])
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;
    use serde_json::{Value, json};
    use tracing::{field, info, info_span, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What `work` logs: each line read as JSON, its time taken off.
    fn logged(work: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(JsonLines)
            .fmt_fields(JsonLines)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = lines.0.lock().unwrap();
        let read = |line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let time = line.as_object_mut().unwrap().remove("timestamp").unwrap();
            assert!(chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap()).is_ok());
            line
        };
        str::from_utf8(&bytes).unwrap().lines().map(read).collect()
    }

    #[test]
    fn a_line_has_the_events_fields_and_those_of_the_innermost_span() {
        let lines = logged(|| {
            let _outer = info_span!("outer", of_no_concern = 1).entered();
            let span = info_span!("request", route = "/x", user_id = field::Empty).entered();
            span.record("user_id", field::display("somebody"));
            let cause = io::Error::other("why");
            let none = None::<&str>;
            let cause = &cause as &dyn std::error::Error;
            warn!(status = 404, left = -1, done = true, none, cause, list = ?[1], "refused");
        });
        let expected = json!({
            "level": "WARN", "message": "refused", "status": 404, "left": -1, "done": true,
            "cause": "why", "list": "[1]", "target": module_path!(),
            "span": { "name": "request", "route": "/x", "user_id": "somebody" },
        });
        assert_eq!(lines, [expected]);
    }

    proptest! {
        #[test]
        fn any_text_reads_back_in_one_line(text in any::<String>()) {
            let lines = logged(|| {
                let _span = info_span!("span", text, shown = %text).entered();
                info!(text, shown = %text, "{text}");
            });
            prop_assert_eq!(lines.len(), 1);
            let span = json!({ "name": "span", "text": &text, "shown": &text });
            prop_assert_eq!(&lines[0]["span"], &span);
            for field in ["text", "shown", "message"] {
                prop_assert_eq!(&lines[0][field], &json!(&text));
            }
        }
    }
}
