//! Many who ask at the same moment, on two replicas, for numbers of one prefix that nothing was sent to.

use std::net::Ipv4Addr;
use std::sync::Arc;

use ringfence::foundation::{ClientAddress, PhoneNumber};
use ringfence::guard::{Admission, Asked, Proof};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{CHALLENGED, LIMITED, app, debt, owner, proving, refusal, visitor};
use crate::support::{Answer, TestApp, race};

const CLIENTS: usize = 64;
/// Prefixes of as many countries.
const FRESH: [&str; 4] = ["+44791212", "+4670123", "+3361234", "+491511234"];
const CONNECTIONS: usize = CLIENTS / 2;
/// Each works for a proof first, which takes a while.
const PROVERS: usize = 16;

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
async fn two_of_64_get_a_code_and_the_third_is_for_a_proof() {
    let one = app(&[("DB_POOL_MAX", "32")]).await;
    let two = one.replica(&[]).await;
    let answers = race_for([&one, &two]).await;
    let told: Vec<_> = answers.iter().map(refusal).collect();
    assert_eq!(told.iter().filter(|it| it.is_empty()).count(), 2, "{told:?}");
    assert_eq!(told.iter().filter(|it| *it == CHALLENGED).count(), CLIENTS - 2, "{told:?}");
    assert_eq!(one.count("SELECT count(*) FROM messages").await, 2);
    assert_eq!(debt(&one, "prefix", "+44791212").await, 20);
}

/// The limits before the guard let one through after the other, so that few meet at it. Here all do. Seen to
/// fail where rows are read without being held.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_of_those_who_are_past_all_other_limits_are_let_through() {
    let one = app(&[("DB_POOL_MAX", "32")]).await;
    let two = one.replica(&[]).await;
    for app in [&one, &two] {
        app.warm_for(CONNECTIONS).await;
    }
    for prefix in FRESH {
        let start = Arc::new(Barrier::new(CLIENTS));
        let mut racers = JoinSet::new();
        for (at, app) in [&one, &two].into_iter().cycle().take(CLIENTS).enumerate() {
            let (state, start) = (app.application.state.clone(), Arc::clone(&start));
            let address = Ipv4Addr::new(10, 0, u8::try_from(at).unwrap(), 7);
            let asked = Asked {
                number: PhoneNumber::from_e164(&format!("{prefix}{at:02}11")).unwrap(),
                block: ClientAddress::new(address.into()).block(),
                is_proven: false,
            };
            racers.spawn(async move {
                start.wait().await;
                state.guard.admit(&state.database, &asked, Proof::None).await.unwrap()
            });
        }
        let admissions = racers.join_all().await;
        let sent = admissions.iter().filter(|it| matches!(it, Admission::Send(_))).count();
        assert_eq!(sent, 2, "{admissions:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_those_with_a_proof_gets_the_code_of_a_trial() {
    let one = app(&[("DB_POOL_MAX", "32")]).await;
    let two = one.replica(&[]).await;
    super::pump(&one, ["+447912129811", "+447912129911", "+447912129711"]).await;
    one.advance(super::minutes(15));
    let mut racers = Vec::new();
    for (at, app) in [&one, &two].into_iter().cycle().take(PROVERS).enumerate() {
        let (visitor, person) = (visitor(app, at), owner(&phone(at)));
        visitor.register(&person).await.is(201);
        let ticket = visitor.login(&person).await.is(200).text("loginTicket");
        let prover = proving(&visitor, &ticket).await;
        racers.push(async move { prover.request_otp(&ticket).await });
    }
    for app in [&one, &two] {
        app.warm_for(PROVERS).await;
    }
    let answers = race(racers).await;
    let told: Vec<_> = answers.iter().map(Answer::code).collect();
    assert_eq!(told.iter().filter(|it| it.is_empty()).count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|it| **it == LIMITED).count(), PROVERS - 1, "{told:?}");
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
