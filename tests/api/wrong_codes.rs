//! The budget of wrong codes: it belongs to the user and the number, not to the code; the wait behind
//! it grows; and it has nothing to do with passwords.

use chrono::{DateTime, TimeDelta, Utc};

use crate::support::{Answer, Person, TestApp, wrong};

/// So many codes can be had that only the wrong ones are ever too many.
const CODES_GALORE: [(&str, &str); 4] = [
    ("OTP_MAX_PER_NUMBER_HOURLY", "1000"),
    ("OTP_MAX_PER_NUMBER_DAILY", "1000"),
    ("OTP_MAX_PER_ADDRESS_HOURLY", "1000"),
    ("TRUSTED_PROXIES", "127.0.0.1"),
];

/// Three wrong codes an hour, all of which one code takes.
async fn strict_app(others: &[(&str, &str)]) -> TestApp {
    let strict = [("OTP_WRONG_PER_HOUR", "3"), ("OTP_MAX_ATTEMPTS", "20")];
    TestApp::with(&[CODES_GALORE.as_slice(), &strict, others].concat()).await
}

/// The ticket of a new login, whose code is on its way.
async fn ticket(app: &TestApp, person: &Person) -> String {
    let login = app.login(person).await.is(200);
    assert!(login.json()["otpError"].is_null(), "{login:?}");
    login.text("loginTicket")
}

/// Guesses wrong until that is refused. How many guesses were judged, and the refusal.
async fn exhaust(app: &TestApp, ticket: &str, person: &Person) -> (usize, Answer) {
    let guess = wrong(&app.code_for(person));
    for judged in 0.. {
        let answer = app.verify(ticket, &guess).await;
        if answer.status() == 429 {
            return (judged, answer.refused(429, "otp_guesses_exhausted"));
        }
        answer.refused(401, "otp_invalid");
    }
    unreachable!("nobody counts that far")
}

#[tokio::test]
async fn of_150_wrong_codes_with_a_new_code_after_each_three_only_the_budget_is_judged() {
    let mut app = TestApp::with(&CODES_GALORE).await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    let (mut judged, mut refused) = (Vec::<DateTime<Utc>>::new(), Vec::new());
    for round in 0..50 {
        if round == 5 || round == 25 {
            app = app.replica(&[]).await;
        }
        let login = app.at(&format!("203.0.113.{round}")).login(&ada).await.is(200);
        let (ticket, code) = (login.text("loginTicket"), app.code_for(&ada));
        for guess in 0..3 {
            let elsewhere = app.at(&format!("198.51.100.{}", 3 * round + guess));
            let answer = elsewhere.verify(&ticket, &wrong(&code)).await;
            match answer.status() {
                401 => judged.push(app.now()),
                _ => refused.push(answer.refused(429, "otp_guesses_exhausted")),
            }
        }
        if round == 49 {
            app.verify(&ticket, &code).await.refused(429, "otp_guesses_exhausted");
        }
        app.advance(TimeDelta::seconds(120));
    }
    assert_eq!(app.count("SELECT count(*) FROM messages").await, 50, "a code a round");
    // An hour and 40 minutes: ten in the first hour, ten after it, and then two hours' wait.
    assert_eq!((judged.len(), refused.len()), (20, 130));
    for first in &judged {
        let within = judged.iter().filter(|at| (*first..*first + TimeDelta::hours(1)).contains(at));
        assert!(within.count() <= 10, "{judged:?}");
    }
    let last = refused.last().unwrap();
    assert_eq!(last.seconds_to_wait(), 3 * 3600 - 49 * 120, "three hours after the first one");
}

