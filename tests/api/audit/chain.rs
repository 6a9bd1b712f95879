//! What somebody with every right on the database can do to the log, and that it is found.

use chrono::TimeDelta;
use ringfence::audit::{self, Checkpoint, Filter, Finding, Recorded};
use ringfence::foundation::Keyring;

use super::{findings, seal, some_events, tamper, verify};
use crate::support::{Person, SECRET_KEY, TestApp};

const OTHER_KEY: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// With a sealed log: how many events.
async fn sealed() -> (TestApp, usize) {
    let app = TestApp::new().await;
    let events = some_events(&app).await;
    assert_eq!(seal(&app).await, events);
    assert_eq!(findings(&app).await, []);
    (app, events)
}

#[tokio::test]
async fn what_nobody_has_touched_verifies_and_its_end_can_be_kept() {
    let (app, events) = sealed().await;
    let report = verify(&app).await;
    assert_eq!((report.found, report.links), (0, events as u64));
    assert_eq!((report.checkpoints, report.dropped), (1, 0));
    assert_eq!(report.head.unwrap().position, i64::try_from(events).unwrap());
    assert_eq!(seal(&app).await, 0, "each event is sealed once");
}

#[tokio::test]
async fn a_changed_event_is_found_whichever_column_it_is() {
    for change in [
        "UPDATE audit_events SET event = 'registered' WHERE event = 'login_failed'",
        "UPDATE audit_events SET outcome = 'success' WHERE event = 'login_failed'",
        "UPDATE audit_events SET user_id = NULL WHERE event = 'login_failed'",
        "UPDATE audit_events SET actor = 'cli' WHERE event = 'login_failed'",
        "UPDATE audit_events SET network = '198.51.100.0/24' WHERE event = 'login_failed'",
        "UPDATE audit_events SET request_id = 'another' WHERE event = 'login_failed'",
        "UPDATE audit_events SET detail = '{}' WHERE event = 'login_failed'",
    ] {
        let (app, _) = sealed().await;
        tamper(&app, change).await;
        let found = findings(&app).await;
        assert!(matches!(found[..], [Finding::Changed { .. }]), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn a_removed_event_is_found_with_its_place() {
    let (app, _) = sealed().await;
    tamper(
        &app,
        "DELETE FROM audit_events WHERE id = (SELECT event_id FROM audit_chain WHERE position = 3)",
    )
    .await;
    let found = findings(&app).await;
    assert!(matches!(found[..], [Finding::Removed { position: 3, .. }]), "{found:?}");
    // With its link, too.
    tamper(&app, "DELETE FROM audit_chain WHERE position = 3").await;
    let found = findings(&app).await;
    assert_eq!(found, [Finding::Gap { position: 3 }, Finding::Broken { position: 4 }]);
}

#[tokio::test]
async fn a_moved_link_is_found() {
    let (app, _) = sealed().await;
    tamper(&app, "UPDATE audit_chain SET position = 1000 WHERE position = 2").await;
    tamper(&app, "UPDATE audit_chain SET position = 2 WHERE position = 3").await;
    tamper(&app, "UPDATE audit_chain SET position = 3 WHERE position = 1000").await;
    let broken = [2, 3, 4].map(|position| Finding::Broken { position });
    assert_eq!(findings(&app).await, broken);
}

#[tokio::test]
async fn a_link_that_was_made_to_fit_another_event_is_found() {
    let (app, _) = sealed().await;
    tamper(&app, "UPDATE audit_chain SET event_hash = sha256('another') WHERE position = 2").await;
    let found = findings(&app).await;
    assert!(found.contains(&Finding::Broken { position: 2 }), "{found:?}");
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_found_by_a_checkpoint_here_or_elsewhere() {
    let (app, events) = sealed().await;
    let end = verify(&app).await.head.unwrap();
    let last = end.position;
    tamper(
        &app,
        "WITH cut AS (DELETE FROM audit_chain WHERE position > 3 RETURNING event_id)
        DELETE FROM audit_events WHERE id IN (SELECT event_id FROM cut)",
    )
    .await;
    assert_eq!(last, i64::try_from(events).unwrap());
    assert_eq!(findings(&app).await, [Finding::Truncated { position: last }]);
    tamper(&app, "DELETE FROM audit_checkpoints").await;
    assert_eq!(findings(&app).await, [], "nothing in the database tells of it");
    // What was logged does.
    let logged: Checkpoint = end.to_string().parse().unwrap();
    assert_eq!(known(&app, logged).await, [Finding::Truncated { position: last }]);
    // Others have come in their place since.
    some_failures(&app, events).await;
    seal(&app).await;
    assert_eq!(findings(&app).await, []);
    assert_eq!(known(&app, logged).await, [Finding::Rewritten { position: last }]);
}

async fn some_failures(app: &TestApp, count: usize) {
    for _ in 0..count {
        app.login(&Person::bob()).await.refused(401, "invalid_credentials");
    }
}

async fn known(app: &TestApp, checkpoint: Checkpoint) -> Vec<Finding> {
    let state = &app.application.state;
    let keyring = state.sealer.keyring();
    let report = audit::verify(&state.database, keyring, &[checkpoint], app.now()).await;
    report.unwrap().findings
}

#[tokio::test]
async fn a_checkpoint_that_was_changed_is_not_believed() {
    let (app, events) = sealed().await;
    let position = i64::try_from(events).unwrap();
    tamper(&app, "UPDATE audit_checkpoints SET kept_from = '2027-01-01'").await;
    let found = findings(&app).await;
    let forged = || Finding::CheckpointForged { position };
    assert_eq!(found, [forged(), forged()]);
}

#[tokio::test]
async fn an_event_that_was_put_in_by_hand_long_ago_is_found() {
    let (app, _) = sealed().await;
    let put = "INSERT INTO audit_events (id, created_at, event, outcome, actor, detail)
        VALUES (gen_random_uuid(), $1, 'account_unlocked', 'success', 'cli', '{}')";
    let at = app.now() - TimeDelta::days(2);
    sqlx::query(put).bind(at).execute(app.database()).await.unwrap();
    assert_eq!(seal(&app).await, 0);
    let found = findings(&app).await;
    assert!(matches!(found[..], [Finding::Unsealed { .. }]), "{found:?}");
}

#[tokio::test]
async fn an_event_under_the_id_of_a_sealed_one_is_found_whenever_it_says_it_was() {
    for away in [-TimeDelta::days(2), -TimeDelta::seconds(1), TimeDelta::days(2)] {
        let (app, events) = sealed().await;
        let put = "INSERT INTO audit_events (id, created_at, event, outcome, actor, detail)
            SELECT event_id, event_at + $1, 'account_unlocked', 'success', 'cli', '{}'
            FROM audit_chain WHERE position = 2";
        sqlx::query(put).bind(away).execute(app.database()).await.unwrap();
        assert_eq!(seal(&app).await, 0);
        let found = findings(&app).await;
        assert!(matches!(found[..], [Finding::Unsealed { .. }]), "{away}: {found:?}");
        // It is not shown as the one that was sealed.
        let filter = Filter { event: Some("account_unlocked".to_owned()), ..Filter::default() };
        let page = audit::page(app.database(), &filter, None, 10).await.unwrap();
        let newest = audit::newest(app.database(), &filter, 10).await.unwrap();
        for forged in [page, newest] {
            assert_eq!((forged.len(), forged[0].position), (1, None));
        }
        let all = audit::page(app.database(), &Filter::default(), None, 100).await.unwrap();
        let is_placed = |it: &&Recorded| it.position.is_some();
        assert_eq!((all.len(), all.iter().filter(is_placed).count()), (events + 1, events));
    }
}

#[tokio::test]
async fn a_chain_goes_on_under_another_key_and_verifies_with_both() {
    let (app, events) = sealed().await;
    let both = format!("{OTHER_KEY},{SECRET_KEY}");
    let rotated = app.replica(&[("SECRET_KEY", &both)]).await;
    some_failures(&rotated, 2).await;
    assert_eq!(seal(&rotated).await, 2);
    assert_eq!(findings(&rotated).await, []);
    // Whoever lacks a key cannot tell, and says so.
    let keyring = Keyring::parse(OTHER_KEY).unwrap();
    let state = &rotated.application.state;
    let report = audit::verify(&state.database, &keyring, &[], app.now()).await.unwrap();
    let unknown = |it: &Finding| matches!(it, Finding::KeyUnknown { .. });
    // So it is with the checkpoint. The links under the other key stand.
    assert_eq!(report.findings.iter().filter(|it| unknown(it)).count(), events + 1);
    assert_eq!(report.findings.len(), events + 1);
}

#[tokio::test]
async fn checkpoints_of_a_key_that_is_gone_tell_nothing_once_their_months_are_dropped() {
    let app = TestApp::new().await;
    audit::make_partitions(app.database(), app.now()).await.unwrap();
    some_failures(&app, 2).await;
    assert_eq!(seal(&app).await, 2);
    app.advance(TimeDelta::hours(1));
    some_failures(&app, 2).await;
    assert_eq!(seal(&app).await, 2);
    app.advance(TimeDelta::days(40));
    let both = format!("{OTHER_KEY},{SECRET_KEY}");
    let rotated = app.replica(&[("SECRET_KEY", &both)]).await;
    some_failures(&rotated, 1).await;
    assert_eq!(seal(&rotated).await, 1);
    let state = &rotated.application.state;
    let before = "2026-04".parse().unwrap();
    audit::prune(&state.database, &state.sealer, before, app.now()).await.unwrap();
    // One of them is of the very place behind which the chain begins now.
    assert_eq!(app.count("SELECT count(*) FROM audit_checkpoints").await, 4);
    let keyring = Keyring::parse(OTHER_KEY).unwrap();
    let report = audit::verify(&state.database, &keyring, &[], app.now()).await.unwrap();
    assert_eq!((report.findings, report.links, report.checkpoints), (vec![], 1, 1));
}
