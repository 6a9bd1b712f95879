//! Over from one carrier to another: what the first one's message was to cost goes with it, or
//! stays where it may have been sent.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::fake_plivo::{self, FakePlivo};
use crate::fake_sinch::{self, FakeSinch, Operation};
use crate::served::Served;

/// 0.20 by Sinch, 0.07 by Plivo.
struct Table(PathBuf);

impl Table {
    fn new(name: &str) -> Self {
        let name = format!("ringfence-carriers-{}-{name}.json", std::process::id());
        let path = std::env::temp_dir().join(name);
        let of = |price: &str| json!({ "sms": { "default": price } });
        let providers = json!({ "sinch": of("0.20"), "plivo": of("0.07") });
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

struct World {
    sinch: FakeSinch,
    plivo: FakePlivo,
    served: Served,
    _table: Table,
}

impl World {
    async fn new(name: &str, order: &str, daily: &str) -> Self {
        let sinch = FakeSinch::start(fake_sinch::FakeConfig::default()).await.unwrap();
        let plivo = FakePlivo::start(fake_plivo::FakeConfig::default()).await.unwrap();
        let (of_sinch, of_plivo) =
            (fake_sinch::FakeConfig::default(), fake_plivo::FakeConfig::default());
        let number = format!("+{}", of_plivo.phone_number);
        let table = Table::new(name);
        let served = Served::with(&[
            ("VERIFICATION_PROVIDER", order),
            ("SINCH_BASE_URL", sinch.base_url()),
            ("SINCH_APP_KEY", &of_sinch.app_key),
            ("SINCH_APP_SECRET", &of_sinch.app_secret),
            ("PLIVO_BASE_URL", plivo.base_url()),
            ("PLIVO_AUTH_ID", &of_plivo.auth_id),
            ("PLIVO_AUTH_TOKEN", &of_plivo.auth_token),
            ("PLIVO_PHONE_NUMBER", &number),
            ("SMS_PRICES_FILE", table.0.to_str().unwrap()),
            ("SMS_BUDGET_DAILY", daily),
            ("SMS_BUDGET_MONTHLY", "25"),
            ("SMS_BUDGET_PER_COUNTRY_DAILY", "5"),
        ])
        .await;
        Self { sinch, plivo, served, _table: table }
    }

    /// What is spent of the day, the month and the country, in millionths.
    async fn spent(&self) -> Vec<i64> {
        let query = "SELECT spent_micros FROM message_budgets ORDER BY scope";
        sqlx::query_scalar(query).fetch_all(&self.served.database).await.unwrap()
    }

    /// Provider, state and price, oldest first.
    async fn ledger(&self) -> Vec<String> {
        let query = "SELECT provider || ' ' || state || ' ' || price_micros
            FROM messages ORDER BY created_at, id";
        sqlx::query_scalar(query).fetch_all(&self.served.database).await.unwrap()
    }
}

#[tokio::test]
async fn the_price_moves_to_the_carrier_that_takes_the_message() {
    let world = World::new("moves", "sinch,plivo", "0.20").await;
    world.sinch.set_mode(Operation::Start, "error:401:40102".parse().unwrap());
    assert_eq!(world.served.log_in().await["otpError"], Value::Null);
    assert_eq!(world.ledger().await, ["sinch failed 0", "plivo sent 70000"]);
    assert_eq!(world.spent().await, [70_000; 3]);
}

#[tokio::test]
async fn both_count_where_the_first_may_have_sent() {
    let world = World::new("both", "sinch,plivo", "0.27").await;
    world.sinch.set_mode(Operation::Start, "error:500:50000".parse().unwrap());
    assert_eq!(world.served.log_in().await["otpError"], Value::Null);
    assert_eq!(world.ledger().await, ["sinch unknown 200000", "plivo sent 70000"]);
    assert_eq!(world.spent().await, [270_000; 3]);
}

#[tokio::test]
async fn a_next_carrier_that_is_too_dear_is_not_asked() {
    let world = World::new("dear", "plivo,sinch", "0.19").await;
    world.plivo.set_mode("reply:401:{}".parse().unwrap());
    let login = world.served.log_in().await;
    assert_eq!(login["otpError"]["code"], "sms_budget_exhausted", "{login}");
    assert_eq!(world.sinch.received(Operation::Start), 0);
    assert_eq!(world.ledger().await, ["plivo failed 0"]);
    assert_eq!(world.spent().await, [0; 3]);
    // Nothing was counted against her: as soon as there is a carrier that can be paid she gets it.
    world.plivo.set_mode(fake_plivo::Mode::Normal);
    let again = json!({ "loginTicket": login["loginTicket"] });
    let (status, answer) = world.served.post("request-otp", again).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(world.spent().await, [70_000; 3]);
}

#[tokio::test]
async fn what_may_have_been_sent_is_kept_though_the_next_carrier_is_too_dear() {
    let world = World::new("kept", "plivo,sinch", "0.26").await;
    world.plivo.set_mode("reply:500:{}".parse().unwrap());
    let login = world.served.log_in().await;
    assert_eq!(login["otpError"]["code"], "sms_budget_exhausted", "{login}");
    assert_eq!(world.ledger().await, ["plivo unknown 70000"]);
    assert_eq!(world.spent().await, [70_000; 3]);
}
