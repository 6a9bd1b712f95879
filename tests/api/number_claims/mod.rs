//! Numbers that somebody else has had: claimed at sign-up, kept by who has them, released after a quarantine.

mod claiming;
mod keeping;
mod races;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp, Visitor};

/// Whoever waits for codes is not what these tests are about.
const ROOM: [(&str, &str); 5] = [
    ("OTP_RESEND_SECONDS", "0"),
    ("OTP_MAX_PER_ADDRESS_HOURLY", "1000"),
    ("OTP_MAX_PER_NUMBER_HOURLY", "1000"),
    ("OTP_MAX_PER_NUMBER_DAILY", "1000"),
    ("OTP_WRONG_PER_HOUR", "1000"),
];

/// Somebody new with the phone of `last`.
fn heir(last: &Person, number: usize) -> Person {
    Person { phone: last.phone.clone(), ..Person::numbered(number) }
}

/// Signs up with a number that somebody else may have.
async fn claim(visitor: &Visitor, person: &Person) -> Answer {
    let body = json!({
        "email": person.email, "password": person.password, "phoneNumber": person.phone,
        "claimNumber": true,
    });
    visitor.post("/api/v1/auth/register", &body).await
}

/// Logs in by e-mail: the ticket and the code, which has gone to the phone of `person`.
async fn begun(app: &TestApp, person: &Person) -> (String, String) {
    let ticket = app.login(person).await.is(200).text("loginTicket");
    (ticket, app.code_for(person))
}

/// Logs in and enters the code.
async fn proves(app: &TestApp, person: &Person) -> Answer {
    let (ticket, code) = begun(app, person).await;
    app.verify(&ticket, &code).await
}

/// The number and whether it is verified, of the person with that e-mail address.
async fn standing(app: &TestApp, person: &Person) -> (Option<String>, bool) {
    let query = "SELECT phone_number, is_verified FROM users WHERE email = $1";
    sqlx::query_as(query).bind(&person.email).fetch_one(app.database()).await.unwrap()
}

/// … who has this number, and has proven it.
async fn has_it(app: &TestApp, person: &Person) -> bool {
    standing(app, person).await == (Some(person.phone.clone()), true)
}

/// The claims whose release has begun.
async fn releases(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM number_claims WHERE release_at IS NOT NULL").await
}

/// Ada, whose number Bob has claimed and proven.
async fn quarantined(app: &TestApp) -> (Person, Person) {
    let ada = Person::ada();
    let bob = heir(&ada, 1);
    app.verified(&ada).await;
    claim(app, &bob).await.is(201);
    app.advance(TimeDelta::minutes(1));
    let held = proves(app, &bob).await.refused(409, "phone_taken");
    assert_ne!(held.json()["releaseAt"], Value::Null);
    (ada, bob)
}
