//! The coarse limits: requests per client address, counted by the process. A window of a day, so
//! that no room comes back within a test.

use serde_json::json;

use crate::support::{Answer, TestApp, Visitor};

const DAY_MS: &str = "86400000";

/// `api` requests in a day, of which `auth` to the guarded routes.
async fn app(api: &str, auth: &str, others: &[(&str, &str)]) -> TestApp {
    let limits = [
        ("RATE_LIMIT_WINDOW_MS", DAY_MS),
        ("RATE_LIMIT_MAX_REQUESTS", api),
        ("RATE_LIMIT_AUTH_MAX_REQUESTS", auth),
    ];
    TestApp::with(&[limits.as_slice(), others].concat()).await
}

/// A request to a guarded route that does no work.
async fn ask(visitor: &Visitor) -> Answer {
    visitor.post("/api/v1/auth/login", &json!({})).await
}

#[tokio::test]
async fn who_comes_too_often_is_told_when_to_come_back() {
    let app = app("100", "2", &[]).await;
    for left in ["1", "0"] {
        let answer = ask(&app).await.is(400);
        assert_eq!(answer.header("ratelimit-limit"), "2");
        assert_eq!(answer.header("ratelimit-remaining"), left);
    }
    let answer = ask(&app).await.refused(429, "rate_limited");
    // Room for one comes back every twelve hours.
    assert!((43_100..=43_201).contains(&answer.seconds_to_wait()), "{answer:?}");
    assert_eq!(answer.json()["limit"], "auth_requests");
    assert_eq!(answer.json()["scope"], "address");
    assert_eq!(answer.header("ratelimit-remaining"), "0");
    let reset: u64 = answer.header("ratelimit-reset").parse().unwrap();
    assert!((86_300..=86_400).contains(&reset), "{answer:?}");
    for leaked in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-after"] {
        assert_eq!(answer.header(leaked), "", "{answer:?}");
    }
}

#[tokio::test]
async fn the_guarded_routes_have_the_stricter_limit_and_share_it() {
    let app = app("9", "4", &[]).await;
    for path in ["register", "login", "request-otp", "verify-otp"] {
        app.post(&format!("/api/v1/auth/{path}"), &json!({})).await.is(400);
    }
    for path in ["register", "login", "request-otp", "verify-otp"] {
        let answer = app.post(&format!("/api/v1/auth/{path}"), &json!({})).await;
        answer.refused(429, "rate_limited");
    }
    // Eight of nine are gone, refused ones included.
    app.get("/api/v1/profile").await.refused(401, "token_missing");
    let answer = app.get("/api/v1/auth/session").await.refused(429, "rate_limited");
    assert_eq!(answer.json()["limit"], "requests");
}

#[tokio::test]
async fn the_stricter_limit_is_a_fifth_where_it_is_not_set() {
    let app = app("10", "", &[]).await;
    assert_eq!(ask(&app).await.is(400).header("ratelimit-limit"), "2");
    ask(&app).await.is(400);
    ask(&app).await.refused(429, "rate_limited");
}

#[tokio::test]
async fn what_machines_poll_is_not_limited() {
    let app = app("1", "1", &[]).await;
    for _ in 0..5 {
        for path in ["/health", "/livez", "/readyz", "/.well-known/jwks.json"] {
            app.get(path).await.is(200);
        }
    }
}

#[tokio::test]
async fn a_forged_forwarded_header_buys_nothing() {
    let app = app("100", "2", &[]).await;
    ask(&app.at("203.0.113.1")).await.is(400);
    ask(&app.at("203.0.113.2")).await.is(400);
    ask(&app.at("203.0.113.3")).await.refused(429, "rate_limited");
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_header_is_read_from_the_right() {
    let app = app("100", "1", &[("TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8")]).await;
    ask(&app.at("203.0.113.1")).await.is(400);
    for forged in ["1.1.1.1, 203.0.113.1", "203.0.113.1, 10.1.2.3", "x, 203.0.113.1:4711"] {
        ask(&app.at(forged)).await.refused(429, "rate_limited");
    }
    ask(&app.at("203.0.113.1, 203.0.113.2")).await.is(400);
    // Each proxy may add a header of its own.
    let twice = app.at("203.0.113.9").at("203.0.113.2");
    ask(&twice).await.refused(429, "rate_limited");
}

#[tokio::test]
async fn ipv6_is_counted_by_64() {
    let app = app("100", "1", &[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    ask(&app.at("2001:db8:1:2::1")).await.is(400);
    ask(&app.at("2001:db8:1:2:ffff:ffff:ffff:ffff")).await.refused(429, "rate_limited");
    ask(&app.at("[2001:db8:1:2::3]:4711")).await.refused(429, "rate_limited");
    ask(&app.at("2001:db8:1:3::1")).await.is(400);
    ask(&app.at("::ffff:192.0.2.1")).await.is(400);
    ask(&app.at("192.0.2.1")).await.refused(429, "rate_limited");
}
