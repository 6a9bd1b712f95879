//! CORS: which browsers' pages may read our answers.

use reqwest::Method;

use crate::support::{Answer, TestApp};

const LOGIN: &str = "/api/v1/auth/login";
const LISTED: [&str; 2] = ["https://app.example.com", "http://localhost:5173"];
const FOREIGN: [&str; 5] = [
    "https://evil.example",
    "https://app.example.com.evil.example",
    "http://app.example.com",
    "https://app.example.com:8443",
    "null",
];

async fn app() -> TestApp {
    TestApp::with(&[("FRONTEND_URL", "https://app.example.com/, http://localhost:5173")]).await
}

async fn preflight(app: &TestApp, origin: &str, method: &str) -> Answer {
    let request = app.request(Method::OPTIONS, LOGIN).header("origin", origin);
    let request = request.header("access-control-request-method", method);
    app.send(request.header("access-control-request-headers", "content-type,authorization")).await
}

#[tokio::test]
async fn a_listed_origin_reads_answers_and_sends_credentials() {
    let app = app().await;
    for origin in LISTED {
        for path in ["/api/v1/auth/session", "/health", "/nothing"] {
            let answer = app.with_header("origin", origin).get(path).await;
            assert_eq!(answer.header("access-control-allow-origin"), origin);
            assert_eq!(answer.header("access-control-allow-credentials"), "true");
            assert!(answer.header("vary").contains("origin"), "{answer:?}");
            let exposed = answer.header("access-control-expose-headers");
            assert!(exposed.contains("retry-after") && exposed.contains("x-request-id"));
        }
    }
}

#[tokio::test]
async fn a_foreign_origin_reads_nothing() {
    let app = app().await;
    for origin in FOREIGN {
        let answer = app.with_header("origin", origin).get("/health").await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        let answer = preflight(&app, origin, "POST").await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
}

#[tokio::test]
async fn nobody_is_let_in_where_no_origin_is_listed() {
    let app = TestApp::new().await;
    let answer = app.with_header("origin", "https://app.example.com").get("/health").await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_preflight_says_what_a_page_may_send() {
    let app = app().await;
    let answer = preflight(&app, "https://app.example.com", "POST").await.is(200);
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example.com");
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    let methods = answer.header("access-control-allow-methods");
    for method in ["GET", "POST", "PATCH", "DELETE"] {
        assert!(methods.contains(method), "{methods}");
    }
    let headers = answer.header("access-control-allow-headers");
    for header in
        ["authorization", "content-type", "accept-language", "x-request-id", "challenge-response"]
    {
        assert!(headers.contains(header), "{headers}");
    }
    assert!(!methods.contains('*') && !headers.contains('*'));
}

#[tokio::test]
async fn a_page_can_read_that_it_came_too_often() {
    let settings =
        [("FRONTEND_URL", "https://app.example.com"), ("RATE_LIMIT_AUTH_MAX_REQUESTS", "1")];
    let app = TestApp::with(&settings).await;
    let page = app.with_header("origin", "https://app.example.com");
    page.post(LOGIN, &serde_json::json!({})).await.is(400);
    let answer = page.post(LOGIN, &serde_json::json!({})).await.refused(429, "rate_limited");
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example.com");
}
