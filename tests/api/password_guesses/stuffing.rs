//! Pairs that were stolen elsewhere: tried from one block or from many, the true ones open nothing.

use chrono::TimeDelta;
use serde_json::json;

use super::{LOGIN, address_in, behind_a_proxy, guess, login_on};
use crate::support::{Answer, Person, TestApp, Visitor};

/// A pair of somebody who has no account here.
async fn strange_pair(visitor: &Visitor, number: usize) -> Answer {
    let body = json!({ "email": format!("stranger{number}@example.net"), "password": "stolen" });
    visitor.post(LOGIN, &body).await
}

fn asks_for_a_code(answer: Answer) -> bool {
    answer.is(200).json()["requiresOtp"] == true
}

#[tokio::test]
async fn a_true_pair_from_a_block_that_stuffs_needs_a_code() {
    let app = behind_a_proxy(&[]).await;
    let ada = Person::ada();
    let device = app.signed_in(&ada).await.text("deviceToken");
    let (bad, good) = (app.at("198.51.100.9"), app.at("203.0.113.1"));
    assert!(!asks_for_a_code(bad.login(&ada).await));
    for number in 0..30 {
        strange_pair(&bad, number).await.refused(401, "invalid_credentials");
    }
    let texts = app.sends_to(&ada);
    assert!(asks_for_a_code(bad.login(&ada).await));
    assert_eq!(app.sends_to(&ada), texts + 1, "she learns that somebody has her password");
    assert!(!asks_for_a_code(login_on(&bad, &device, &ada).await), "unless her device is there");
    assert!(!asks_for_a_code(good.login(&ada).await), "nor anybody elsewhere");
    app.advance(TimeDelta::hours(1));
    assert!(!asks_for_a_code(bad.login(&ada).await), "an hour later it is a block like others");
}

#[tokio::test]
async fn a_block_that_goes_on_is_closed_to_devices_that_are_not_known() {
    let app = behind_a_proxy(&[]).await;
    let ada = Person::ada();
    let device = app.signed_in(&ada).await.text("deviceToken");
    let bad = app.at("198.51.100.9");
    let mut taken = 0;
    for number in 0..200 {
        taken += usize::from(strange_pair(&bad, number).await.status() == 401);
    }
    assert!((80..=140).contains(&taken), "{taken} of 200");
    let hashes = app.hashes();
    let answer = bad.login(&ada).await.refused(429, "password_guesses_exhausted");
    assert_eq!(answer.text("scope"), "address_block");
    let seconds = answer.json()["retryAfter"].as_u64().unwrap();
    assert!((1..=900).contains(&seconds), "{seconds}");
    assert_eq!(app.hashes(), hashes);
    let counted = "SELECT coalesce(sum(failures), 0)::bigint FROM password_guesses
        WHERE who NOT LIKE 'nobody:%'";
    assert_eq!(app.count(counted).await, 0, "she has lost no guess by it");
    login_on(&bad, &device, &ada).await.is(200);
}

#[tokio::test]
async fn a_true_pair_needs_a_code_while_many_blocks_stuff() {
    let app = behind_a_proxy(&[]).await;
    let ada = Person::ada();
    let device = app.signed_in(&ada).await.text("deviceToken");
    for number in 0..60 {
        strange_pair(&app.at(&address_in(number)), number).await.is(401);
    }
    let fresh = app.at(&address_in(1000));
    assert!(asks_for_a_code(fresh.login(&ada).await));
    assert!(!asks_for_a_code(login_on(&fresh, &device, &ada).await));
    let replica = app.replica(&[]).await;
    assert!(asks_for_a_code(replica.at(&address_in(1001)).login(&ada).await), "all replicas know");
    app.advance(TimeDelta::hours(1));
    assert!(!asks_for_a_code(fresh.login(&ada).await));
}

#[tokio::test]
async fn an_office_whose_people_mistype_and_then_get_it_right_is_left_alone() {
    let app = behind_a_proxy(&[]).await;
    let office = app.at("203.0.113.77");
    let people: Vec<Person> = (0..40).map(Person::numbered).collect();
    for (at, person) in people.iter().enumerate() {
        app.at(&address_in(at)).verified_there(&app, person).await;
    }
    for person in &people {
        guess(&office, person).await.refused(401, "invalid_credentials");
        assert!(!asks_for_a_code(office.login(person).await));
    }
}

#[tokio::test]
async fn one_account_of_their_own_does_not_make_stuffing_look_honest() {
    let app = behind_a_proxy(&[]).await;
    let (ada, own) = (Person::ada(), Person::bob());
    app.verified(&ada).await;
    app.verified(&own).await;
    let bad = app.at("198.51.100.9");
    for number in 0..30 {
        strange_pair(&bad, number).await.refused(401, "invalid_credentials");
        bad.login(&own).await.is(200);
    }
    assert!(asks_for_a_code(bad.login(&ada).await));
    // Both where they signed up, and both here: thirty logins of one account are one user.
    let totals = "SELECT sum(succeeded)::bigint FROM password_totals";
    assert!(app.count(totals).await <= 4);
}

#[tokio::test]
async fn somebody_who_mistypes_often_is_one_person() {
    let app = behind_a_proxy(&[]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let home = app.at("203.0.113.1");
    for _ in 0..9 {
        guess(&home, &ada).await.is(401);
    }
    assert_eq!(app.count("SELECT sum(failed)::bigint FROM password_totals").await, 1);
    let bits = "SELECT sum(bit_count(failed))::bigint FROM password_block_tallies";
    assert_eq!(app.count(bits).await, 1);
}

trait There {
    /// Signs `person` up and in from here.
    async fn verified_there(&self, app: &TestApp, person: &Person);
}

impl There for Visitor {
    async fn verified_there(&self, app: &TestApp, person: &Person) {
        self.register(person).await.is(201);
        let ticket = self.login(person).await.is(200).text("loginTicket");
        self.verify(&ticket, &app.code_for(person)).await.is(200);
    }
}
