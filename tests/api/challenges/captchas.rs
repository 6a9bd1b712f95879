//! Turnstile and hCaptcha, against stand-ins.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::net::TcpListener;

use super::{FORGOT, bring, challenge, forgotten};
use crate::fake_siteverify::{FakeSiteverify, SECRET_KEY, SITE_KEY};
use crate::support::TestApp;

const PAGE: &str = "app.example.com";
const ACTION: &str = "password-forgot";

/// Asks everybody to pass a captcha that `fake` judges.
async fn app(scheme: &str, fake: &FakeSiteverify) -> TestApp {
    app_with(scheme, fake.url(), SECRET_KEY).await
}

async fn app_with(scheme: &str, url: &str, secret_key: &str) -> TestApp {
    let prefix = scheme.to_uppercase();
    let names = ["BASE_URL", "SITE_KEY", "SECRET_KEY"].map(|name| format!("{prefix}_{name}"));
    let settings = [
        ("CHALLENGE", scheme),
        ("CHALLENGE_WHEN", "always"),
        ("FRONTEND_URL", "https://app.example.com"),
        ("TRUSTED_PROXIES", "127.0.0.1"),
        (&names[0], url),
        (&names[1], SITE_KEY),
        (&names[2], secret_key),
    ];
    TestApp::with(&settings).await
}

#[tokio::test]
async fn the_refusal_says_what_the_widget_must_be_told() {
    let fake = FakeSiteverify::start().await;
    let turnstile = app("turnstile", &fake).await;
    let wanted = serde_json::json!({"scheme": "turnstile", "siteKey": SITE_KEY, "action": ACTION});
    assert_eq!(challenge(&turnstile, FORGOT, &forgotten()).await, wanted);
    let hcaptcha = app("hcaptcha", &fake).await;
    let wanted = serde_json::json!({"scheme": "hcaptcha", "siteKey": SITE_KEY});
    assert_eq!(challenge(&hcaptcha, FORGOT, &forgotten()).await, wanted);
    assert!(fake.asked().is_empty(), "who brings no token costs the judge nothing");
}

#[tokio::test]
async fn a_token_that_the_judge_takes_is_good_once() {
    for scheme in ["turnstile", "hcaptcha"] {
        let fake = FakeSiteverify::start().await;
        let app = app(scheme, &fake).await;
        let here = app.at("203.0.113.7");
        let token = fake.issue(PAGE, ACTION);
        bring(&here, FORGOT, &forgotten(), &token).await.is(202);
        bring(&here, FORGOT, &forgotten(), &token).await.refused(428, "challenge_required");
        let asked = fake.asked();
        assert_eq!(asked.len(), 2, "{scheme}");
        assert_eq!(asked[0]["response"], token);
        assert_eq!(asked[0]["remoteip"], "203.0.113.7");
    }
}

/// The judge's word is not taken twice for one token, should it give it twice.
#[tokio::test]
async fn a_token_that_was_spent_here_is_good_nowhere() {
    let fake = FakeSiteverify::start().await;
    let app = app("hcaptcha", &fake).await;
    let other = app.replica(&[]).await;
    fake.answer_instead(200, r#"{"success": true, "hostname": "app.example.com", "credit": true}"#);
    bring(&app, FORGOT, &forgotten(), "token").await.is(202);
    bring(&other, FORGOT, &forgotten(), "token").await.refused(428, "challenge_required");
}

#[tokio::test]
async fn a_token_that_the_judge_does_not_know_is_no_proof() {
    for scheme in ["turnstile", "hcaptcha"] {
        let fake = FakeSiteverify::start().await;
        let app = app(scheme, &fake).await;
        let answer = bring(&app, FORGOT, &forgotten(), "XXXX.DUMMY.TOKEN.XXXX").await;
        let answer = answer.refused(428, "challenge_required");
        assert_eq!(answer.json()["challenge"]["scheme"], scheme);
    }
}

#[tokio::test]
async fn a_turnstile_token_of_another_page_or_operation_is_no_proof() {
    let fake = FakeSiteverify::start().await;
    let app = app("turnstile", &fake).await;
    for (page, action) in [
        ("evil.example", ACTION),
        ("example.com", ACTION),
        (PAGE, "login"),
        (PAGE, ""),
        ("", ACTION),
    ] {
        let token = fake.issue(page, action);
        bring(&app, FORGOT, &forgotten(), &token).await.refused(428, "challenge_required");
    }
    bring(&app, FORGOT, &forgotten(), &fake.issue(PAGE, ACTION)).await.is(202);
}

/// hCaptcha leaves the host out where traffic is high, and asks not to rely on it.
#[tokio::test]
async fn an_hcaptcha_token_counts_by_its_site_key() {
    let fake = FakeSiteverify::start().await;
    let app = app("hcaptcha", &fake).await;
    let token = fake.issue("not-provided", "");
    bring(&app, FORGOT, &forgotten(), &token).await.is(202);
    assert_eq!(fake.asked()[0]["sitekey"], SITE_KEY);
}

#[tokio::test]
async fn nobody_is_let_through_where_there_is_no_judgement() {
    for scheme in ["turnstile", "hcaptcha"] {
        let fake = FakeSiteverify::start().await;
        let app = app(scheme, &fake).await;
        for (status, body) in [
            (500, "<html>"),
            (200, "{}"),
            (200, r#"{"success": "true"}"#),
            (200, r#"{"success": false, "error-codes": ["internal-error"]}"#),
            (400, r#"{"success": false, "error-codes": ["bad-request"]}"#),
            (302, ""),
        ] {
            fake.answer_instead(status, body);
            let answer = bring(&app, FORGOT, &forgotten(), "token").await;
            let answer = answer.refused(503, "challenge_unavailable");
            assert_eq!(answer.seconds_to_wait(), 10);
            assert!(!answer.text("detail").contains("internal-error"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn nobody_is_let_through_where_the_judge_is_away_or_our_key_is_wrong() {
    let fake = FakeSiteverify::start().await;
    let wrong = app_with("turnstile", fake.url(), "0xwrong").await;
    let token = fake.issue(PAGE, ACTION);
    bring(&wrong, FORGOT, &forgotten(), &token).await.refused(503, "challenge_unavailable");
    let away = app_with("hcaptcha", "http://127.0.0.1:1", SECRET_KEY).await;
    bring(&away, FORGOT, &forgotten(), &token).await.refused(503, "challenge_unavailable");
    // Who has no token yet is told what to do.
    away.post(FORGOT, &forgotten()).await.refused(428, "challenge_required");
}

#[tokio::test]
async fn nobody_is_let_through_where_the_judge_never_answers() {
    // It takes connections, and nobody reads from them.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let app = app_with("turnstile", &url, SECRET_KEY).await;
    let body = forgotten();
    let answer = bring(&app, FORGOT, &body, "token");
    let answer = tokio::time::timeout(Duration::from_secs(20), answer).await.unwrap();
    answer.refused(503, "challenge_unavailable");
}
