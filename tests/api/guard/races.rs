//! 64 who ask at the same moment, on two replicas, for numbers of one prefix that nothing was sent to.

use super::{LIMITED, app, debt, owner, refusal, visitor};
use crate::support::{Answer, TestApp, race};

const CLIENTS: usize = 64;
const CONNECTIONS: usize = CLIENTS / 2;

/// In 64 runs of one prefix.
fn phone(at: usize) -> String {
    format!("+44791212{at:02}11")
}

async fn race_for(replicas: [&TestApp; 2]) -> Vec<Answer> {
    for at in 0..CLIENTS {
        visitor(replicas[0], at).register(&owner(&phone(at))).await.is(201);
    }
    for app in replicas {
        app.warm_for(CONNECTIONS).await;
    }
    let racers = replicas.into_iter().cycle().take(CLIENTS).enumerate().map(|(at, app)| {
        let (visitor, person) = (visitor(app, at), owner(&phone(at)));
        async move { visitor.login(&person).await }
    });
    race(racers.collect()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_of_64_get_a_code() {
    let one = app(&[("DB_POOL_MAX", "32")]).await;
    let two = one.replica(&[]).await;
    let answers = race_for([&one, &two]).await;
    let told: Vec<_> = answers.iter().map(refusal).collect();
    assert_eq!(told.iter().filter(|it| it.is_empty()).count(), 3, "{told:?}");
    assert_eq!(told.iter().filter(|it| *it == LIMITED).count(), CLIENTS - 3, "{told:?}");
    assert_eq!(one.count("SELECT count(*) FROM messages").await, 3);
    assert_eq!(debt(&one, "prefix", "+44791212").await, 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_64_gets_the_code_of_a_trial() {
    let one = app(&[("DB_POOL_MAX", "32")]).await;
    let two = one.replica(&[]).await;
    super::pump(&one, ["+447912129811", "+447912129911", "+447912129711"]).await;
    one.advance(super::minutes(15));
    let answers = race_for([&one, &two]).await;
    let sent = answers.iter().filter(|answer| refusal(answer).is_empty()).count();
    assert_eq!(sent, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_that_is_entered_twice_at_once_pays_once() {
    let one = app(&[]).await;
    let (visitor, person) = (visitor(&one, 1), owner(&phone(1)));
    super::sign_up(&visitor, &person).await;
    one.warm().await;
    let number = ringfence::foundation::PhoneNumber::from_e164(&person.phone).unwrap();
    let state = &one.application.state;
    let enter = || state.guard.note_entered(&state.database, &number);
    let (a, b, c, d) = tokio::join!(enter(), enter(), enter(), enter());
    assert!([a, b, c, d].iter().all(Result::is_ok));
    assert_eq!(debt(&one, "prefix", "+44791212").await, -5);
}
