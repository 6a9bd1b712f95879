//! Sealers: several at once, one that fails half-way, and events that come late.

use std::sync::Arc;

use chrono::TimeDelta;
use ringfence::audit::Finding;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{events, findings, seal, some_events, verify};
use crate::support::{Person, RACERS, TestApp};

#[tokio::test]
async fn sealers_that_start_together_make_one_chain() {
    let app = TestApp::new().await;
    app.warm().await;
    for round in 0..5 {
        // A few wrong passwords for each: more are refused without an event.
        let somebody = Person { email: format!("somebody{round}@example.com"), ..Person::bob() };
        for _ in 0..5 {
            app.login(&somebody).await.refused(401, "invalid_credentials");
        }
        let start = Arc::new(Barrier::new(RACERS));
        let mut sealers = JoinSet::new();
        for _ in 0..RACERS {
            let (state, now, start) =
                (app.application.state.clone(), app.now(), Arc::clone(&start));
            sealers.spawn(async move {
                start.wait().await;
                state.sealer.seal(&state.database, false, now).await.unwrap()
            });
        }
        let sealed: usize = sealers.join_all().await.into_iter().sum();
        assert_eq!(sealed, 5, "in round {round}");
    }
    let report = verify(&app).await;
    assert_eq!((report.found, report.links), (0, 25));
}

#[tokio::test]
async fn two_links_at_one_place_and_two_of_one_event_are_refused() {
    let app = TestApp::new().await;
    some_events(&app).await;
    seal(&app).await;
    for (twice, constraint) in [
        (
            "INSERT INTO audit_chain SELECT position, gen_random_uuid(), event_at, event_hash,
                chain_hash, key_id, sealed_at FROM audit_chain WHERE position = 2",
            "audit_chain_pkey",
        ),
        (
            "INSERT INTO audit_chain SELECT position + 1000, event_id, event_at, event_hash,
                chain_hash, key_id, sealed_at FROM audit_chain WHERE position = 2",
            "audit_chain_event_id_key",
        ),
    ] {
        let refused = sqlx::query(twice).execute(app.database()).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().constraint(), Some(constraint));
    }
}

#[tokio::test]
async fn a_sealer_that_fails_half_way_has_done_nothing() {
    let app = TestApp::new().await;
    let events = some_events(&app).await;
    // The links are written by then.
    let broken = "ALTER TABLE audit_checkpoints ADD CONSTRAINT closed CHECK (false)";
    sqlx::query(broken).execute(app.database()).await.unwrap();
    let state = &app.application.state;
    state.sealer.seal(&state.database, false, app.now()).await.unwrap_err();
    assert_eq!(app.count("SELECT count(*) FROM audit_chain").await, 0);
    let mended = "ALTER TABLE audit_checkpoints DROP CONSTRAINT closed";
    sqlx::query(mended).execute(app.database()).await.unwrap();
    assert_eq!(seal(&app).await, events);
    assert_eq!(findings(&app).await, []);
}

#[tokio::test]
async fn two_events_of_one_id_do_not_keep_the_others_from_being_sealed() {
    let app = TestApp::new().await;
    let events = some_events(&app).await;
    let put = "WITH one AS MATERIALIZED (SELECT gen_random_uuid() AS id)
        INSERT INTO audit_events (id, created_at, event, outcome, actor, detail)
        SELECT id, $1::timestamptz + step * interval '1 ms', 'registered', 'success', 'self', '{}'
        FROM one, generate_series(1, 3) AS step";
    sqlx::query(put).bind(app.now()).execute(app.database()).await.unwrap();
    assert_eq!(seal(&app).await, events + 1);
    app.login(&Person::bob()).await.refused(401, "invalid_credentials");
    assert_eq!(seal(&app).await, 1);
    let found = findings(&app).await;
    assert!(matches!(found[..], [Finding::Unsealed { .. }, Finding::Unsealed { .. }]), "{found:?}");
}

#[tokio::test]
async fn an_event_whose_transaction_ends_late_is_sealed_all_the_same() {
    let app = TestApp::new().await;
    let early = some_events(&app).await;
    let mut slow = app.database().begin().await.unwrap();
    let put = "INSERT INTO audit_events (id, created_at, event, outcome, actor, detail)
        VALUES (gen_random_uuid(), $1, 'registered', 'success', 'self', '{}')";
    sqlx::query(put).bind(app.now()).execute(&mut *slow).await.unwrap();
    app.advance(TimeDelta::seconds(20));
    app.login(&Person::bob()).await.refused(401, "invalid_credentials");
    assert_eq!(seal(&app).await, early + 1);
    slow.commit().await.unwrap();
    assert_eq!(seal(&app).await, 1);
    assert_eq!(findings(&app).await, []);
}

#[tokio::test]
async fn an_event_that_is_hours_late_is_sealed_by_a_thorough_turn() {
    let app = TestApp::new().await;
    some_events(&app).await;
    seal(&app).await;
    let put = "INSERT INTO audit_events (id, created_at, event, outcome, actor, detail)
        VALUES (gen_random_uuid(), $1, 'registered', 'success', 'self', '{}')";
    let at = app.now() - TimeDelta::hours(3);
    sqlx::query(put).bind(at).execute(app.database()).await.unwrap();
    assert_eq!(seal(&app).await, 0);
    let state = &app.application.state;
    assert_eq!(state.sealer.seal(&state.database, true, app.now()).await.unwrap(), 1);
    assert_eq!(findings(&app).await, []);
}

#[tokio::test]
async fn what_gathered_while_nobody_sealed_is_made_up_for() {
    let app = TestApp::new().await;
    some_events(&app).await;
    seal(&app).await;
    app.advance(TimeDelta::hours(1));
    app.login(&Person::bob()).await.refused(401, "invalid_credentials");
    app.advance(TimeDelta::days(3));
    app.login(&Person::bob()).await.refused(401, "invalid_credentials");
    assert_eq!(seal(&app).await, 2);
    assert_eq!(verify(&app).await.links, events(&app).await.len() as u64);
}

#[tokio::test]
async fn an_hour_of_events_has_a_checkpoint() {
    let app = TestApp::new().await;
    let count = "SELECT count(*) FROM audit_checkpoints";
    for (minutes, checkpoints) in [(0, 1), (30, 1), (30, 2), (59, 2), (1, 3)] {
        app.advance(TimeDelta::minutes(minutes));
        app.login(&Person::bob()).await.refused(401, "invalid_credentials");
        assert_eq!(seal(&app).await, 1);
        assert_eq!(app.count(count).await, checkpoints);
    }
    app.advance(TimeDelta::hours(5));
    assert_eq!(seal(&app).await, 0);
    assert_eq!(app.count(count).await, 3, "where nothing has happened there is nothing to note");
}
