//! Requests that race: whatever their order, one code gives one token, one wait one text, one
//! address one user, and nobody gets a guess more than allowed.
//!
//! Each subject was seen to fail on a program that reads first and writes then.

use serde_json::{Value, json};

use crate::fake_sinch::Operation;
use crate::support::{Answer, Person, RACERS, TestApp, Visitor, count, race, wrong};

/// Limits that are not what the race is about.
const ROOM: [(&str, &str); 3] = [
    ("OTP_MAX_ATTEMPTS", "20"),
    ("OTP_WRONG_PER_HOUR", "1000"),
    ("OTP_MAX_PER_ADDRESS_HOURLY", "1000"),
];
const ROUNDS: usize = 4;

async fn verify(visitor: Visitor, ticket: String, code: String) -> Answer {
    visitor.verify(&ticket, &code).await
}

async fn request_otp(visitor: Visitor, ticket: String) -> Answer {
    visitor.request_otp(&ticket).await
}

async fn register(visitor: Visitor, person: Person) -> Answer {
    visitor.register(&person).await
}

async fn login(visitor: Visitor, person: Person) -> Answer {
    visitor.login(&person).await
}

/// As many logins as race, all of them waiting for the one code that was sent.
async fn tickets(app: &TestApp, person: &Person) -> Vec<String> {
    let mut tickets = vec![app.pending(person).await];
    while tickets.len() < RACERS {
        tickets.push(app.login(person).await.is(200).text("loginTicket"));
    }
    assert_eq!(app.sends_to(person), 1);
    tickets
}