#[tokio::test]
async fn each_round_of_wrong_codes_doubles_the_wait_up_to_a_day_whatever_happens_in_between() {
    let mut app = strict_app(&[]).await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    let mut hours = Vec::new();
    let mut login = ticket(&app, &ada).await;
    for round in 0..10 {
        let (judged, refusal) = exhaust(&app, &login, &ada).await;
        assert_eq!(judged, 3);
        let wait = refusal.seconds_to_wait();
        hours.push(u64::try_from(wait).unwrap().div_ceil(3600));
        app.advance(TimeDelta::seconds(wait - 1));
        app = app.replica(&[]).await;
        login = ticket(&app, &ada).await;
        let too_early = app.verify(&login, &app.code_for(&ada)).await;
        assert_eq!(too_early.refused(429, "otp_guesses_exhausted").seconds_to_wait(), 1);
        // Ever later than need be: at last it is more than a day after the last guess.
        app.advance(TimeDelta::seconds(1) + TimeDelta::minutes(round));
        app.application.state.otp.keep_house(app.database(), app.now()).await.unwrap();
        login = ticket(&app, &ada).await;
    }
    assert_eq!(hours, [1, 2, 4, 8, 16, 24, 24, 24, 24, 24]);
    app.verify(&login, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn a_right_code_ends_the_growth_and_not_the_count_of_the_hour() {
    let app = strict_app(&[("OTP_POLICY", "always")]).await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    for hours in [1, 2] {
        let login = ticket(&app, &ada).await;
        let (_, refusal) = exhaust(&app, &login, &ada).await;
        assert_eq!(refusal.seconds_to_wait(), hours * 3600);
        app.advance(TimeDelta::hours(hours));
    }
    let login = ticket(&app, &ada).await;
    app.verify(&login, &wrong(&app.code_for(&ada))).await.refused(401, "otp_invalid");
    app.advance(TimeDelta::minutes(1));
    app.verify(&login, &app.code_for(&ada)).await.is(200);

    app.advance(TimeDelta::minutes(9));
    let login = ticket(&app, &ada).await;
    let (judged, refusal) = exhaust(&app, &login, &ada).await;
    assert_eq!(judged, 2, "the one before the right code still counts");
    assert_eq!(refusal.seconds_to_wait(), 50 * 60, "and the growth begins anew");
}

#[tokio::test]
async fn the_budget_belongs_to_the_number_too() {
    let app = strict_app(&[]).await;
    let ada = Person::ada();
    let login = app.pending(&ada).await;
    let (_, of_user) = exhaust(&app, &login, &ada).await;
    assert_eq!(of_user.json()["scope"], "user");
    sqlx::query("DELETE FROM users").execute(app.database()).await.unwrap();
    let somebody = Person { email: "somebody@example.com".to_owned(), ..ada };
    app.advance(TimeDelta::minutes(10));
    let login = app.pending(&somebody).await;
    let (judged, of_number) = exhaust(&app, &login, &somebody).await;
    assert_eq!((judged, of_number.seconds_to_wait()), (0, 50 * 60));
    assert_eq!(of_number.json()["scope"], "number");
}

#[tokio::test]
async fn wrong_codes_lock_nobody_out_of_the_password_and_wrong_passwords_nobody_out_of_the_code() {
    let app = strict_app(&[("OTP_POLICY", "always")]).await;
    let ada = Person::ada();
    let login = app.pending(&ada).await;
    exhaust(&app, &login, &ada).await;
    app.advance(TimeDelta::minutes(30));
    let login = ticket(&app, &ada).await;
    exhaust(&app, &login, &ada).await;

    app.advance(TimeDelta::minutes(30));
    let forgetful = Person { password: "not this one, either".to_owned(), ..ada.clone() };
    let login = ticket(&app, &ada).await;
    for place in 0..50 {
        let answer = app.login(&forgetful).await;
        assert_eq!(answer.status(), if place < 10 { 401 } else { 429 }, "{answer:?}");
    }
    app.verify(&login, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn after_twenty_five_wrong_codes_in_a_year_codes_are_longer_whatever_was_right_in_between() {
    let endless =
        [("OTP_WRONG_PER_HOUR", "1000"), ("OTP_MAX_ATTEMPTS", "20"), ("OTP_POLICY", "always")];
    let mut app = TestApp::with(&[CODES_GALORE.as_slice(), &endless].concat()).await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    let began = app.now();
    for (round, given) in [10, 10, 5].into_iter().enumerate() {
        let login = ticket(&app, &ada).await;
        let code = app.code_for(&ada);
        assert_eq!(code.len(), 6, "round {round}");
        for _ in 0..given {
            app.verify(&login, &wrong(&code)).await.refused(401, "otp_invalid");
        }
        app.verify(&login, &code).await.is(200);
        app.advance(TimeDelta::days(30));
        app.application.state.otp.keep_house(app.database(), app.now()).await.unwrap();
    }
    app = app.replica(&[]).await;
    let login = ticket(&app, &ada).await;
    let code = app.code_for(&ada);
    assert_eq!(code.len(), 8);
    app.verify(&login, &code[..6]).await.refused(401, "otp_invalid");
    app.verify(&login, &code).await.is(200);

    // The first ten are a year old now.
    app.advance(began + TimeDelta::days(365) - app.now());
    ticket(&app, &ada).await;
    assert_eq!(app.code_for(&ada).len(), 6);
}

#[tokio::test]
async fn codes_are_longer_for_a_number_that_several_accounts_were_tried_with() {
    let endless = [("OTP_WRONG_PER_HOUR", "1000"), ("OTP_MAX_ATTEMPTS", "20")];
    let app = TestApp::with(&[CODES_GALORE.as_slice(), &endless].concat()).await;
    let ada = Person::ada();
    for account in 0..3 {
        sqlx::query("DELETE FROM users").execute(app.database()).await.unwrap();
        let person = Person { email: format!("somebody{account}@example.com"), ..ada.clone() };
        let login = app.pending(&person).await;
        let code = app.code_for(&person);
        assert_eq!(code.len(), if account < 2 { 6 } else { 8 });
        for _ in 0..20 {
            let refused = app.verify(&login, &wrong(&code)).await;
            assert_eq!(refused.status(), 401);
        }
        app.advance(TimeDelta::minutes(10));
    }
}
