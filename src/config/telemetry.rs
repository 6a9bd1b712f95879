//! The settings of metrics and traces. Those of traces have the names of OpenTelemetry ("Environment
//! Variable Specification", "OpenTelemetry Protocol Exporter").

use std::net::SocketAddr;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::observability::{Collector, Sampling};

use super::reader::Reader;

/// Who sees what the server does.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// `METRICS_ADDR`: where metrics are scraped. `None`: nothing is recorded.
    pub metrics_address: Option<SocketAddr>,
    /// `OTEL_*`: where traces go. `None`: there are none.
    pub collector: Option<Collector>,
}

/// What is wrong is off; the start is refused then.
pub(super) fn telemetry(reader: &mut Reader<'_>) -> Telemetry {
    let metrics_address = reader.or("METRICS_ADDR", "", |text| match text {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| "an address and a port are wanted, for instance 127.0.0.1:9464"),
    });
    Telemetry { metrics_address: metrics_address.flatten(), collector: collector(reader) }
}

fn collector(reader: &mut Reader<'_>) -> Option<Collector> {
    let url = reader.or("OTEL_EXPORTER_OTLP_ENDPOINT", "", |text| match text {
        "" => Ok(None),
        text => parse_endpoint(text).map(Some),
    })?;
    let Some(url) = url else {
        reader.known(&[
            "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_SERVICE_NAME",
            "OTEL_TRACES_SAMPLER",
            "OTEL_TRACES_SAMPLER_ARG",
        ]);
        return None;
    };
    let has_headers = reader.has("OTEL_EXPORTER_OTLP_HEADERS");
    let headers = reader.secret("OTEL_EXPORTER_OTLP_HEADERS", parse_headers);
    let headers = if has_headers { headers } else { Some(HeaderMap::new()) };
    let service = reader.or("OTEL_SERVICE_NAME", "ringfence", |text| {
        let fits = text.len() <= 255;
        fits.then(|| text.to_owned()).ok_or("at most 255 characters are wanted")
    });
    let sampler = reader.word(
        "OTEL_TRACES_SAMPLER",
        &[
            ("parentbased_always_on", (true, false)),
            ("parentbased_traceidratio", (true, true)),
            ("always_on", (false, false)),
            ("traceidratio", (false, true)),
        ],
    );
    let share = reader.or("OTEL_TRACES_SAMPLER_ARG", "1", |text| {
        let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
        share.ok_or("a share from 0 to 1 is wanted")
    });
    let ((by_caller, has_share), share) = (sampler?, share?);
    let sampling = Sampling { by_caller, ratio: if has_share { share } else { 1.0 } };
    Some(Collector { url, headers: headers?, service: service?, sampling })
}

/// The base of the collector's addresses; that of traces is below it.
fn parse_endpoint(text: &str) -> Result<Url, &'static str> {
    let wrong = "an http or https URL is wanted, for instance http://localhost:4318";
    let mut url = Url::parse(text).map_err(|_| wrong)?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !(matches!(url.scheme(), "http" | "https") && url.has_host() && plain) {
        return Err(wrong);
    }
    let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

/// `name=value,…`, values percent-encoded. What is wrong is told without what stands there.
fn parse_headers(text: &str) -> Result<HeaderMap, &'static str> {
    let wrong =
        "a list like name=value,name=value is wanted, with %20 for a blank and %2C for a comma";
    let mut headers = HeaderMap::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (name, value) = entry.split_once('=').ok_or(wrong)?;
        let name = HeaderName::try_from(name.trim()).map_err(|_| wrong)?;
        let value = percent_decoded(value.trim()).ok_or(wrong)?;
        let mut value = HeaderValue::try_from(value).map_err(|_| wrong)?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_pairs_with_percent_encoded_values() {
        let headers = parse_headers("Authorization=Basic%20YTpi%3D, x-scope=a=b").unwrap();
        assert_eq!(headers["authorization"], "Basic YTpi=");
        assert_eq!(headers["x-scope"], "a=b");
        assert!(!format!("{headers:?}").contains("YTpi"), "{headers:?}");
        for wrong in ["authorization", "a b=c", "x=%2", "x=%zz", "x=%0a"] {
            assert!(parse_headers(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn traces_go_below_the_endpoint() {
        for (endpoint, url) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            ("https://otlp.example.com/tenant/", "https://otlp.example.com/tenant/v1/traces"),
        ] {
            assert_eq!(parse_endpoint(endpoint).unwrap().as_str(), url);
        }
        for wrong in ["localhost:4318", "ftp://x", "http://a:b@c", "http://c/?d"] {
            assert!(parse_endpoint(wrong).is_err(), "{wrong}");
        }
    }
}
