//! Each attack of the simulator, short: what the server holds against it must be seen to hold.
//!
//! `cargo run --release --example attack` is the same at full size; docs/attacks.md has its table.
#![cfg(all(unix, feature = "private-postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../examples/attack/simulator/mod.rs"]
#[expect(dead_code, reason = "nobody prints tables here, nor reads a size")]
mod simulator;

use simulator::{Guard, Plan, Row, Scale, Scenario};

/// What a small simulation found. The same seed draws the same people each time.
async fn small(scenario: Scenario, guard: Guard) -> Vec<Row> {
    let plan = Plan { seed: 7, scale: Scale::SMALL, guard };
    Box::pin(simulator::run(scenario, plan)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_tells_who_has_an_account() {
    let rows = small(Scenario::Enumeration, Guard::On).await;
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(Row::holds), "{rows:#?}");
}
