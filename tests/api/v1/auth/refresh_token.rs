//! The refresh token in a cookie, for browsers.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp, Visitor};

const REFRESH: &str = "/api/v1/auth/refresh";
const NAME: &str = "__Host-ringfence-refresh";
const FRONTEND: &str = "https://app.example.com";

async fn app() -> TestApp {
    TestApp::with(&[("FRONTEND_URL", FRONTEND)]).await
}

/// The cookie that the answer sets: its value, and the rest.
#[track_caller]
fn cookie(answer: &Answer) -> (String, String) {
    let header = answer.header("set-cookie");
    let (pair, attributes) = header.split_once("; ").unwrap();
    let value = pair.strip_prefix(NAME).unwrap().strip_prefix('=').unwrap();
    (value.to_owned(), attributes.to_owned())
}

/// As a browser shows up from a page of `origin`.
fn page(app: &Visitor, origin: &str) -> Visitor {
    app.with_header("origin", origin)
}

async fn refresh(visitor: &Visitor, value: &str) -> Answer {
    let cookies = format!("theme=dark; {NAME}={value}");
    visitor.send(visitor.request(Method::POST, REFRESH).header("cookie", cookies)).await
}

async fn sign_in(app: &TestApp) -> Answer {
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let body = json!({ "loginTicket": ticket, "otpCode": app.code_for(&ada),
        "refreshTokenIn": "cookie" });
    page(app, FRONTEND).verify_with(&body).await.is(200)
}

#[tokio::test]
async fn a_browser_keeps_the_token_where_no_script_reads_it() {
    let app = app().await;
    let answer = sign_in(&app).await;
    assert_eq!(answer.json()["refreshToken"], Value::Null);
    assert_eq!(answer.json()["refreshExpiresIn"], 14 * 24 * 3600);
    let (value, attributes) = cookie(&answer);
    assert_eq!(value.len(), 112);
    assert_eq!(attributes, "Max-Age=1209600; Path=/; Secure; HttpOnly; SameSite=Strict");

    let next = refresh(&page(&app, FRONTEND), &value).await.is(200);
    assert_eq!(next.json()["refreshToken"], Value::Null);
    let (next_value, _) = cookie(&next);
    assert_ne!(next_value, value);
    app.session(&next.text("token")).await.is(200);
    let again = refresh(&page(&app, FRONTEND), &value).await.is(200);
    assert_eq!(cookie(&again).0, next_value, "a lost answer is given again");
}

#[tokio::test]
async fn the_cookie_is_asked_for_at_a_login_without_a_code_too() {
    let app = app().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let body = json!({ "email": ada.email, "password": ada.password, "refreshTokenIn": "cookie" });
    let path = "/api/v1/auth/login";
    let (value, _) = cookie(&page(&app, FRONTEND).post(path, &body).await.is(200));
    let own = page(&app, &app.issuer);
    refresh(&own, &value).await.is(200);
    app.post(path, &body).await.refused(403, "origin_not_allowed");
    let wrong = json!({ "email": ada.email, "password": ada.password, "refreshTokenIn": "both" });
    let faults = [("refreshTokenIn", "refresh_token_in_invalid")];
    app.post(path, &wrong).await.finds_fault_with(&faults);
}

#[tokio::test]
async fn a_page_of_somebody_else_cannot_use_the_cookie() {
    let app = app().await;
    let (value, _) = cookie(&sign_in(&app).await);
    for origin in ["https://evil.test", "null", "https://app.example.com:8443"] {
        refresh(&page(&app, origin), &value).await.refused(403, "origin_not_allowed");
    }
    refresh(&app, &value).await.refused(403, "origin_not_allowed");
    for site in ["cross-site", "same-site", "none"] {
        let visitor = app.with_header("sec-fetch-site", site);
        refresh(&visitor, &value).await.refused(403, "origin_not_allowed");
    }
    assert_eq!(app.session_row().await["refresh_generation"], 0);
    refresh(&app.with_header("sec-fetch-site", "same-origin"), &value).await.is(200);
}

#[tokio::test]
async fn a_token_in_the_body_needs_no_page_and_sets_no_cookie() {
    let app = app().await;
    let answer = app.signed_in(&Person::ada()).await;
    assert_eq!(answer.header("set-cookie"), "");
    let next = page(&app, "https://evil.test").refresh(&answer.text("refreshToken")).await.is(200);
    assert_eq!(next.header("set-cookie"), "");
}

#[tokio::test]
async fn logging_out_clears_the_cookie() {
    let app = app().await;
    let answer = sign_in(&app).await;
    let (value, _) = cookie(&answer);
    let browser = page(&app, FRONTEND).with_header("cookie", &format!("{NAME}={value}"));
    let others = browser.logout(&answer.text("token"), "others").await.is(204);
    assert_eq!(others.header("set-cookie"), "");
    let out = browser.logout(&answer.text("token"), "current").await.is(204);
    let cleared =
        (String::new(), "Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict".to_owned());
    assert_eq!(cookie(&out), cleared);
    refresh(&page(&app, FRONTEND), &value).await.refused(401, "refresh_invalid");
}
