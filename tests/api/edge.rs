//! What holds for every request, whatever it asks for: paths, methods, bodies, ids, headers.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use http_body_util::BodyExt as _;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use ringfence::foundation::{Clock, Entropy};
use ringfence::http::{Edge, TrustedProxies, with_layers};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::TestApp;

const LOGIN: &str = "/api/v1/auth/login";
const JSON: &str = "application/json";

#[tokio::test]
async fn a_path_that_nobody_serves_is_not_found() {
    let app = TestApp::new().await;
    for path in ["/nothing", "/api/v1/nothing", "/api/v1/auth/login/", "/api/v2/auth/login", "//"] {
        app.get(path).await.refused(404, "not_found");
        app.post(path, &json!({})).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = TestApp::new().await;
    for (method, path, allowed) in [
        (Method::GET, "/api/v1/auth/register", "POST"),
        (Method::GET, LOGIN, "POST"),
        (Method::DELETE, "/api/v1/auth/request-otp", "POST"),
        (Method::PUT, "/api/v1/auth/verify-otp", "POST"),
        (Method::POST, "/api/v1/auth/session", "GET,HEAD"),
        (Method::POST, "/api/v1/profile", "DELETE,GET,HEAD,PATCH"),
        (Method::POST, "/health", "GET,HEAD"),
        (Method::PATCH, "/.well-known/jwks.json", "GET,HEAD"),
    ] {
        let answer = app.send(app.request(method, path)).await;
        let answer = answer.refused(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
}

#[tokio::test]
async fn a_body_has_at_most_16_kib() {
    let app = TestApp::new().await;
    let padded = |bytes: usize| format!("{{}}{}", " ".repeat(bytes - 2));
    let send = async |bytes| {
        let request = app.request(Method::POST, LOGIN).header(CONTENT_TYPE, JSON);
        app.send(request.body(padded(bytes))).await
    };
    send(16 * 1024).await.refused(400, "validation_failed");
    send(16 * 1024 + 1).await.refused(413, "body_too_large");
    send(1024 * 1024).await.refused(413, "body_too_large");
}

#[tokio::test]
async fn a_body_is_json_by_its_content_type() {
    let app = TestApp::new().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""]
    {
        let request = app.request(Method::POST, LOGIN).header(CONTENT_TYPE, content_type);
        let answer = app.send(request.body("{}")).await;
        answer.refused(415, "content_type_not_supported");
    }
    let answer = app.send(app.request(Method::POST, LOGIN).body("{}")).await;
    answer.refused(415, "content_type_not_supported");
    for content_type in [JSON, "application/json; charset=utf-8", "Application/JSON ;x=y"] {
        let request = app.request(Method::POST, LOGIN).header(CONTENT_TYPE, content_type);
        app.send(request.body("{}")).await.refused(400, "validation_failed");
    }
}

#[tokio::test]
async fn what_is_no_json_object_is_refused_and_never_quoted() {
    let app = TestApp::new().await;
    let deep = "[".repeat(8000);
    for body in [
        &b""[..],
        b"{",
        b"[]",
        b"null",
        b"\"secret-word\"",
        b"{\"password\": secret-word}",
        b"{\"email\": \"\xff\xfe\"}",
        b"{} {}",
        deep.as_bytes(),
    ] {
        let request = app.request(Method::POST, LOGIN).header(CONTENT_TYPE, JSON);
        let answer = app.send(request.body(body.to_vec())).await.refused(400, "json_invalid");
        assert!(!answer.json().to_string().contains("secret-word"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_sane_request_id_is_taken_and_any_other_replaced() {
    let app = TestApp::new().await;
    let longest = "a".repeat(128);
    for sane in ["1", "019a-b_c.d:e", "01J0000000000000000000000", &longest] {
        let answer = app.with_header("x-request-id", sane).get("/nothing").await;
        assert_eq!(answer.header("x-request-id"), sane);
        assert_eq!(answer.text("requestId"), sane);
    }
    let too_long = "a".repeat(129);
    for other in ["", "a b", "<script>", "a;b", "\"", &too_long] {
        let answer = app.with_header("x-request-id", other).get("/nothing").await;
        assert_ne!(answer.header("x-request-id"), other);
        assert_eq!(answer.header("x-request-id").len(), 36, "a UUID");
    }
    let ids = (app.get("/health").await, app.get("/health").await);
    assert_ne!(ids.0.header("x-request-id"), ids.1.header("x-request-id"));
}

#[tokio::test]
async fn browsers_are_held_to_https_only_where_we_have_it() {
    let app = TestApp::new().await;
    assert_eq!(app.get("/health").await.header("strict-transport-security"), "");
    let app = TestApp::with(&[("BASE_URL", "https://auth.example.com/")]).await;
    let answer = app.get("/health").await;
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
    let answer = app.get("/nothing").await;
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
}

#[tokio::test]
async fn nothing_of_the_api_may_be_rendered_or_framed() {
    let app = TestApp::new().await;
    let answer = app.get("/api/v1/auth/session").await;
    let policy = "default-src 'none'; frame-ancestors 'none'";
    assert_eq!(answer.header("content-security-policy"), policy);
}

#[tokio::test]
async fn a_panic_is_a_problem_like_any_other_and_tells_nothing() {
    let edge = Edge {
        proxies: TrustedProxies::default(),
        origins: Vec::new(),
        is_https: false,
        clock: Clock::default(),
        entropy: Entropy::default(),
    };
    let router = Router::new().route("/panic", get(async || -> &str { panic!("a secret reason") }));
    let request = Request::get("/panic").body(Body::empty()).unwrap();
    let answer = with_layers(router, &edge).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["code"], &body["requestId"]), (&json!("internal_error"), &json!(id)));
    assert!(!body.to_string().contains("secret"), "{body}");
}

#[tokio::test]
async fn a_lost_database_is_told_as_such_and_no_more() {
    let app = TestApp::new().await;
    app.application.state.database.close().await;
    let answer = app.login(&crate::support::Person::ada()).await;
    let answer = answer.refused(503, "database_unavailable");
    assert_eq!(answer.seconds_to_wait(), 5);
    assert_eq!(answer.text("detail"), "The service is not available now.");
}
