//! A replica that has not seen a key yet.

use chrono::TimeDelta;

use super::{reload, signed, withdraw};
use crate::support::{Person, TestApp};

/// How often unknown keys make a replica look.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(5);

#[tokio::test]
async fn a_token_of_a_key_that_is_new_to_a_replica_makes_it_look_and_not_for_each() {
    let one = TestApp::with(&[("BASE_URL", "https://auth.example.com")]).await;
    let two = one.replica(&[]).await;
    one.verified(&Person::ada()).await;

    withdraw(&one).await;
    reload(&one).await;
    let (token, _) = signed(&one).await;
    two.session(&token).await.is(200);

    withdraw(&one).await;
    reload(&one).await;
    let (token, _) = signed(&one).await;
    two.session(&token).await.refused(401, "token_invalid");
    two.advance(LOOK_EVERY - TimeDelta::microseconds(1));
    two.session(&token).await.refused(401, "token_invalid");
    two.advance(TimeDelta::microseconds(1));
    two.session(&token).await.is(200);
}

#[tokio::test]
async fn an_unknown_key_is_no_outage_while_the_database_is_away() {
    let one = TestApp::with(&[("BASE_URL", "https://auth.example.com")]).await;
    let two = one.replica(&[]).await;
    let known = one.verified(&Person::ada()).await;
    two.session(&known).await.is(200);
    withdraw(&one).await;
    reload(&one).await;
    let (token, _) = signed(&one).await;
    two.application.state.database.close().await;
    two.session(&token).await.refused(401, "token_invalid");
    two.session(&known).await.is(200);
}
