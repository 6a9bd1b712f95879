//! `METRICS_ADDR`: what Prometheus reads of a server at work.

use std::collections::{BTreeMap, BTreeSet};

use ringfence::foundation::{Metric, MetricType};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _};

use super::account;
use super::answers::{Answer, EMAIL, PHONE};
use super::fake_sinch::{Mode, Operation};
use super::fake_smtp::FakeSmtp;
use super::installation::{Installation, Serving};
use super::scene::until;
use super::traces::FakeCollector;

/// One value of a metric: its name and labels as they stand, and the value.
type Samples = BTreeMap<String, f64>;

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_emits_every_metric_of_the_table_and_no_other() {
    let (smtp, collector) = (FakeSmtp::start().await, FakeCollector::start(200).await);
    let mut installation = Installation::new().await;
    installation.set("METRICS_ADDR", "127.0.0.1:0");
    installation.set("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
    installation.set("SMTP_URL", smtp.url());
    installation.set("EMAIL_FROM", "no-reply@example.com");
    installation.set("OTP_RESEND_SECONDS", "0");
    for budget in ["SMS_BUDGET_DAILY", "SMS_BUDGET_MONTHLY", "SMS_BUDGET_PER_COUNTRY_DAILY"] {
        installation.set(budget, "50");
    }
    let mut serving = installation.serve().await;
    let address = metrics_address(&mut serving).await;
    walk(&installation, &serving).await;

    let mut text = String::new();
    let wanted: BTreeSet<_> = Metric::ALL.iter().map(|metric| metric.entry().name).collect();
    // Spans and e-mails go out by and by.
    until("every metric", async || {
        text = scrape(&address).await;
        let there = described(&text);
        assert!(there.is_subset(&wanted), "{:?}", there.difference(&wanted));
        there == wanted && text.contains(r#"ringfence_emails_total{outcome="sent"}"#)
    })
    .await;
    let samples = samples(&text);
    hold_to_the_table(&samples);
    hold_to_the_walk(&samples);
    for private in [EMAIL, "ada", "@", &PHONE[1..], &PHONE[1..8], "/nobody/knows/this"] {
        assert!(!text.contains(private), "{private}: {text}");
    }
    // Behind the proxy there is nothing to scrape.
    let public = serving.api.client.get(format!("{}/metrics", serving.api.base));
    Answer::of(public).await.expect(404);
}

/// Somebody signs up, stumbles and goes on.
async fn walk(installation: &Installation, serving: &Serving) {
    let api = &serving.api;
    api.register().await.expect(201);
    let wrong = json!({"email": EMAIL, "password": "eight loud herons at dawn"});
    api.post("login", wrong).await.expect(401);
    installation.sinch.once(Operation::Start, Mode::Error { http: 500, code: 50000 });
    api.login().await.expect(200);
    let ticket = api.login().await.expect(200).text("loginTicket");
    installation.sinch.burn_on_wrong_code(false);
    let code = installation.code();
    let wrong: String = code.chars().map(|at| if at == '9' { '0' } else { '9' }).collect();
    api.verify(&ticket, &wrong).await.expect(401);
    let answer = api.verify(&ticket, &code).await.expect(200);
    let refresh = answer.text("refreshToken");
    let refreshed = api.post("refresh", json!({"refreshToken": refresh})).await.expect(200);
    let child = refreshed.text("refreshToken");
    api.post("refresh", json!({"refreshToken": child})).await.expect(200);
    api.post("refresh", json!({"refreshToken": refresh})).await.expect(401);
    api.get("/nobody/knows/this", "").await.expect(404);
    let odd = reqwest::Method::from_bytes(b"BREW").unwrap();
    Answer::of(api.client.request(odd, format!("{}/health", api.base))).await.expect(405);
    account::walk(installation, api).await;
}

/// What the walk has certainly done, counted.
fn hold_to_the_walk(samples: &Samples) {
    for (sample, wanted) in [
        (r#"ringfence_logins_total{outcome="refused"}"#, 1.0),
        (r#"ringfence_logins_total{outcome="code_due"}"#, 2.0),
        (r#"ringfence_guesses_total{purpose="login",outcome="wrong"}"#, 1.0),
        (r#"ringfence_guesses_total{purpose="login",outcome="right"}"#, 1.0),
        (r#"ringfence_refreshes_total{outcome="exchanged"}"#, 2.0),
        (r#"ringfence_refreshes_total{outcome="reused"}"#, 1.0),
        (r#"ringfence_sessions_opened_total{methods="pwd+otp+sms"}"#, 1.0),
        (r#"ringfence_sessions_ended_total{reason="reuse"}"#, 1.0),
        (r#"ringfence_refusals_total{code="invalid_credentials",limit="",scope=""}"#, 1.0),
        (
            r#"ringfence_sends_total{provider="sinch",country="US",channel="sms",outcome="unavailable"}"#,
            1.0,
        ),
        // Login, the forgotten password, the other number.
        (
            r#"ringfence_sends_total{provider="sinch",country="US",channel="sms",outcome="accepted"}"#,
            3.0,
        ),
        (
            r#"ringfence_codes_verified_total{provider="sinch",country="US",channel="sms",purpose="login"}"#,
            1.0,
        ),
        (r#"ringfence_send_refusals_total{code="provider_failed",scope=""}"#, 1.0),
        (r#"ringfence_provider_breaker{provider="sinch",state="closed"}"#, 1.0),
        (r#"ringfence_sms_budget_limit{scope="month",currency="USD"}"#, 50.0),
        ("ringfence_database_up", 1.0),
        ("ringfence_database_connections_max", 10.0),
        ("ringfence_hash_refusals_total", 0.0),
        (
            r#"ringfence_http_request_duration_seconds_count{method="GET",route="-",status="404"}"#,
            1.0,
        ),
        (
            r#"ringfence_http_request_duration_seconds_count{method="other",route="/health",status="405"}"#,
            1.0,
        ),
    ] {
        assert_eq!(samples.get(sample), Some(&wanted), "{sample} in {samples:#?}");
    }
    let spent = samples[r#"ringfence_sms_budget_spent{scope="day",currency="USD"}"#];
    let in_country = samples[r#"ringfence_sms_budget_spent{scope="country",currency="USD"}"#];
    assert!(spent > 0.0 && spent < 1.0 && (spent - in_country).abs() < 1e-9, "{samples:#?}");
    let hashes = samples["ringfence_hash_duration_seconds_count"];
    assert!(hashes >= 7.0 && (hashes - samples["ringfence_hash_wait_seconds_count"]).abs() < 0.5);
}

/// Every sample has the labels of the table, in their order.
fn hold_to_the_table(samples: &Samples) {
    for sample in samples.keys() {
        let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
        let entry = Metric::ALL.iter().map(|metric| metric.entry()).find(|entry| {
            let suffix = name.strip_prefix(entry.name);
            suffix == Some("")
                || entry.metric_type == MetricType::Histogram
                    && suffix.is_some_and(|it| ["_bucket", "_sum", "_count"].contains(&it))
        });
        let entry = entry.unwrap_or_else(|| panic!("{sample}"));
        let names: Vec<_> =
            labels.split("\",").filter_map(|label| label.split_once('=')).map(|it| it.0).collect();
        let names: Vec<_> = names.into_iter().filter(|name| *name != "le").collect();
        assert_eq!(names, entry.labels, "{sample}");
    }
}

/// Where metrics are served, as the log tells.
pub(crate) async fn metrics_address(serving: &mut Serving) -> String {
    let told = |_: &str, err: &str| {
        let lines = err.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut told = lines.filter(|line| line["message"] == "metrics can be scraped");
        Some(told.next()?["address"].as_str()?.to_owned())
    };
    serving.program.until("where metrics are", told).await
}

async fn scrape(address: &str) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(format!("http://{address}/metrics")).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
    response.text().await.unwrap()
}

/// The metrics that have a type: those that have a value.
fn described(text: &str) -> BTreeSet<&str> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.map(|line| line.split(' ').next().unwrap()).collect()
}

fn samples(text: &str) -> Samples {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let samples = lines.map(|line| {
        let (sample, value) = line.rsplit_once(' ').unwrap();
        (sample.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
    });
    samples.collect()
}

#[tokio::test]
async fn without_the_setting_nothing_listens_and_a_wrong_or_taken_address_stops_the_start() {
    let mut installation = Installation::new().await;
    let serving = installation.serve().await;
    assert!(!serving.program.err().contains("can be scraped"));

    installation.set("METRICS_ADDR", "9464");
    let refused = installation.run(&["serve"]).await;
    assert!(refused.complaint().contains("METRICS_ADDR: \"9464\" is not right"), "{}", refused.err);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    installation.set("METRICS_ADDR", taken.local_addr().unwrap().to_string());
    let refused = installation.run(&["serve"]).await;
    assert!(refused.complaint().contains("(METRICS_ADDR)"), "{}", refused.err);
}

#[tokio::test]
async fn a_scrape_is_answered_while_the_database_is_away() {
    let mut installation = Installation::new().await;
    installation.set("METRICS_ADDR", "127.0.0.1:0");
    let mut serving = installation.serve().await;
    let address = metrics_address(&mut serving).await;
    assert!(samples(&scrape(&address).await)["ringfence_database_up"] > 0.5);
    let options = &installation.database.options;
    let name = options.get_database().unwrap();
    let mut admin = options.clone().database("postgres").connect().await.unwrap();
    let shut = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
    sqlx::query(AssertSqlSafe(shut)).execute(&mut admin).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    sqlx::query(end).bind(name).execute(&mut admin).await.unwrap();
    until("that it is away", async || {
        samples(&scrape(&address).await)["ringfence_database_up"] < 0.5
    })
    .await;
}
