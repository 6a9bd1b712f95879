//! What people are told of wrong passwords, and what is kept of them.

use chrono::TimeDelta;
use ringfence::passwords;
use serde_json::json;

use super::{address_in, behind_a_proxy, guess, guesses};
use crate::support::Person;

const MAIL: [(&str, &str); 2] =
    [("SMTP_URL", "smtp://127.0.0.1:1"), ("EMAIL_FROM", "auth@example.com")];

#[tokio::test]
async fn the_person_is_told_once_that_the_account_is_shut() {
    let app = behind_a_proxy(&MAIL).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let told = "SELECT count(*) FROM email_outbox WHERE template = 'password_guessed'";
    for block in 0..100 {
        assert_eq!(app.count(told).await, 0, "after {block}");
        guesses(&app.at(&address_in(block)), &ada, 1).await;
        app.advance(TimeDelta::minutes(16));
    }
    for block in 200..240 {
        guess(&app.at(&address_in(block)), &ada).await.is(429);
    }
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while app.count(told).await == 0 {
        assert!(tokio::time::Instant::now() < deadline, "she is never told");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(app.count(told).await, 1);
}

#[tokio::test]
async fn a_person_finds_their_wrong_passwords_in_their_export() {
    let app = behind_a_proxy(&[]).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    guesses(&app.at("198.51.100.9"), &ada, 2).await;
    app.delete_profile(&token, "not hers at all").await.refused(403, "password_wrong");
    let export = app.get_as(&token, "/api/v1/profile/export").await.is(200);
    let rows = export.json()["passwordGuesses"].as_array().unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (&row["place"], &row["failures"])).collect();
    assert_eq!(
        rows,
        [
            (&json!("block:198.51.100.0/24"), &json!(2)),
            (&json!("everywhere"), &json!(2)),
            (&json!("session"), &json!(1)),
        ]
    );
}

#[tokio::test]
async fn what_has_run_out_is_deleted_and_the_rest_is_not() {
    let app = behind_a_proxy(&[]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    guesses(&app.at("198.51.100.9"), &ada, 2).await;
    let rows = "SELECT count(*) FROM password_guesses";
    let tallies = "SELECT count(*) FROM password_block_tallies";
    let keep_house = async || {
        let mut connection = app.database().acquire().await.unwrap();
        passwords::delete_expired_guesses(&mut connection, app.now()).await.unwrap()
    };
    assert_eq!(keep_house().await, 0);
    app.advance(TimeDelta::hours(3));
    assert!(keep_house().await > 0);
    assert_eq!((app.count(rows).await, app.count(tallies).await), (2, 0));
    app.advance(TimeDelta::days(31));
    keep_house().await;
    assert_eq!(app.count(rows).await, 1, "how many in a row from everywhere is kept for a year");
    app.advance(TimeDelta::days(335));
    keep_house().await;
    assert_eq!(app.count(rows).await, 0);
}
