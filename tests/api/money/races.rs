//! Replicas that race for the same money, and carriers that tell a price more than once.

use std::time::Duration;

use chrono::TimeDelta;
use ringfence::otp::Amount;
use serde_json::{Value, json};
use sqlx::Row as _;
use sqlx::types::Json;
use tokio::time::Instant;

use super::{Table, app, log_in_all, prices, spent, was_sent};
use crate::fake_sinch::Operation;
use crate::log::Log;
use crate::support::{Answer, Person, RACERS, TestApp, Visitor, count, race};

async fn log_in(visitor: Visitor, person: Person) -> Answer {
    visitor.login(&person).await
}

/// Lets `racers` start while somebody else holds every budget, and lets go once all of them wait:
/// whoever reads before writing has then read the same sum as all others.
async fn race_for_budgets<F>(app: &TestApp, racers: Vec<F>) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let most = i64::try_from(racers.len()).unwrap();
    let mut holding = app.database().begin().await.unwrap();
    sqlx::query("SELECT FROM message_budgets FOR UPDATE").execute(&mut *holding).await.unwrap();
    let racing = tokio::spawn(race(racers));
    let deadline = Instant::now() + Duration::from_secs(15);
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while app.count(waiting).await < most {
        assert!(Instant::now() < deadline, "not all of them wait");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    holding.rollback().await.unwrap();
    racing.await.unwrap()
}

