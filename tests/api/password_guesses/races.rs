//! Guesses that start at the same moment spend no more than those that come one after the other.

use chrono::TimeDelta;

use super::{address_in, behind_a_proxy, guess, guesses};
use crate::support::{Answer, Person, TestApp, count, race};

const GUESSERS: usize = 64;

/// Everybody at once: from one block, or each from another.
async fn race_from(app: &TestApp, person: &Person, blocks: usize) -> Vec<Answer> {
    let racers = (0..GUESSERS).map(|at| {
        let (visitor, person) = (app.at(&address_in(at % blocks)), person.clone());
        async move { guess(&visitor, &person).await }
    });
    race(racers.collect()).await
}

fn assert_taken(answers: &[Answer], wanted: usize) {
    assert_eq!(count(answers, 401, "invalid_credentials"), wanted);
    assert_eq!(count(answers, 429, "password_guesses_exhausted"), answers.len() - wanted);
}

#[tokio::test]
async fn sixty_four_at_once_from_one_block_spend_ten() {
    let app = behind_a_proxy(&[("DB_POOL_MAX", "16")]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    app.warm_for(16).await;
    let hashes = app.hashes();
    assert_taken(&race_from(&app, &ada, 1).await, 10);
    assert_eq!(app.hashes() - hashes, 10);
    // Those that lost were taken back everywhere else.
    let everywhere = "SELECT failures::bigint FROM password_guesses WHERE place = 'everywhere'";
    assert_eq!(app.count(everywhere).await, 10);
    for _ in 0..3 {
        app.advance(TimeDelta::hours(1));
        assert_taken(&race_from(&app, &ada, 1).await, 1);
    }
}

#[tokio::test]
async fn sixty_four_at_once_from_as_many_blocks_spend_twenty() {
    let app = behind_a_proxy(&[("DB_POOL_MAX", "16")]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    app.warm_for(16).await;
    assert_taken(&race_from(&app, &ada, GUESSERS).await, 20);
    app.advance(TimeDelta::hours(1));
    assert_taken(&race_from(&app, &ada, GUESSERS).await, 1);
}

#[tokio::test]
async fn the_hundredth_is_the_last_however_many_race_on_two_replicas() {
    let app = behind_a_proxy(&[]).await;
    let replica = app.replica(&[]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    for block in 100..195 {
        guesses(&app.at(&address_in(block)), &ada, 1).await;
        app.advance(TimeDelta::minutes(16));
    }
    app.warm().await;
    replica.warm().await;
    let mut taken = 95;
    for _ in 0..10 {
        let (here, there) =
            tokio::join!(race_from(&app, &ada, GUESSERS), race_from(&replica, &ada, GUESSERS));
        let both = here.iter().chain(&there);
        taken += both.filter(|answer| answer.status() == 401).count();
        app.advance(TimeDelta::days(1));
    }
    assert_eq!(taken, 100);
}
