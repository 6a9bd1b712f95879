//! Replicas that find a new key due at the same moment make one.
//!
//! Seen to fail where `store::insert_successor` does not look whether there is a successor already.

use std::sync::Arc;

use chrono::TimeDelta;
use ringfence::tokens;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{AHEAD, keyring, published, reload, rules};
use crate::support::{RACERS, TestApp};

const ROUNDS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wishes_for_a_new_key_that_race_make_one() {
    let app = TestApp::new().await;
    for round in 0..ROUNDS {
        app.warm().await;
        let start = Arc::new(Barrier::new(RACERS));
        let mut racing = JoinSet::new();
        for _ in 0..RACERS {
            let (start, pool, now) =
                (Arc::clone(&start), app.application.state.database.clone(), app.now());
            racing.spawn(async move {
                start.wait().await;
                tokens::rotate_keys(&pool, &keyring(), &rules(), now).await.unwrap()
            });
        }
        let done = racing.join_all().await;
        assert_eq!(done.iter().filter(|rotation| rotation.is_new).count(), 1);
        assert!(done.iter().all(|rotation| rotation.next.id == done[0].next.id));
        let rows = app.count("SELECT count(*) FROM signing_keys").await;
        assert_eq!(usize::try_from(rows).unwrap(), round + 2, "nothing is deleted here");
        app.advance(AHEAD);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_find_the_key_old_together_make_one() {
    let one = TestApp::with(&[("BASE_URL", "https://auth.example.com")]).await;
    let (two, three) = (one.replica(&[]).await, one.replica(&[]).await);
    for _ in 0..ROUNDS {
        for app in [&one, &two, &three] {
            app.warm_for(2).await;
        }
        one.advance(TimeDelta::days(90));
        tokio::join!(reload(&one), reload(&two), reload(&three));
        // What is over goes in the same moment; a replica may see it go a little later.
        one.advance(AHEAD);
        tokio::join!(reload(&one), reload(&two), reload(&three));
        assert_eq!(
            one.count("SELECT count(*) FROM signing_keys WHERE retired_at IS NULL").await,
            1
        );
        let keys = published(&one).await;
        assert_eq!(keys.len(), 2, "the one that signs and the one that did: {keys:?}");
        for other in [&two, &three] {
            assert_eq!(published(other).await, keys);
        }
    }
}
