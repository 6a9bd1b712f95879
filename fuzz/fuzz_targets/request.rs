//! Whole requests to the whole application, whose database is away: `POST /path`, headers, an empty line, a
//! body. Each is answered in the form that the API promises, nothing breaks, and nobody gets a token.
#![no_main]

use std::sync::LazyLock;

use axum::Router;
use axum::body::to_bytes;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use libfuzzer_sys::fuzz_target;
use ringfence::app::Application;
use ringfence::config::{Environment, Settings};
use ringfence::foundation::Clock;
use ringfence_fuzz::{KEY, no_database, read_request, runtime};
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

const BASE_URL: &str = "https://auth.example.com";
const HEALTH: [&str; 3] = ["/health", "/livez", "/readyz"];

/// Every carrier that calls back is one of ours, and everybody's requests together meet no limit.
const SETTINGS: &[(&str, &str)] = &[
    ("APP_ENV", "test"),
    ("SECRET_KEY", KEY),
    ("JWT_SECRET", "a secret of thirty-two bytes, no less"),
    ("DATABASE_URL", "postgres://127.0.0.1:1/x"),
    ("BASE_URL", BASE_URL),
    ("FRONTEND_URL", "https://app.example.com"),
    ("INTROSPECTION_CLIENTS", "billing:6d1f0c2b9a8e7d6c5b4a39281706f5e4"),
    ("RATE_LIMIT_MAX_REQUESTS", "1000000000"),
    ("RATE_LIMIT_AUTH_MAX_REQUESTS", "1000000000"),
    ("ARGON2_MEMORY_KIB", "8"),
    ("ARGON2_ITERATIONS", "1"),
    ("VERIFICATION_PROVIDER", "sinch,infobip,plivo"),
    ("SINCH_APP_KEY", "key"),
    ("SINCH_APP_SECRET", "aHVudGVyMmh1bnRlcjI="),
    ("INFOBIP_API_KEY", "key"),
    ("INFOBIP_BASE_URL", "https://x.api.infobip.com"),
    ("INFOBIP_2FA_APP_ID", "a"),
    ("INFOBIP_2FA_MSG_ID", "m"),
    ("PLIVO_AUTH_ID", "MAXXXXXXXXXXXXXXXXXX"),
    ("PLIVO_AUTH_TOKEN", "the-token-of-the-account"),
    ("PLIVO_PHONE_NUMBER", "+14155550100"),
];

static WORLD: LazyLock<(Runtime, Router)> = LazyLock::new(|| {
    let pairs = SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings = Settings::read(&Environment::of_pairs(pairs));
    let (settings, _) = settings.unwrap_or_else(|faults| panic!("{faults}"));
    let runtime = runtime();
    let database = no_database(&runtime);
    let built = Application::build(settings, database, Clock::default(), BASE_URL.to_owned());
    let router = runtime.block_on(built).expect("an application").router();
    (runtime, router)
});

fuzz_target!(|bytes: &[u8]| {
    let Some(request) = read_request(bytes) else { return };
    let (runtime, router) = &*WORLD;
    let (is_head, path) = (request.method() == Method::HEAD, request.uri().path().to_owned());
    let (parts, body) = runtime.block_on(async {
        let answered = router.clone().oneshot(request).await;
        let (parts, body) = answered.expect("an answer").into_parts();
        (parts, to_bytes(body, usize::MAX).await.expect("a body"))
    });
    assert!(parts.status != 500, "{}", String::from_utf8_lossy(&body));
    assert!(parts.headers.contains_key("x-request-id"));
    assert_eq!(parts.headers["x-content-type-options"], "nosniff");
    let is_refused = parts.status.is_client_error() || parts.status.is_server_error();
    // Whether we are healthy is told in a form of its own.
    if is_refused && !HEALTH.contains(&path.as_str()) {
        assert_eq!(parts.headers[CONTENT_TYPE], "application/problem+json");
        if !is_head {
            let problem: Value = serde_json::from_slice(&body).expect("a problem is JSON");
            assert_eq!(problem["status"], parts.status.as_u16());
            assert!(problem["code"].is_string() && problem["detail"].is_string(), "{problem}");
        }
    } else if path.starts_with("/api/") {
        let body = String::from_utf8_lossy(&body);
        assert!(!body.contains("oken\":\"") && !body.contains("\"active\":true"), "{body}");
    }
});
