//! Two replicas that count at the same moment: exactly as much passes as there is room for, and nobody
//! waits for somebody who waits for them.
//!
//! Seen to fail where `take_rate_limits` takes no locks, and where the script in Redis reads in one call
//! and writes in another.

use ringfence::rate_limits::{Action, Subject, TakeError};

use crate::support::{Person, TestApp, Visitor, count, race};

use super::{STRICT, at};

const CLIENTS: usize = 64;

async fn pair() -> [TestApp; 2] {
    let settings = [STRICT.as_slice(), &[("DB_POOL_MAX", "32")]].concat();
    let one = TestApp::with(&settings).await;
    let two = one.replica(&[]).await;
    one.warm_for(CLIENTS / 2).await;
    two.warm_for(CLIENTS / 2).await;
    [one, two]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_at_two_replicas_as_many_pass_as_there_is_room_for() {
    let replicas = pair().await;
    // New keys each time: the rows are made in the race, too.
    for turn in 0..4 {
        let address = format!("203.0.{turn}.7");
        let racers = replicas.iter().cycle().take(CLIENTS).enumerate().map(|(place, app)| {
            let visitor = app.at(&address);
            // One person's wrong passwords are limited by themselves.
            let email = format!("somebody{place}@example.com");
            async move { visitor.login(&Person { email, ..Person::ada() }).await }
        });
        let answers = race(racers.collect()).await;
        assert_eq!(count(&answers, 401, "invalid_credentials"), 30, "{answers:?}");
        assert_eq!(count(&answers, 429, "rate_limited"), CLIENTS - 30, "{answers:?}");
        // Who was refused has used up none of the block's.
        assert_eq!(replicas[0].exhaust(Action::Login, at(&address)[1]).await, 570);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sets_of_keys_that_overlap_in_any_order_are_all_counted_and_none_waits_for_ever() {
    let replicas = pair().await;
    for turn in 0..5 {
        let racers = replicas.iter().cycle().take(CLIENTS).enumerate().map(|(place, app)| {
            let state = app.application.state.clone();
            let now = app.now();
            async move {
                let prefix = format!("+4670{turn}{}", place % 3);
                let [address, block] = at(&format!("198.51.{turn}.{}", place % 5));
                let mut subjects = [address, block, Subject::NumberPrefix(&prefix)];
                subjects.rotate_left(place % 3);
                if place % 2 == 0 {
                    subjects.reverse();
                }
                state.shared_limits.take(Action::Register, &subjects, now).await
            }
        });
        let mut passed: u32 = 0;
        for answer in futures(racers.collect()).await {
            match answer {
                Ok(_) => passed += 1,
                Err(TakeError::Exceeded(_)) => {}
                Err(TakeError::Failure(failure)) => panic!("{failure:?}"),
            }
        }
        // 13 for each address, 21 for each prefix, 64 for the block: there is room for all.
        assert_eq!(usize::try_from(passed).unwrap(), CLIENTS);
        let block = at(&format!("198.51.{turn}.1"))[1];
        assert_eq!(replicas[1].exhaust(Action::Register, block).await, 400 - passed);
    }
}

async fn futures<T: Send + 'static>(
    racers: Vec<impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let start = std::sync::Arc::new(tokio::sync::Barrier::new(racers.len()));
    let mut running = tokio::task::JoinSet::new();
    for racer in racers {
        let start = std::sync::Arc::clone(&start);
        running.spawn(async move {
            start.wait().await;
            racer.await
        });
    }
    running.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_replica_that_is_gone_leaves_what_it_has_counted_and_no_lock() {
    let [one, two] = pair().await;
    let asking: Vec<_> = (0..CLIENTS / 2)
        .map(|_| {
            let visitor: Visitor = one.at("203.0.113.7");
            tokio::spawn(async move { visitor.login(&Person::ada()).await })
        })
        .collect();
    let mut passed = 0;
    for (place, asked) in asking.into_iter().enumerate() {
        // The rest is cut off where it stands.
        if place >= 10 {
            asked.abort();
        } else if asked.await.unwrap().status() == 401 {
            passed += 1;
        }
    }
    drop(one);
    let left = two.exhaust(Action::Login, at("203.0.113.7")[0]).await;
    assert!(left + passed <= 30, "{passed} passed, and there was room for {left}");
}
