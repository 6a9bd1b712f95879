//! Budgets: no message beyond them, whatever races, and nothing else that stops with them.

mod budgets;
mod races;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use sqlx::types::Json;

use crate::support::{Answer, Person, TestApp};

/// A price table that nobody's prices change: 0.10 to the United States, 0.20 to Sweden.
pub(crate) struct Table(PathBuf);

static TABLES: AtomicU32 = AtomicU32::new(0);

impl Table {
    pub(crate) fn new() -> Self {
        let number = TABLES.fetch_add(1, Ordering::Relaxed);
        let name = format!("ringfence-prices-{}-{number}.json", std::process::id());
        let path = std::env::temp_dir().join(name);
        let sms = json!({ "default": "0.50", "US": "0.10", "SE": "0.20" });
        let providers = json!({ "sinch": { "sms": sms } });
        let table = json!({ "date": "2026-03-01", "currency": "USD", "providers": providers });
        std::fs::write(&path, table.to_string()).unwrap();
        Self(path)
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// With Sinch, those prices, and these settings.
pub(crate) async fn app(table: &Table, settings: &[(&str, &str)]) -> TestApp {
    let usual =
        [("SMS_PRICES_FILE", table.0.to_str().unwrap()), ("OTP_MAX_PER_ADDRESS_HOURLY", "1000")];
    TestApp::sinch(&[usual.as_slice(), settings].concat()).await
}

/// What is spent, as `scope period micros`.
async fn spent(app: &TestApp) -> Vec<String> {
    let query = "SELECT scope || ' ' || period || ' ' || spent_micros FROM message_budgets
        WHERE currency = 'USD' ORDER BY scope, period";
    sqlx::query_scalar(query).fetch_all(app.database()).await.unwrap()
}

/// The prices in the ledger, oldest first.
async fn prices(app: &TestApp) -> Vec<Value> {
    let query = "SELECT jsonb_build_array(price_micros, price_currency, price_is_told)
        FROM messages ORDER BY created_at, id";
    let rows: Vec<Json<Value>> = sqlx::query_scalar(query).fetch_all(app.database()).await.unwrap();
    rows.into_iter().map(|Json(row)| row).collect()
}

fn was_sent(answer: &Answer) -> bool {
    answer.json()["requiresOtp"] == true && answer.json()["otpError"].is_null()
}

/// Registers people and has each log in once: how many got a code.
async fn log_in_all(app: &TestApp, people: std::ops::Range<usize>) -> usize {
    let mut sent = 0;
    for number in people {
        app.register(&Person::numbered(number)).await.is(201);
        let login = app.login(&Person::numbered(number)).await.is(200);
        sent += usize::from(was_sent(&login));
    }
    sent
}
