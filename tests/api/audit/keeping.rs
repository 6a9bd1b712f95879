//! What is kept for how long, and who may change what.

use chrono::TimeDelta;
use ringfence::audit::{self, Finding, Month, PruneError};

use super::{events, findings, seal, some_events, tamper, verify};
use crate::support::{Person, TestApp};

#[tokio::test]
async fn addresses_are_coarse_after_thirty_days() {
    let app = TestApp::new().await;
    let (count, addresses) = (some_events(&app).await, "SELECT count(*) FROM audit_addresses");
    assert_eq!(app.count(addresses).await, i64::try_from(count).unwrap());
    seal(&app).await;
    let before = events(&app).await;
    let forget = async || audit::forget_addresses(app.database(), app.now()).await.unwrap();
    app.advance(TimeDelta::days(30) - TimeDelta::microseconds(1));
    assert_eq!(forget().await, 0);
    app.advance(TimeDelta::microseconds(1));
    assert_eq!(forget().await, count as u64);
    assert_eq!(events(&app).await, before, "the events are what they were");
    assert!(before.iter().all(|event| event["network"] == "127.0.0.0/24"), "{before:?}");
    assert_eq!(findings(&app).await, []);
}

#[tokio::test]
async fn nobody_changes_deletes_or_empties_the_log_not_even_its_owner() {
    let app = TestApp::new().await;
    audit::make_partitions(app.database(), app.now()).await.unwrap();
    some_events(&app).await;
    seal(&app).await;
    for statement in [
        "UPDATE audit_events SET detail = '{}'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "UPDATE audit_events_2026_03 SET detail = '{}'",
        "DELETE FROM audit_events_2026_03",
        "TRUNCATE audit_events_2026_03",
        "TRUNCATE audit_events_default",
        "UPDATE audit_chain SET position = position + 1",
        "DELETE FROM audit_chain",
        "TRUNCATE audit_chain",
        "UPDATE audit_checkpoints SET kept_from = created_at",
        "DELETE FROM audit_checkpoints",
        "TRUNCATE audit_checkpoints",
    ] {
        let refused = sqlx::query(statement).execute(app.database()).await.unwrap_err();
        let code = refused.as_database_error().unwrap().code();
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn months_are_made_ahead_once_and_take_their_events() {
    let app = TestApp::new().await;
    let made = audit::make_partitions(app.database(), app.now()).await.unwrap();
    assert_eq!(made.made.len(), 13);
    assert_eq!(made.made[0].to_string(), "2026-03");
    assert_eq!(made.made[12].to_string(), "2027-03");
    let again = audit::make_partitions(app.database(), app.now()).await.unwrap();
    assert!(again.made.is_empty() && again.in_default.is_empty());
    let count = i64::try_from(some_events(&app).await).unwrap();
    assert_eq!(app.count("SELECT count(*) FROM audit_events_2026_03").await, count);
    app.advance(TimeDelta::days(31));
    let next = audit::make_partitions(app.database(), app.now()).await.unwrap();
    assert_eq!(next.made, ["2027-04".parse().unwrap()]);
}

#[tokio::test]
async fn a_month_that_nobody_made_loses_nothing_and_stays_where_it_is() {
    let app = TestApp::new().await;
    let count = some_events(&app).await;
    let made = audit::make_partitions(app.database(), app.now()).await.unwrap();
    assert_eq!(made.in_default, ["2026-03".parse().unwrap()]);
    assert_eq!(made.made.len(), 12);
    assert_eq!(events(&app).await.len(), count);
    assert_eq!(seal(&app).await, count);
}

async fn prune(app: &TestApp, before: &str) -> Result<audit::Pruned, PruneError> {
    let before: Month = before.parse().unwrap();
    audit::prune(app.database(), &app.application.state.sealer, before, app.now()).await
}

#[tokio::test]
async fn months_are_dropped_and_the_rest_still_verifies() {
    let app = TestApp::new().await;
    audit::make_partitions(app.database(), app.now()).await.unwrap();
    let in_march = some_events(&app).await;
    seal(&app).await;
    let end_of_march = verify(&app).await.head.unwrap();
    app.advance(TimeDelta::days(40));
    app.login(&Person::bob()).await.refused(401, "invalid_credentials");
    assert!(matches!(prune(&app, "2026-05").await, Err(PruneError::NotOver)));
    let pruned = prune(&app, "2026-04").await.unwrap();
    assert_eq!((pruned.months.len(), pruned.links), (1, in_march as u64));
    assert_eq!(events(&app).await.len(), 1);
    assert_eq!(seal(&app).await, 1);
    let report = verify(&app).await;
    assert_eq!((report.found, report.links), (0, 1));
    assert_eq!(report.head.unwrap().position, end_of_march.position + 1, "it goes on");
    let nothing = prune(&app, "2026-04").await.unwrap();
    assert!(nothing.months.is_empty() && !nothing.default);

    // What is kept is watched as ever.
    tamper(&app, "DELETE FROM audit_events").await;
    let found = findings(&app).await;
    assert!(matches!(found[..], [Finding::Removed { .. }]), "{found:?}");
}

#[tokio::test]
async fn an_event_of_a_dropped_month_that_is_put_in_afterwards_is_found() {
    let app = TestApp::new().await;
    audit::make_partitions(app.database(), app.now()).await.unwrap();
    some_events(&app).await;
    seal(&app).await;
    let in_march = app.now();
    app.advance(TimeDelta::days(40));
    app.login(&Person::bob()).await.refused(401, "invalid_credentials");
    seal(&app).await;
    prune(&app, "2026-04").await.unwrap();
    assert_eq!(findings(&app).await, []);
    let put = "INSERT INTO audit_events (id, created_at, event, outcome, actor, detail)
        VALUES (gen_random_uuid(), $1, 'account_unlocked', 'success', 'cli', '{}')";
    sqlx::query(put).bind(in_march).execute(app.database()).await.unwrap();
    let state = &app.application.state;
    assert_eq!(state.sealer.seal(&state.database, true, app.now()).await.unwrap(), 0);
    let found = findings(&app).await;
    assert!(matches!(found[..], [Finding::Unsealed { .. }]), "{found:?}");
}

#[tokio::test]
async fn what_is_not_sealed_yet_is_not_dropped() {
    let app = TestApp::new().await;
    audit::make_partitions(app.database(), app.now()).await.unwrap();
    let count = some_events(&app).await;
    app.advance(TimeDelta::days(40));
    assert!(matches!(prune(&app, "2026-04").await, Err(PruneError::Unsealed)));
    assert_eq!(events(&app).await.len(), count);
}

#[tokio::test]
async fn an_event_that_was_sealed_after_a_later_one_goes_with_its_month() {
    let app = TestApp::new().await;
    audit::make_partitions(app.database(), app.now()).await.unwrap();
    some_events(&app).await;
    seal(&app).await;
    let late = app.now() + TimeDelta::days(27) + TimeDelta::hours(18);
    app.advance(TimeDelta::days(28));
    app.login(&Person::bob()).await.refused(401, "invalid_credentials");
    seal(&app).await;
    let put = "INSERT INTO audit_events (id, created_at, event, outcome, actor, detail)
        VALUES (gen_random_uuid(), $1, 'registered', 'success', 'self', '{}')";
    sqlx::query(put).bind(late).execute(app.database()).await.unwrap();
    let state = &app.application.state;
    assert_eq!(state.sealer.seal(&state.database, true, app.now()).await.unwrap(), 1);
    app.advance(TimeDelta::days(1));
    prune(&app, "2026-04").await.unwrap();
    let report = verify(&app).await;
    assert_eq!((report.found, report.links, report.dropped), (0, 2, 1));
}

#[tokio::test]
async fn a_default_partition_that_is_all_old_is_emptied_and_a_mixed_one_is_not() {
    let app = TestApp::new().await;
    some_events(&app).await;
    seal(&app).await;
    app.advance(TimeDelta::days(40));
    app.login(&Person::bob()).await.refused(401, "invalid_credentials");
    seal(&app).await;
    assert!(matches!(prune(&app, "2026-04").await, Err(PruneError::DefaultIsMixed)));
    assert_eq!(findings(&app).await, []);
    app.advance(TimeDelta::days(40));
    assert!(prune(&app, "2026-05").await.unwrap().default);
    assert!(events(&app).await.is_empty());
    app.login(&Person::bob()).await.refused(401, "invalid_credentials");
    assert_eq!(seal(&app).await, 1);
    assert_eq!(findings(&app).await, []);
    let refused = sqlx::query("TRUNCATE audit_events_default").execute(app.database()).await;
    refused.unwrap_err();
}
