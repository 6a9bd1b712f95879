//! Claims that race: with each other, and with whoever has the number.

use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::{ROOM, begun, claim, has_it, heir, proves, quarantined, releases};
use crate::support::{Answer, Person, RACERS, TestApp, Visitor, count, race};

const ROUNDS: usize = 4;

async fn verifies(visitor: Visitor, (ticket, code): (String, String)) -> Answer {
    visitor.verify(&ticket, &code).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_all_who_claim_one_number_one_gets_it() {
    let app = TestApp::with(&ROOM).await;
    app.warm().await;
    for round in 0..ROUNDS {
        let wanted = Person::numbered(round);
        let mut begins = Vec::new();
        for at in 0..RACERS {
            let person = heir(&wanted, 100 + 10 * round + at);
            claim(&app, &person).await.is(201);
            begins.push(begun(&app, &person).await);
        }
        let racers = begins.into_iter().map(|it| verifies(Visitor::clone(&app), it));
        let answers = race(racers.collect()).await;
        assert_eq!(count(&answers, 200, ""), 1, "{answers:?}");
        assert_eq!(count(&answers, 409, "phone_taken"), RACERS - 1, "{answers:?}");
        let having = "SELECT count(*) FROM users WHERE phone_number = $1 AND is_verified";
        let having: i64 =
            sqlx::query_scalar(having).bind(&wanted.phone).fetch_one(app.database()).await.unwrap();
        assert_eq!(having, 1);
    }
}

/// Everybody who claims can have it, and whoever has it proves it in the same moment: either it is kept,
/// and nobody's release goes on, or it is one claimer's and its last owner is not let in by its code.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_number_is_kept_or_released_and_never_both() {
    let app = TestApp::with(&[ROOM.as_slice(), &[("OTP_POLICY", "always")]].concat()).await;
    app.warm().await;
    let mut kept = 0;
    for round in 0..3 * ROUNDS {
        let owner = Person::numbered(round);
        app.verified(&owner).await;
        let heirs: Vec<_> = (1..4).map(|at| heir(&owner, 100 + 10 * round + at)).collect();
        for person in &heirs {
            claim(&app, person).await.is(201);
            proves(&app, person).await.refused(409, "phone_taken");
        }
        app.advance(TimeDelta::days(30));
        let mut begins = vec![begun(&app, &owner).await];
        for person in &heirs {
            begins.push(begun(&app, person).await);
        }
        let racers = begins.into_iter().map(|it| verifies(Visitor::clone(&app), it));
        let answers = race(racers.collect()).await;
        assert_eq!(count(&answers, 200, ""), 1, "{answers:?}");
        let is_kept = count(&answers[..1], 200, "") == 1;
        assert_eq!(has_it(&app, &owner).await, is_kept, "{answers:?}");
        kept += usize::from(is_kept);
        // Of those that have begun anew none is ripe.
        let ripe =
            "SELECT count(*) FROM number_claims WHERE phone_number = $1 AND release_at <= $2";
        let ripe = sqlx::query_scalar(ripe).bind(&owner.phone).bind(app.now());
        let ripe: i64 = ripe.fetch_one(app.database()).await.unwrap();
        assert_eq!(ripe, 0, "{answers:?}");
    }
    assert!(releases(&app).await > 0);
    assert!(kept < 3 * ROUNDS, "nobody ever lost the race");
}

/// The order in which a claim must lose: the owner's proof is written, and committed only once the claim
/// is under way. Whoever reads the claim before the owner's row is theirs takes a number that was kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_claim_that_meets_a_proof_halfway_waits_for_it_and_finds_the_number_kept() {
    let app = TestApp::with(&ROOM).await;
    app.warm().await;
    let (ada, bob) = quarantined(&app).await;
    app.advance(TimeDelta::days(30));
    let begun = begun(&app, &bob).await;
    let mut proof = app.database().begin().await.unwrap();
    for statement in [
        "UPDATE users SET is_verified = true WHERE is_verified",
        "UPDATE number_claims SET holder_id = NULL, proven_at = NULL, release_at = NULL",
    ] {
        let done = sqlx::query(statement).execute(&mut *proof).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
    }
    let taking = tokio::spawn(verifies(Visitor::clone(&app), begun));
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let deadline = Instant::now() + Duration::from_secs(20);
    while app.count(waiting).await == 0 {
        assert!(Instant::now() < deadline, "the claim waits for nobody");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    proof.commit().await.unwrap();
    let held = taking.await.unwrap().refused(409, "phone_taken");
    let release_at = (app.now() + TimeDelta::days(30)).to_rfc3339();
    assert_eq!(held.text("releaseAt"), release_at);
    assert!(has_it(&app, &ada).await);
}
