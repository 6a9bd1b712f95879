//! What is looked at, and dropped, while servers go on writing.

use chrono::TimeDelta;
use ringfence::audit::{self, PruneError, Pruned};
use sqlx::{Postgres, Transaction};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, sleep};

use super::{PATIENCE, events, findings, seal, some_events, verify};
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

/// Sealed events of March, and now it is April.
async fn in_april() -> TestApp {
    let app = TestApp::new().await;
    audit::make_partitions(app.database(), app.now()).await.unwrap();
    some_events(&app).await;
    seal(&app).await;
    app.advance(TimeDelta::days(40));
    app
}

fn dropping_march(app: &TestApp) -> JoinHandle<Result<Pruned, PruneError>> {
    let (state, now) = (app.application.state.clone(), app.now());
    tokio::spawn(async move {
        audit::prune(&state.database, &state.sealer, "2026-04".parse().unwrap(), now).await
    })
}

#[tokio::test]
async fn events_are_written_while_the_chain_of_dropped_months_is_deleted() {
    let app = in_april().await;
    let held = holding(&app, "LOCK TABLE audit_chain IN ROW EXCLUSIVE MODE").await;
    let pruning = dropping_march(&app);
    until_one_waits(&app, "audit_chain").await;
    app.login(&Person::bob()).await.refused(401, "invalid_credentials");
    let failed = "SELECT count(*) FROM audit_events WHERE created_at >= '2026-04-01'";
    assert_eq!(app.count(failed).await, 1);
    assert_eq!(waiting(&app, "audit_chain").await, 1, "it has given up before the event came");
    held.commit().await.unwrap();
    assert_eq!(pruning.await.unwrap().unwrap().months, ["2026-03".parse().unwrap()]);
    assert_eq!(events(&app).await.len(), 1);
    assert_eq!(seal(&app).await, 1);
    assert_eq!(findings(&app).await, []);
}

#[tokio::test]
async fn an_event_whose_transaction_is_still_open_is_not_dropped_unseen() {
    let app = in_april().await;
    let before = events(&app).await.len();
    let mut slow = app.database().begin().await.unwrap();
    let put = "INSERT INTO audit_events (id, created_at, event, outcome, actor, detail)
        VALUES (gen_random_uuid(), '2026-03-31 23:59:59+00', 'registered', 'success', 'self', '{}')";
    sqlx::query(put).execute(&mut *slow).await.unwrap();
    let pruning = dropping_march(&app);
    let begun = Instant::now();
    while waiting(&app, "audit_events").await + waiting(&app, "audit_events_2026_03").await == 0 {
        assert!(begun.elapsed() < PATIENCE, "it waits for nobody");
        sleep(Duration::from_millis(5)).await;
    }
    slow.commit().await.unwrap();
    assert!(matches!(pruning.await.unwrap(), Err(PruneError::Unsealed)));
    assert_eq!(events(&app).await.len(), before + 1);
}
