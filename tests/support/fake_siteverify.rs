//! A stand-in for those who judge captchas, Cloudflare Turnstile and hCaptcha, over real HTTP and at least as
//! strict as the originals.
//!
//! Bodies are those of
//! <https://developers.cloudflare.com/turnstile/get-started/server-side-validation/> and
//! <https://docs.hcaptcha.com/#verify-the-user-response-server-side>. Each token is good once.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const SITE_KEY: &str = "0x4AAAAAAAGMp8o5xM3R1vXq";
pub(crate) const SECRET_KEY: &str = "0x4AAAAAAAGMp9fYl0Jp7Zq1o6uTzqzKx0Q";

/// Where a widget was shown and what it was told.
#[derive(Clone, Debug)]
struct Token {
    hostname: String,
    action: String,
    is_used: bool,
}

#[derive(Default)]
struct State {
    tokens: BTreeMap<String, Token>,
    /// The forms that came in.
    asked: Vec<BTreeMap<String, String>>,
    /// What is answered instead of a judgement.
    instead: Option<(u16, String)>,
}

/// A running fake. Dropping it closes the port.
pub(crate) struct FakeSiteverify {
    url: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl FakeSiteverify {
    pub(crate) async fn start() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let (turnstile, hcaptcha) = (Arc::clone(&state), Arc::clone(&state));
        let router = Router::new()
            .route(
                "/turnstile/v0/siteverify",
                post(async move |headers, body: String| {
                    answer(&turnstile, &headers, &body, judge_as_turnstile)
                }),
            )
            .route(
                "/siteverify",
                post(async move |headers, body: String| {
                    answer(&hcaptcha, &headers, &body, judge_as_hcaptcha)
                }),
            );
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, state, server }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A token, as the widget on `hostname` gives it.
    pub(crate) fn issue(&self, hostname: &str, action: &str) -> String {
        let tokens = &mut self.state.lock().unwrap().tokens;
        let token = format!("0.token-{}.of/the+widget==", tokens.len());
        let (hostname, action) = (hostname.to_owned(), action.to_owned());
        tokens.insert(token.clone(), Token { hostname, action, is_used: false });
        token
    }

    /// Answers with this status and body from now on.
    pub(crate) fn answer_instead(&self, status: u16, body: &str) {
        self.state.lock().unwrap().instead = Some((status, body.to_owned()));
    }

    /// The forms that came in.
    pub(crate) fn asked(&self) -> Vec<BTreeMap<String, String>> {
        self.state.lock().unwrap().asked.clone()
    }
}

impl Drop for FakeSiteverify {
    fn drop(&mut self) {
        self.server.abort();
    }
}

type Judge = fn(&BTreeMap<String, String>, &mut BTreeMap<String, Token>) -> Value;

fn answer(state: &Mutex<State>, headers: &HeaderMap, body: &str, judge: Judge) -> Response {
    let url = Url::parse(&format!("http://form/?{body}")).unwrap();
    let form: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    let is_form =
        headers.get("content-type").is_some_and(|it| it == "application/x-www-form-urlencoded");
    let mut state = state.lock().unwrap();
    state.asked.push(form.clone());
    if let Some((status, body)) = state.instead.clone() {
        return (StatusCode::from_u16(status).unwrap(), body).into_response();
    }
    if !is_form || url.query_pairs().count() != form.len() {
        let refusal = json!({"success": false, "error-codes": ["bad-request"]});
        return (StatusCode::BAD_REQUEST, Json(refusal)).into_response();
    }
    Json(judge(&form, &mut state.tokens)).into_response()
}

fn judge_as_turnstile(
    form: &BTreeMap<String, String>,
    tokens: &mut BTreeMap<String, Token>,
) -> Value {
    let refusal = |code: &str| json!({"success": false, "error-codes": [code], "messages": []});
    match take(form, tokens, &["secret", "response", "remoteip"]) {
        Err("already-seen-response") => refusal("timeout-or-duplicate"),
        Err(code) => refusal(code),
        Ok(token) => json!({"success": true, "challenge_ts": "2022-02-28T15:14:30.096Z",
            "hostname": token.hostname, "error-codes": [], "action": token.action,
            "cdata": "sessionid-123456789"}),
    }
}

fn judge_as_hcaptcha(
    form: &BTreeMap<String, String>,
    tokens: &mut BTreeMap<String, Token>,
) -> Value {
    if form.get("sitekey").is_none_or(|key| key != SITE_KEY) {
        return json!({"success": false, "error-codes": ["sitekey-secret-mismatch"]});
    }
    match take(form, tokens, &["secret", "response", "remoteip", "sitekey"]) {
        Err(code) => json!({"success": false, "error-codes": [code]}),
        Ok(token) => json!({"success": true, "challenge_ts": "2022-02-28T15:14:30.096Z",
            "hostname": token.hostname, "credit": true}),
    }
}

/// The token of the form, which is used up.
fn take(
    form: &BTreeMap<String, String>,
    tokens: &mut BTreeMap<String, Token>,
    fields: &[&str],
) -> Result<Token, &'static str> {
    if form.keys().any(|name| !fields.contains(&name.as_str())) {
        return Err("bad-request");
    }
    if form.get("remoteip").is_none_or(|address| address.parse::<std::net::IpAddr>().is_err()) {
        return Err("invalid-remoteip");
    }
    match form.get("secret") {
        None => return Err("missing-input-secret"),
        Some(secret) if secret != SECRET_KEY => return Err("invalid-input-secret"),
        Some(_) => {}
    }
    let token = form.get("response").ok_or("missing-input-response")?;
    let token = tokens.get_mut(token).ok_or("invalid-input-response")?;
    if token.is_used {
        return Err("already-seen-response");
    }
    token.is_used = true;
    Ok(token.clone())
}
