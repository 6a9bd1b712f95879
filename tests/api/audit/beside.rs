//! What is looked at while servers go on writing.

use chrono::TimeDelta;
use ringfence::audit;
use sqlx::{Postgres, Transaction};
use tokio::time::{Duration, Instant, sleep};

use super::{PATIENCE, seal, some_events, verify};
use crate::support::{Person, TestApp};

/// A transaction that has a lock on a table until it ends.
async fn holding(app: &TestApp, lock: &'static str) -> Transaction<'static, Postgres> {
    let mut transaction = app.database().begin().await.unwrap();
    sqlx::query(lock).execute(&mut *transaction).await.unwrap();
    transaction
}

const WAITING: &str = "SELECT count(*) FROM pg_locks
    WHERE NOT granted AND relation = $1::regclass
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// How many wait for a lock on `table`.
async fn waiting(app: &TestApp, table: &str) -> i64 {
    sqlx::query_scalar(WAITING).bind(table).fetch_one(app.database()).await.unwrap()
}

async fn until_one_waits(app: &TestApp, table: &str) {
    let begun = Instant::now();
    while waiting(app, table).await == 0 {
        assert!(begun.elapsed() < PATIENCE, "nobody waits for {table}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn links_and_a_checkpoint_that_come_while_the_chain_is_verified_are_no_finding() {
    let app = TestApp::new().await;
    let early = some_events(&app).await as u64;
    seal(&app).await;
    app.advance(TimeDelta::hours(1));
    app.login(&Person::bob()).await.refused(401, "invalid_credentials");
    assert_eq!(seal(&app).await, 1);
    // What the last turn has written is laid aside, to be there at a moment of our choice.
    let mut aside = app.database().begin().await.unwrap();
    for statement in [
        "SET LOCAL session_replication_role = replica",
        "CREATE TABLE later_links AS SELECT * FROM audit_chain ORDER BY position DESC LIMIT 1",
        "CREATE TABLE later_checkpoints AS
            SELECT * FROM audit_checkpoints ORDER BY position DESC LIMIT 1",
        "DELETE FROM audit_chain WHERE position IN (SELECT position FROM later_links)",
        "DELETE FROM audit_checkpoints WHERE position IN (SELECT position FROM later_checkpoints)",
    ] {
        sqlx::query(statement).execute(&mut *aside).await.unwrap();
    }
    aside.commit().await.unwrap();

    // Before the first link, …
    let before = holding(&app, "LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE").await;
    let state = app.application.state.clone();
    let now = app.now();
    let verifying = tokio::spawn(async move {
        audit::verify(&state.database, state.sealer.keyring(), &[], now).await.unwrap()
    });
    until_one_waits(&app, "audit_events").await;
    // … and then behind the last one.
    let mut between = holding(&app, "LOCK TABLE audit_checkpoints IN ACCESS EXCLUSIVE MODE").await;
    before.commit().await.unwrap();
    until_one_waits(&app, "audit_checkpoints").await;
    for statement in [
        "INSERT INTO audit_chain SELECT * FROM later_links",
        "INSERT INTO audit_checkpoints SELECT * FROM later_checkpoints",
    ] {
        sqlx::query(statement).execute(&mut *between).await.unwrap();
    }
    between.commit().await.unwrap();

    let report = verifying.await.unwrap();
    assert_eq!((report.findings, report.links, report.checkpoints), (vec![], early, 1));
    let report = verify(&app).await;
    assert_eq!((report.findings, report.links, report.checkpoints), (vec![], early + 1, 2));
}
