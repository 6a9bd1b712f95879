//! What surrounds every request, from the outside in: its id, its log line, the rendering of
//! problems, security headers, CORS, the panic guard, the time limit, the client's address.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use tokio::time::Instant;
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tracing::{Instrument as _, Span, debug, error, error_span, field, info, warn};

use crate::foundation::{Clock, Entropy, Metric};

use super::client::{self, RequestId, TrustedProxies};
use super::room::tell_room;
use super::{Kind, Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longer than the 8 s that a provider may take, with room for a queue of hashes before it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// A preflight is remembered for as long as Chromium remembers any.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_hours(2);

/// What the layers need to know.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: TrustedProxies,
    /// `FRONTEND_URL`: the origins that CORS answers.
    pub origins: Vec<HeaderValue>,
    /// Whether `BASE_URL` is https, so that browsers may insist on it.
    pub is_https: bool,
    /// For request ids.
    pub clock: Clock,
    /// For request ids.
    pub entropy: Entropy,
}

impl Edge {
    /// What is known of `base_url`, and the rest of it.
    pub fn new(
        base_url: &str,
        proxies: TrustedProxies,
        origins: Vec<HeaderValue>,
        clock: Clock,
        entropy: Entropy,
    ) -> Self {
        Self { proxies, origins, is_https: base_url.starts_with("https:"), clock, entropy }
    }
}

/// Surrounds all routes of `router`, its fallbacks included.
pub fn with_layers<S: Clone + Send + Sync + 'static>(router: Router<S>, edge: &Edge) -> Router<S> {
    let edge = Arc::new(edge.clone());
    // One `layer` for all: axum boxes a route anew for each, and clones all boxes at each request.
    router.layer((
        from_fn_with_state(Arc::clone(&edge), exchange),
        option_layer((!edge.origins.is_empty()).then(|| cors(&edge.origins))),
        CatchPanicLayer::custom(render_panic),
    ))
}

/// One request and its answer.
async fn exchange(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(&edge, request.headers());
    let (parts, body) = request.into_parts();
    let mut parts = parts;
    client::note_address(&edge.proxies, &parts.headers, &mut parts.extensions);
    parts.extensions.insert(RequestId(id.clone()));
    request = Request::from_parts(parts, body);
    // The path itself is not logged: whatever somebody puts there would be.
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let is_api = route.starts_with("/api/");
    let (method, matched) = (method_label(request.method()), request.extensions().get().cloned());
    // At the highest level, so that the span is there whatever `LOG_LEVEL` leaves out.
    let span = error_span!(
        "request",
        request_id = %id,
        method = %request.method(),
        route,
        trace_parent = trace_parent(request.headers()),
        user_id = field::Empty
    );
    let answered = tokio::time::timeout(REQUEST_TIMEOUT, tell_room(next.run(request)));
    let answered = answered.instrument(span.clone()).await;
    let mut response =
        answered.unwrap_or_else(|_elapsed| Problem::new(Kind::RequestTimeout).into_response());
    let took = began.elapsed();
    span.in_scope(|| log(&response, is_api, took));
    measure(method, matched.as_ref(), &response, took);
    render_problem(&mut response, &id);
    add_headers(&edge, response.headers_mut(), &id);
    if is_api {
        // Everything that the API answers belongs to one person.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Notes who is asking, for the log line of the request.
pub fn note_user(user: &impl std::fmt::Display) {
    Span::current().record("user_id", field::display(user));
}

/// The id that the client (or a proxy) sent, if it is harmless, or a new one.
fn request_id(edge: &Edge, headers: &HeaderMap) -> String {
    let sent = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let is_sane = |id: &&str| {
        (1..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    };
    sent.filter(is_sane).map_or_else(|| new_request_id(edge), str::to_owned)
}

fn new_request_id(edge: &Edge) -> String {
    let random = edge.entropy.bytes().unwrap_or_default();
    let now = u64::try_from(edge.clock.now().timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(now, &random).into_uuid().to_string()
}

/// The one line of a request, and the only place where the cause of a failure is logged.
fn log(response: &Response, is_api: bool, took: Duration) {
    let status = response.status().as_u16();
    let latency_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let problem = response.extensions().get::<Problem>();
    let code = problem.map(|problem| problem.kind().entry().code);
    let cause = problem.and_then(Problem::cause).map(|cause| format!("{cause:#}"));
    if status < 500 && !is_api {
        // Pages and what machines poll: of use only to those who look for it.
        debug!(status, latency_us, code, cause, "answered");
    } else if status < 500 {
        info!(status, latency_us, code, cause, "answered");
    } else if problem.is_some_and(|problem| problem.kind() == Kind::InternalError) {
        error!(status, latency_us, code, cause, "failed");
    } else {
        warn!(status, latency_us, code, cause, "refused");
    }
}

/// Counts the request, and the refusal where it is one.
fn measure(method: &str, route: Option<&MatchedPath>, response: &Response, took: Duration) {
    let route = route.map_or("-", MatchedPath::as_str);
    Metric::HttpRequestDuration.observe(&[method, route, response.status().as_str()], took);
    if let Some(problem) = response.extensions().get::<Problem>() {
        let (limit, scope) = (problem.member("limit"), problem.member("scope"));
        Metric::Refusals.add(&[problem.kind().entry().code, limit, scope]);
    }
}

/// The methods of our routes by their names: whatever else somebody sends is one more, and not thousands.
fn method_label(method: &Method) -> &'static str {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    const NAMES: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let at = KNOWN.iter().position(|known| known == method);
    at.map_or("other", |at| NAMES[at])
}

/// Which span of the caller the request belongs to (W3C Trace Context, 3.2), where what was sent has the
/// form of version 00: lower-case hexadecimal digits, of which the ids are not all zero.
fn trace_parent(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let parts: Vec<_> = text.split('-').collect();
    let [version, trace, span, flags] = parts[..] else { return None };
    let is_hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |text: &str, length| is_hex(text, length) && text.bytes().any(|it| it != b'0');
    let is_sane = version == "00" && is_id(trace, 32) && is_id(span, 16) && is_hex(flags, 2);
    is_sane.then_some(text)
}

fn render_problem(response: &mut Response, id: &str) {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = Body::from(problem.render(id));
    }
}

fn add_headers(edge: &Edge, headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Pages bring a policy of their own; everything else is not to be rendered at all.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    if edge.is_https {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
fn render_panic(panic: Box<dyn Any + Send>) -> Response {
    let words = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|&words| words.to_owned()))
        .unwrap_or_default();
    Problem::internal(anyhow::anyhow!("a handler panicked: {words}")).into_response()
}

fn cors(origins: &[HeaderValue]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT_LANGUAGE,
            REQUEST_ID,
            client::CHALLENGE_RESPONSE,
        ])
        .expose_headers([
            REQUEST_ID,
            header::RETRY_AFTER,
            HeaderName::from_static("ratelimit-limit"),
            HeaderName::from_static("ratelimit-remaining"),
            HeaderName::from_static("ratelimit-reset"),
        ])
        .max_age(PREFLIGHT_MAX_AGE)
}