async fn one_code_gives_one_token(app: &TestApp) {
    app.warm().await;
    for round in 0..ROUNDS {
        let person = Person::numbered(round);
        let mut tickets = tickets(app, &person).await;
        let code = app.code_for(&person);
        if round % 2 == 1 {
            // The other way to cheat: one login, finished several times.
            tickets = vec![tickets.remove(0); RACERS];
        }
        let visitors = tickets.into_iter();
        let racers = visitors.map(|ticket| verify(Visitor::clone(app), ticket, code.clone()));
        let answers = race(racers.collect()).await;
        assert_eq!(count(&answers, 200, ""), 1, "{answers:?}");
        let refused = answers.iter().filter(|answer| answer.status() == 401).count();
        assert_eq!(refused, RACERS - 1, "{answers:?}");
    }
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_racing_right_codes_give_one_token() {
    one_code_gives_one_token(&TestApp::with(&ROOM).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_racing_right_codes_of_sinch_give_one_token() {
    one_code_gives_one_token(&TestApp::sinch(&ROOM).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_address_and_one_number_are_registered_once() {
    let app = TestApp::new().await;
    app.warm().await;
    let people = |alike: fn(Person, Person) -> Person| {
        let racers = (1..=RACERS).map(Person::numbered).map(move |it| alike(Person::ada(), it));
        racers.map(|person| register(Visitor::clone(&app), person)).collect()
    };
    let answers = race(people(|ada, other| Person { email: ada.email, ..other })).await;
    assert_eq!(count(&answers, 201, ""), 1, "{answers:?}");
    assert_eq!(count(&answers, 409, "email_taken"), RACERS - 1, "{answers:?}");
    sqlx::query("DELETE FROM users").execute(app.database()).await.unwrap();

    let answers = race(people(|ada, other| Person { phone: ada.phone, ..other })).await;
    assert_eq!(count(&answers, 201, ""), 1, "{answers:?}");
    assert_eq!(count(&answers, 409, "phone_taken"), RACERS - 1, "{answers:?}");
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
    assert_eq!(app.count("SELECT count(*) FROM login_tickets").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn strict_one_address_is_registered_once_and_all_are_answered_alike() {
    let app = TestApp::with(&[("USER_ENUMERATION", "strict")]).await;
    app.warm().await;
    for round in 1..=ROUNDS {
        let racers = (1..=RACERS).map(|it| {
            let email = format!("round{round}@example.com");
            Person { email, ..Person::numbered(round * 100 + it) }
        });
        let racers = racers.map(|person| register(Visitor::clone(&app), person));
        let answers = race(racers.collect()).await;
        assert_eq!(count(&answers, 201, ""), RACERS, "{answers:?}");
        let users = app.count("SELECT count(*) FROM users").await;
        assert_eq!(usize::try_from(users).unwrap(), round);
        let tickets = app.count("SELECT count(*) FROM login_tickets").await;
        assert_eq!(tickets, users);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_requests_send_one_text() {
    for app in [TestApp::with(&ROOM).await, TestApp::sinch(&ROOM).await] {
        app.warm().await;
        for round in 0..ROUNDS {
            let person = Person::numbered(round);
            let ticket = app.register(&person).await.is(201).text("loginTicket");
            let racers = (0..RACERS).map(|_| request_otp(Visitor::clone(&app), ticket.clone()));
            let answers = race(racers.collect()).await;
            assert_eq!(count(&answers, 200, ""), 1, "{answers:?}");
            assert_eq!(count(&answers, 429, "otp_cooldown"), RACERS - 1, "{answers:?}");
            assert_eq!(app.sends_to(&person), 1);
            app.verify(&ticket, &app.code_for(&person)).await.is(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_logins_send_one_text_and_all_can_use_it() {
    let app = TestApp::sinch(&ROOM).await;
    app.warm().await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    let racers = (0..RACERS).map(|_| login(Visitor::clone(&app), ada.clone()));
    let answers = race(racers.collect()).await;
    assert_eq!(count(&answers, 200, ""), RACERS, "{answers:?}");
    assert!(answers.iter().all(|it| it.json()["otpError"].is_null()), "{answers:?}");
    assert_eq!(app.fake().received(Operation::Start), 1);
    let last = answers.last().unwrap().text("loginTicket");
    app.verify(&last, &app.code_for(&ada)).await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_race_send_one_text() {
    let one = TestApp::sinch(&ROOM).await;
    let two = one.replica(&[]).await;
    one.warm().await;
    two.warm().await;
    for round in 0..ROUNDS {
        let person = Person::numbered(round);
        let ticket = one.register(&person).await.is(201).text("loginTicket");
        let visitors = [&one, &two].into_iter().cycle().take(RACERS);
        let racers = visitors.map(|app| request_otp(Visitor::clone(app), ticket.clone()));
        let answers = race(racers.collect()).await;
        assert_eq!(count(&answers, 200, ""), 1, "{answers:?}");
        assert_eq!(one.sends_to(&person), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_requests_stay_below_the_caps() {
    let settings = [
        ("OTP_RESEND_SECONDS", "0"),
        ("OTP_MAX_PER_NUMBER_HOURLY", "3"),
        ("OTP_MAX_PER_ADDRESS_HOURLY", "5"),
    ];
    let app = TestApp::sinch(&settings).await;
    app.warm().await;
    let ticket = app.register(&Person::ada()).await.is(201).text("loginTicket");
    let racers = (0..RACERS).map(|_| request_otp(Visitor::clone(&app), ticket.clone()));
    let answers = race(racers.collect()).await;
    assert_eq!(app.fake().received(Operation::Start), 3);
    assert_eq!(count(&answers, 429, "otp_limit_reached"), RACERS - 3, "{answers:?}");

    let mut racers = Vec::new();
    for number in 0..RACERS {
        let ticket = app.register(&Person::numbered(number)).await.is(201).text("loginTicket");
        racers.push(request_otp(Visitor::clone(&app), ticket));
    }
    let answers = race(racers).await;
    assert_eq!(app.fake().received(Operation::Start), 5, "of one address");
    assert_eq!(count(&answers, 429, "otp_limit_reached"), RACERS - 2, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_free_resend_is_one_however_many_race_for_it() {
    let app = TestApp::sinch(&ROOM).await;
    app.warm().await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    app.verify(&ticket, &wrong(&app.code_for(&ada))).await.is(401);
    let racers = (0..RACERS).map(|_| request_otp(Visitor::clone(&app), ticket.clone()));
    let answers = race(racers.collect()).await;
    assert_eq!(count(&answers, 200, ""), 1, "{answers:?}");
    assert_eq!(app.sends_to(&ada), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_wrong_codes_get_no_guess_more_than_allowed() {
    let app = TestApp::with(&[("OTP_MAX_ATTEMPTS", "3")]).await;
    app.warm().await;
    for round in 0..ROUNDS {
        let person = Person::numbered(round);
        let ticket = app.pending(&person).await;
        let code = app.code_for(&person);
        let racers =
            (0..RACERS).map(|_| verify(Visitor::clone(&app), ticket.clone(), wrong(&code)));
        let answers = race(racers.collect()).await;
        assert_eq!(count(&answers, 401, "otp_invalid"), 2, "{answers:?}");
        assert_eq!(count(&answers, 401, "otp_new_code_required"), RACERS - 2, "{answers:?}");
        let mut left: Vec<_> = answers.iter().map(|it| it.json()["attemptsLeft"].clone()).collect();
        left.sort_by_key(Value::as_i64);
        assert_eq!(&left[RACERS - 3..], [json!(0), json!(1), json!(2)]);
        app.verify(&ticket, &code).await.refused(401, "otp_new_code_required");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_wrong_codes_ask_sinch_no_more_often_than_allowed() {
    let app = TestApp::sinch(&[("OTP_MAX_ATTEMPTS", "3")]).await;
    app.fake().burn_on_wrong_code(false);
    app.warm().await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    let racers = (0..RACERS).map(|_| verify(Visitor::clone(&app), ticket.clone(), wrong(&code)));
    let answers = race(racers.collect()).await;
    assert_eq!(app.fake().received(Operation::Report), 3, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_hourly_count_of_wrong_codes_holds_over_resends_and_races() {
    let settings =
        [("OTP_WRONG_PER_HOUR", "6"), ("OTP_MAX_ATTEMPTS", "4"), ("OTP_RESEND_SECONDS", "0")];
    let app = TestApp::sinch(&settings).await;
    app.fake().burn_on_wrong_code(false);
    app.warm().await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    for judged in [4, 6, 6] {
        let code = app.code_for(&ada);
        let racers =
            (0..RACERS).map(|_| verify(Visitor::clone(&app), ticket.clone(), wrong(&code)));
        let answers = race(racers.collect()).await;
        assert_eq!(app.fake().received(Operation::Report), judged, "{answers:?}");
        app.request_otp(&ticket).await.is(200);
    }
    let right = app.verify(&ticket, &app.code_for(&ada)).await;
    right.refused(429, "otp_guesses_exhausted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_start_together_agree_on_one_key() {
    let app = TestApp::with(&[("BASE_URL", "https://auth.example.com")]).await;
    for _ in 0..ROUNDS {
        sqlx::query("DELETE FROM signing_keys").execute(app.database()).await.unwrap();
        let (one, two, three, four) =
            tokio::join!(app.replica(&[]), app.replica(&[]), app.replica(&[]), app.replica(&[]));
        assert_eq!(app.count("SELECT count(*) FROM signing_keys").await, 1);
        let keys = one.get("/.well-known/jwks.json").await;
        sqlx::query("DELETE FROM users").execute(app.database()).await.unwrap();
        let token = one.verified(&Person::ada()).await;
        for other in [&two, &three, &four] {
            assert_eq!(other.get("/.well-known/jwks.json").await.json(), keys.json());
            other.session(&token).await.is(200);
        }
        app.advance(chrono::TimeDelta::days(1));
    }
}
