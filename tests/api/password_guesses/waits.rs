//! The wait grows, for whoever it is, and nothing is hashed meanwhile.

use chrono::TimeDelta;
use serde_json::json;

use super::{LOGIN, address_in, behind_a_proxy, guess, guesses};
use crate::support::{Answer, Person, TestApp};

/// Refused, for whom and for how many minutes.
fn refusal(answer: Answer) -> (String, u64) {
    let answer = answer.refused(429, "password_guesses_exhausted");
    let seconds = answer.json()["retryAfter"].as_u64().unwrap();
    assert_eq!(answer.header("retry-after"), seconds.to_string());
    assert_eq!(answer.text("limit"), "password_guesses");
    (answer.text("scope"), seconds / 60)
}

#[tokio::test]
async fn after_ten_wrong_ones_from_a_block_the_wait_doubles_up_to_a_day() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    guesses(&app, &ada, 10).await;
    for minutes in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440, 1440] {
        let hashes = app.hashes();
        let scope = "user_and_address_block".to_owned();
        assert_eq!(refusal(guess(&app, &ada).await), (scope.clone(), minutes));
        assert_eq!(refusal(app.login(&ada).await), (scope, minutes), "nor the right one");
        assert_eq!(app.hashes(), hashes, "nothing is hashed for who must wait");
        app.advance(TimeDelta::minutes(minutes.cast_signed()) - TimeDelta::microseconds(1));
        guess(&app, &ada).await.refused(429, "password_guesses_exhausted");
        app.advance(TimeDelta::microseconds(1));
        guesses(&app, &ada, 1).await;
    }
}

#[tokio::test]
async fn the_right_password_ends_the_growth() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    for _ in 0..3 {
        guesses(&app, &ada, 9).await;
        app.login(&ada).await.is(200);
    }
    assert_eq!(app.count("SELECT count(*) FROM password_guesses").await, 0);
    guesses(&app, &ada, 10).await;
    guess(&app, &ada).await.refused(429, "password_guesses_exhausted");
}

#[tokio::test]
async fn another_person_in_the_same_block_and_the_same_person_in_another_do_not_wait() {
    let app = behind_a_proxy(&[]).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    app.verified(&ada).await;
    app.verified(&bob).await;
    let (there, elsewhere) = (app.at("203.0.113.1"), app.at("198.51.100.1"));
    guesses(&there, &ada, 10).await;
    guess(&app.at("203.0.113.200"), &ada).await.refused(429, "password_guesses_exhausted");
    there.login(&bob).await.is(200);
    elsewhere.login(&ada).await.is(200);
}

#[tokio::test]
async fn from_many_blocks_the_account_is_slowed_after_twenty_and_shut_after_a_hundred() {
    let app = behind_a_proxy(&[]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    for block in 0..20 {
        guesses(&app.at(&address_in(block)), &ada, 1).await;
    }
    let mut waits = Vec::new();
    for block in 20..100 {
        let visitor = app.at(&address_in(block));
        let (scope, minutes) = refusal(guess(&visitor, &ada).await);
        assert_eq!(scope, "user");
        waits.push(minutes);
        app.advance(TimeDelta::minutes(minutes.cast_signed()));
        guesses(&visitor, &ada, 1).await;
    }
    assert_eq!(waits[..7], [1, 2, 4, 8, 16, 16, 16]);
    let hashes = app.hashes();
    for days in [0, 1, 30, 300] {
        app.advance(TimeDelta::days(days));
        let right = app.at(&address_in(500)).login(&ada).await;
        assert_eq!(refusal(right), ("user".to_owned(), 24 * 60), "after {days} more days");
    }
    assert_eq!(app.hashes(), hashes);
}

#[tokio::test]
async fn an_unknown_user_waits_as_long_and_is_told_the_same() {
    let app = behind_a_proxy(&[]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let nobody = Person::numbered(999);
    let face = |answer: Answer| {
        let names: Vec<String> = answer.headers().keys().map(ToString::to_string).collect();
        let mut body = answer.json().clone();
        let id = body.as_object_mut().and_then(|members| members.remove("requestId"));
        assert!(id.is_some(), "{answer:?}");
        (answer.status(), names, body)
    };
    // In one block, then from everywhere, to the end of all guesses: when one is taken, and when none is.
    let one_block = (0..14).map(|_| 0);
    for block in one_block.chain(1..100) {
        let visitor = app.at(&address_in(block));
        for _ in 0..2 {
            let mut seen: Vec<(_, u64)> = Vec::new();
            for person in [&ada, &nobody] {
                let before = app.hashes();
                let answer = face(guess(&visitor, person).await);
                seen.push((answer, app.hashes() - before));
            }
            assert_eq!(seen[0], seen[1], "from block {block}");
        }
        app.advance(TimeDelta::minutes(16));
    }
    let by = |email: &str| json!({ "email": email.to_uppercase(), "password": "x" });
    let upper = face(app.at(&address_in(0)).post(LOGIN, &by(&ada.email)).await);
    let nobodys = face(app.at(&address_in(0)).post(LOGIN, &by(&nobody.email)).await);
    assert_eq!(upper, nobodys, "however it is written");
    assert_eq!(upper.0, 429);
    let names = "SELECT count(*) FROM password_guesses WHERE who LIKE '%person999%'";
    assert_eq!(app.count(names).await, 0, "nobody's name is kept");
}

#[tokio::test]
async fn whoever_is_signed_in_has_ten_for_the_session() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let other = app.login(&ada).await.is(200).text("token");
    for _ in 0..10 {
        app.delete_profile(&token, "not hers at all").await.refused(403, "password_wrong");
    }
    let hashes = app.hashes();
    for answer in [
        app.delete_profile(&token, &ada.password).await,
        app.change_password(&token, &ada.password, "a new and better staple").await,
    ] {
        assert_eq!(refusal(answer), ("session".to_owned(), 1));
    }
    let phone = json!({ "phoneNumber": Person::bob().phone, "password": ada.password });
    let answer = app.post_as(&token, "/api/v1/profile/phone", &phone).await;
    assert_eq!(refusal(answer), ("session".to_owned(), 1));
    assert_eq!(app.hashes(), hashes);
    // Neither her other session nor a login knows of it.
    app.login(&ada).await.is(200);
    app.change_password(&other, &ada.password, "a new and better staple").await.is(204);
    // Which has forgotten the others', too.
    assert_eq!(app.count("SELECT count(*) FROM password_guesses").await, 0);
}

#[tokio::test]
async fn a_password_that_was_not_judged_is_not_counted() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    app.application.state.hasher.close();
    for _ in 0..12 {
        app.login(&ada).await.refused(500, "internal_error");
    }
    let counted = "SELECT coalesce(sum(failures), 0) FROM password_guesses";
    assert_eq!(app.count(counted).await, 0);
    assert_eq!(app.count("SELECT count(*) FROM password_totals WHERE failed > 0").await, 0);
}

#[tokio::test]
async fn a_clock_put_back_shuts_nobody_out_for_more_than_a_day() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    guesses(&app, &ada, 3).await;
    app.advance(-TimeDelta::minutes(14));
    guesses(&app, &ada, 7).await;
    guess(&app, &ada).await.refused(429, "password_guesses_exhausted");
    app.advance(-TimeDelta::days(400));
    // The shared limits give room back a step at a time.
    app.login(&ada).await.refused(429, "rate_limited");
    app.advance(TimeDelta::seconds(1));
    app.login(&ada).await.is(200);
}