/// Seen to fail without `WHERE b.spent_micros + $4 <= $5` in `otp/money/store.rs`, and where the
/// sum is read before it is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_race_spend_no_more_than_there_is() {
    const PEOPLE: usize = 2 * RACERS;
    let table = Table::new();
    let settings = [
        ("SMS_BUDGET_DAILY", "0.60"),
        ("SMS_BUDGET_MONTHLY", "1.50"),
        ("TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let one = app(&table, &settings).await;
    let two = one.replica(&[]).await;
    one.warm().await;
    two.warm().await;
    // After one message, two days have money for five each, and a third has what the month left.
    for (day, messages) in [5, 5, 2].into_iter().enumerate() {
        assert_eq!(log_in_all(&one, 900 + day..901 + day).await, 1);
        let people = (day * PEOPLE..(day + 1) * PEOPLE).map(Person::numbered);
        let people: Vec<_> = people.collect();
        for person in &people {
            one.register(person).await.is(201);
        }
        let before = one.fake().received(Operation::Start);
        let visitors = [&one, &two].into_iter().cycle();
        let racers = people.into_iter().zip(visitors);
        // Each from an address of its own: the caps on one would put them in a row.
        let racers = racers
            .enumerate()
            .map(|(at, (person, app))| log_in(app.at(&format!("198.51.100.{at}")), person));
        let answers = race_for_budgets(&one, racers.collect()).await;
        assert_eq!(count(&answers, 200, ""), PEOPLE, "{answers:?}");
        assert_eq!(answers.iter().filter(|it| was_sent(it)).count(), messages, "{answers:?}");
        let refused = |it: &&Answer| it.json()["otpError"]["code"] == "sms_budget_exhausted";
        assert_eq!(answers.iter().filter(refused).count(), PEOPLE - messages, "{answers:?}");
        assert_eq!(one.fake().received(Operation::Start) - before, messages as u64);
        one.advance(TimeDelta::days(1));
    }
    let days = ["day 2026-03-04 600000", "day 2026-03-05 600000", "day 2026-03-06 300000"];
    assert_eq!(spent(&one).await, [days.as_slice(), &["month 2026-03-01 1500000"]].concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_price_that_a_carrier_tells_is_noted_once_however_often_it_is_told() {
    let table = Table::new();
    let app = app(&table, &[("SMS_BUDGET_DAILY", "1"), ("SMS_BUDGET_MONTHLY", "1")]).await;
    app.warm().await;
    app.pending(&Person::ada()).await;
    app.advance(TimeDelta::seconds(1));
    app.pending(&Person::bob()).await;
    assert_eq!(spent(&app).await, ["day 2026-03-04 300000", "month 2026-03-01 300000"]);
    let rows = sqlx::query("SELECT to_jsonb(id) FROM messages ORDER BY created_at, id")
        .fetch_all(app.database())
        .await
        .unwrap();
    let ids = rows.iter().map(|row| row.get::<Json<_>, _>(0).0).collect::<Vec<_>>();
    let settle = async |id: usize, micros, currency: &str| {
        let (state, price) = (app.application.state.clone(), Amount::from_micros(micros).unwrap());
        let currency = currency.parse().unwrap();
        let mut transaction = state.database.begin().await.unwrap();
        let noted = state.otp.settle(&mut transaction, ids[id], price, &currency).await.unwrap();
        transaction.commit().await.unwrap();
        noted
    };
    // Into another day and month: the ones in which they were sent are corrected.
    app.advance(TimeDelta::days(40));
    assert!(!settle(0, 5_000_000, "EUR").await, "the estimate stays");
    assert_eq!(spent(&app).await, ["day 2026-03-04 300000", "month 2026-03-01 300000"]);
    assert_eq!(prices(&app).await[0], json!([100_000, "USD", false]));

    let dearer = tokio::join!(
        settle(0, 170_000, "USD"),
        settle(0, 170_000, "USD"),
        settle(0, 170_000, "USD"),
        settle(0, 170_000, "USD"),
        settle(0, 170_000, "USD"),
        settle(0, 170_000, "USD"),
        settle(0, 170_000, "USD"),
        settle(0, 170_000, "USD"),
    );
    let noted = <[bool; RACERS]>::from(dearer);
    assert_eq!(noted.iter().filter(|noted| **noted).count(), 1);
    assert_eq!(spent(&app).await, ["day 2026-03-04 370000", "month 2026-03-01 370000"]);
    assert!(settle(1, 0, "USD").await, "for nothing is a price, too");
    assert!(!settle(1, 900_000, "USD").await && !settle(1, 900_000, "EUR").await);
    assert_eq!(spent(&app).await, ["day 2026-03-04 170000", "month 2026-03-01 170000"]);
    assert_eq!(prices(&app).await, [json!([170_000, "USD", true]), json!([0, "USD", true])]);
}

#[tokio::test]
async fn four_fifths_are_warned_of_once_and_so_is_the_end() {
    let table = Table::new();
    let settings = [
        ("SMS_BUDGET_DAILY", "0.50"),
        ("SMS_BUDGET_MONTHLY", "0.70"),
        ("TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let one = app(&table, &settings).await;
    let two = one.replica(&[]).await;
    one.warm().await;
    two.warm().await;
    let (log, _guard) = Log::listen();
    let told = |level: &str, scope: &str| {
        let lines = log.text();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let budget = |line: &Value| line["level"] == level && line["scope"] == scope;
        lines.filter(budget).filter(|line| line["budget"].is_string()).count()
    };
    assert_eq!(log_in_all(&one, 0..3).await, 3);
    assert_eq!((told("WARN", "day"), told("WARN", "month")), (0, 0));
    // The fourth of five is 80 %, whoever of two sends it; the sixth is refused, and so is the rest.
    let mut racers = Vec::new();
    for number in 3..11 {
        one.register(&Person::numbered(number)).await.is(201);
        let app = if number % 2 == 0 { &one } else { &two };
        racers.push(log_in(app.at(&format!("198.51.100.{number}")), Person::numbered(number)));
    }
    let answers = race_for_budgets(&one, racers).await;
    assert_eq!(answers.iter().filter(|it| was_sent(it)).count(), 2, "{answers:?}");
    assert_eq!((told("WARN", "day"), told("ERROR", "day")), (1, 1), "{}", log.text());
    assert_eq!((told("WARN", "month"), told("ERROR", "month")), (0, 0), "{}", log.text());

    // The next day: the month comes to 80 %, and to its end. The day does not.
    one.advance(TimeDelta::days(1));
    assert_eq!(log_in_all(&one, 20..24).await, 2);
    assert_eq!(log_in_all(&two, 24..26).await, 0);
    assert_eq!((told("WARN", "month"), told("ERROR", "month")), (1, 1), "{}", log.text());
    assert_eq!((told("WARN", "day"), told("ERROR", "day")), (1, 1), "{}", log.text());
}
