//! From the next key to one that is gone, to the moment.

use chrono::TimeDelta;

use super::{AHEAD, MOMENT, kid_of, published, reload, rotate, signed, withdraw};
use crate::support::{Person, TestApp};

#[tokio::test]
async fn the_next_key_is_published_an_hour_before_it_signs() {
    let app = TestApp::new().await;
    let first = kid_of(&app.verified(&Person::ada()).await);
    let rotation = rotate(&app).await;
    assert!(rotation.is_new);
    let next = rotation.next.id;
    reload(&app).await;
    assert_eq!(published(&app).await, [next.clone(), first.clone()]);

    app.advance(AHEAD - MOMENT);
    assert_eq!(signed(&app).await.1, first);
    app.advance(MOMENT);
    assert_eq!(signed(&app).await.1, next, "without another look at the database");
}

#[tokio::test]
async fn a_second_wish_for_a_new_key_finds_the_first_one_waiting() {
    let app = TestApp::new().await;
    let one = rotate(&app).await;
    let two = rotate(&app).await;
    assert!(one.is_new && !two.is_new);
    assert_eq!(one.next.id, two.next.id);
    app.advance(AHEAD);
    assert!(rotate(&app).await.is_new);
}

#[tokio::test]
async fn a_retired_key_is_there_until_its_last_token_has_run_out_and_then_gone() {
    let app = TestApp::new().await;
    app.verified(&Person::ada()).await;
    let next = rotate(&app).await.next.id;
    reload(&app).await;
    app.advance(AHEAD - MOMENT);
    let (last, first) = signed(&app).await;
    assert_ne!(first, next);
    // The token has its 15 minutes from the second in which it was issued.
    app.advance(TimeDelta::minutes(15) - TimeDelta::seconds(1));
    reload(&app).await;
    app.session(&last).await.is(200);
    assert_eq!(published(&app).await, [next.clone(), first.clone()]);

    app.advance(TimeDelta::seconds(1) + TimeDelta::minutes(10));
    reload(&app).await;
    assert_eq!(published(&app).await, [next.clone(), first], "ten minutes on top, for slow clocks");
    app.advance(MOMENT);
    reload(&app).await;
    assert_eq!(published(&app).await, [next]);
    assert_eq!(app.count("SELECT count(*) FROM signing_keys").await, 1);
}

#[tokio::test]
async fn a_key_is_kept_for_the_longest_life_that_its_tokens_had() {
    let short = TestApp::with(&[("BASE_URL", "https://auth.example.com")]).await;
    short.verified(&Person::ada()).await;
    let long = short.replica(&[("JWT_EXPIRES_IN", "7d")]).await;
    let (token, first) = signed(&long).await;
    let next = rotate(&short).await.next.id;
    short.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
    let short = long.replica(&[]).await;
    assert_eq!(published(&short).await, [next, first]);
    short.session(&token).await.is(200);
}

#[tokio::test]
async fn a_key_is_followed_by_another_when_it_is_old() {
    let app = TestApp::with(&[("SIGNING_KEY_MAX_AGE", "30d")]).await;
    let first = kid_of(&app.verified(&Person::ada()).await);
    app.advance(TimeDelta::days(30) - AHEAD - MOMENT);
    reload(&app).await;
    assert_eq!(published(&app).await, std::slice::from_ref(&first));
    app.advance(MOMENT);
    reload(&app).await;
    let keys = published(&app).await;
    assert_eq!(keys.len(), 2);
    reload(&app).await;
    assert_eq!(published(&app).await, keys, "one is enough");
    app.advance(AHEAD);
    assert_eq!(signed(&app).await.1, keys[0]);
    assert_ne!(keys[0], first);
}

#[tokio::test]
async fn a_key_that_may_live_for_ever_is_never_followed() {
    let app = TestApp::with(&[("SIGNING_KEY_MAX_AGE", "never")]).await;
    let keys = published(&app).await;
    app.advance(TimeDelta::days(20_000));
    reload(&app).await;
    assert_eq!(published(&app).await, keys);
}

#[tokio::test]
async fn a_withdrawn_key_verifies_nothing_even_what_was_verified_a_moment_ago() {
    let one = TestApp::with(&[("BASE_URL", "https://auth.example.com")]).await;
    let two = one.replica(&[]).await;
    let token = one.verified(&Person::ada()).await;
    rotate(&one).await;
    for app in [&one, &two] {
        reload(app).await;
        app.session(&token).await.is(200);
    }
    withdraw(&one).await;
    for app in [&one, &two] {
        reload(app).await;
        app.session(&token).await.refused(401, "token_invalid");
        let (fresh, kid) = signed(app).await;
        assert_eq!(published(app).await, [kid], "neither the old one nor the one that waited");
        app.session(&fresh).await.is(200);
    }
}

#[tokio::test]
async fn a_key_that_was_retired_by_hand_gets_a_successor_at_once() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    sqlx::query("UPDATE signing_keys SET retired_at = $1")
        .bind(app.now())
        .execute(app.database())
        .await
        .unwrap();
    reload(&app).await;
    let (_, kid) = signed(&app).await;
    assert_ne!(kid, kid_of(&token));
    app.session(&token).await.is(200);
}

#[tokio::test]
async fn a_key_that_the_version_before_made_lives_on_and_gets_its_times() {
    let app = TestApp::with(&[("BASE_URL", "https://auth.example.com")]).await;
    let token = app.verified(&Person::ada()).await;
    sqlx::query("UPDATE signing_keys SET signs_from = NULL, token_seconds = NULL")
        .execute(app.database())
        .await
        .unwrap();
    let next = app.replica(&[]).await;
    assert_eq!(signed(&next).await.1, kid_of(&token));
    next.session(&token).await.is(200);
    assert_eq!(app.count("SELECT token_seconds::bigint FROM signing_keys").await, 900);
}
