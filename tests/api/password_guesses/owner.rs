//! Whatever others do to an account, its owner gets in on a device that is known.

use chrono::TimeDelta;
use ringfence::foundation::UserId;
use ringfence::passwords;
use serde_json::json;

use super::{address_in, behind_a_proxy, guess, guesses, login_on};
use crate::support::{Person, TestApp, wrong};

async fn device_of(app: &TestApp, person: &Person) -> String {
    app.signed_in(person).await.text("deviceToken")
}

/// A hundred wrong ones in a row, from a hundred blocks.
async fn shut(app: &TestApp, person: &Person) {
    for block in 0..100 {
        guesses(&app.at(&address_in(block)), person, 1).await;
        app.advance(TimeDelta::minutes(16));
    }
    guess(&app.at(&address_in(100)), person).await.refused(429, "password_guesses_exhausted");
}

#[tokio::test]
async fn every_right_code_makes_its_device_known_and_a_known_one_stays_what_it_is() {
    for policy in ["enrollment", "always", "new-device"] {
        let app = behind_a_proxy(&[("OTP_POLICY", policy)]).await;
        let ada = Person::ada();
        let device = device_of(&app, &ada).await;
        assert_eq!(device.len(), 43, "{policy}");
        if policy == "always" {
            let ticket = login_on(&app, &device, &ada).await.is(200).text("loginTicket");
            let body = json!({
                "loginTicket": ticket, "otpCode": app.code_for(&ada), "deviceToken": device,
            });
            assert_eq!(app.verify_with(&body).await.is(200).text("deviceToken"), device);
        }
        assert_eq!(app.count("SELECT count(*) FROM known_devices").await, 1, "{policy}");
    }
}

#[tokio::test]
async fn a_device_that_is_used_stays_known_and_one_that_is_not_is_forgotten() {
    let app = behind_a_proxy(&[("OTP_POLICY", "new-device")]).await;
    let ada = Person::ada();
    let device = device_of(&app, &ada).await;
    for _ in 0..4 {
        app.advance(TimeDelta::days(60));
        let login = login_on(&app, &device, &ada).await.is(200);
        assert_eq!(login.json()["requiresOtp"], false);
    }
    // Whose password was wrong has not used it.
    app.advance(TimeDelta::days(60));
    let mistaken = Person { password: "not hers at all".to_owned(), ..ada.clone() };
    login_on(&app, &device, &mistaken).await.refused(401, "invalid_credentials");
    app.advance(TimeDelta::days(31));
    let login = login_on(&app, &device, &ada).await.is(200);
    assert_eq!(login.json()["requiresOtp"], true);
}

#[tokio::test]
async fn the_owner_logs_in_on_a_known_device_while_a_thousand_blocks_guess() {
    let app = behind_a_proxy(&[]).await;
    let ada = Person::ada();
    let device = device_of(&app, &ada).await;
    let home = app.at("203.0.113.1");
    for block in 0..1000 {
        guess(&app.at(&address_in(block)), &ada).await;
        if block % 100 == 99 {
            let login = login_on(&home, &device, &ada).await.is(200);
            // All of them together are credential stuffing at its worst, and she is asked for nothing.
            assert_eq!(login.json()["requiresOtp"], false, "after {block}");
        }
        if block % 10 == 9 {
            app.advance(TimeDelta::minutes(1));
        }
    }
}

#[tokio::test]
async fn a_device_has_guesses_of_its_own_and_only_for_its_own_person() {
    let app = behind_a_proxy(&[]).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let device = device_of(&app, &ada).await;
    app.verified(&bob).await;
    let mistaken = Person { password: "not hers at all".to_owned(), ..ada.clone() };
    for _ in 0..10 {
        login_on(&app, &device, &mistaken).await.refused(401, "invalid_credentials");
    }
    let answer = login_on(&app, &device, &ada).await.refused(429, "password_guesses_exhausted");
    assert_eq!(answer.text("scope"), "device");
    app.login(&ada).await.is(200);
    // With somebody else's token one is as unknown as with none.
    guesses(&app, &bob, 10).await;
    let answer = login_on(&app, &device, &bob).await.refused(429, "password_guesses_exhausted");
    assert_eq!(answer.text("scope"), "user_and_address_block");
}

#[tokio::test]
async fn after_a_hundred_in_a_row_a_known_device_opens_the_account_for_others() {
    let app = behind_a_proxy(&[]).await;
    let ada = Person::ada();
    let device = device_of(&app, &ada).await;
    shut(&app, &ada).await;
    let elsewhere = app.at("203.0.113.1");
    elsewhere.login(&ada).await.refused(429, "password_guesses_exhausted");
    login_on(&elsewhere, &device, &ada).await.is(200);
    elsewhere.login(&ada).await.is(200);
}

#[tokio::test]
async fn after_a_hundred_in_a_row_a_new_password_opens_the_account() {
    let app = behind_a_proxy(&[]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    shut(&app, &ada).await;
    let ticket = app.forgotten(&ada).await;
    app.reset(&ticket, &wrong(&app.code_for(&ada)), "a heron at dawn, alone").await.is(401);
    app.login(&ada).await.refused(429, "password_guesses_exhausted");
    app.reset(&ticket, &app.code_for(&ada), "a heron at dawn, alone").await.is(204);
    let ada = Person { password: "a heron at dawn, alone".to_owned(), ..ada };
    app.login(&ada).await.is(200);
}

#[tokio::test]
async fn operators_see_that_an_account_is_slowed_and_forget_it() {
    let app = behind_a_proxy(&[]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let id = UserId::parse(app.user_row(&ada).await["id"].as_str().unwrap()).unwrap();
    assert!(passwords::slowed(app.database(), id, app.now()).await.unwrap().is_none());
    for block in 0..20 {
        guesses(&app.at(&address_in(block)), &ada, 1).await;
    }
    let slowed = passwords::slowed(app.database(), id, app.now()).await.unwrap().unwrap();
    assert_eq!((slowed.failures, slowed.is_shut), (20, false));
    assert_eq!(slowed.until, Some(app.now() + TimeDelta::minutes(1)));
    app.login(&ada).await.refused(429, "password_guesses_exhausted");
    passwords::forget_guesses(app.database(), id).await.unwrap();
    app.login(&ada).await.is(200);
}
