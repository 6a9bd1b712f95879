//! Each attack of the simulator, short: what the server holds against it must be seen to hold, and that
//! the attackers would succeed without it.
//!
//! `cargo run --release --example attack` is the same at full size; docs/attacks.md has its table.
#![cfg(all(unix, feature = "private-postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../examples/attack/simulator/mod.rs"]
#[expect(dead_code, unused_imports, reason = "tables are for people")]
mod simulator;

use simulator::{Guard, Plan, Row, Scale, Scenario};

/// One percent of the full size. The same seed draws the same people each time.
fn short(guard: Guard) -> Plan {
    Plan { seed: 7, scale: Scale::read("1").unwrap(), guard }
}

async fn simulate(scenario: Scenario, guard: Guard) -> Vec<Row> {
    Box::pin(simulator::run(scenario, short(guard))).await.unwrap()
}

/// What came out for `measure`.
#[track_caller]
fn figure<'a>(rows: &'a [Row], measure: &str) -> &'a str {
    let row = rows.iter().find(|row| row.measure.starts_with(measure));
    assert!(row.is_some(), "no {measure} in {rows:#?}");
    row.map_or("", |row| &row.figure)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_tells_who_has_an_account() {
    let rows = simulate(Scenario::Enumeration, Guard::On).await;
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(Row::holds), "{rows:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_sees_through_a_server_that_tells() {
    let rows = Box::pin(simulator::scenarios::enumerate(short(Guard::On), "reveal")).await.unwrap();
    for question in ["register", "request-otp", "verify-otp"] {
        assert_eq!(figure(&rows, &format!("what {question} ")), "1.0000");
    }
    for question in ["login", "password/forgot"] {
        assert_eq!(figure(&rows, &format!("what {question} ")), "0.0000");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_guard_bots_get_every_text_that_they_want_and_nobody_else_is_hurt() {
    let rows = simulate(Scenario::PumpDistributed, Guard::Off).await;
    // A hundred accounts, two texts for each.
    assert_eq!(figure(&rows, "texts to attackers"), "200 for 50.00 USD");
    assert!(figure(&rows, "honest sign-ups").ends_with(", 100.00 %"), "{rows:#?}");
    assert!(figure(&rows, "honest logins hindered").starts_with("0 of "));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_codes_waits_longer_each_time_and_the_owner_is_not_shut_out() {
    for scenario in [Scenario::BruteCode, Scenario::BruteCodeResend] {
        let rows = simulate(scenario, Guard::On).await;
        let judged: u32 = figure(&rows, "guesses that were judged").parse().unwrap();
        // 3.65 days: rounds of ten after 0, 1, 3, 7, 15, 31, 55 and 79 hours. By the hour it would be 870.
        assert!((20..=80).contains(&judged), "{scenario:?}: {rows:#?}");
        assert_eq!(figure(&rows, "honest logins hindered"), "0 of 1");
    }
}

/// Three percent of the full size, where each target of docs/attacks.md must hold.
async fn holds(scenario: Scenario) {
    let plan = Plan { seed: 7, scale: Scale::SMALL, guard: Guard::On };
    let rows = Box::pin(simulator::run(scenario, plan)).await.unwrap();
    assert!(rows.iter().all(Row::holds), "{rows:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pumped_range_of_numbers_gets_next_to_no_texts() {
    holds(Scenario::Pump).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pumping_from_everywhere_gets_next_to_no_texts_and_honest_people_still_sign_up() {
    holds(Scenario::PumpDistributed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stolen_pairs_open_next_to_no_accounts() {
    holds(Scenario::Stuffing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_not_guessed() {
    holds(Scenario::BruteCode).await;
    holds(Scenario::BruteCodeResend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once_is_held_and_honest_people_still_sign_up() {
    holds(Scenario::Mixed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_only_records_refuses_nobody() {
    let rows = simulate(Scenario::PumpDistributed, Guard::Record).await;
    assert_eq!(figure(&rows, "share of that cost"), "100.00 %");
}
