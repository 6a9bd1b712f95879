//! Passwords that several requests want to set at once: one does.
//!
//! Each was seen to fail on a program in which the deciding statement does not decide.

use std::time::Duration;

use serde_json::json;
use sqlx::{Postgres, Transaction};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::support::{Answer, Person, RACERS, TestApp, Visitor, count, race};

const ROUNDS: usize = 4;

/// Limits that are not what the race is about.
const ROOM: [(&str, &str); 3] = [
    ("OTP_RESEND_SECONDS", "0"),
    ("OTP_MAX_ATTEMPTS", "20"),
    ("OTP_MAX_PER_ADDRESS_HOURLY", "1000"),
];

fn password(number: usize) -> String {
    format!("the staple of racer {number}")
}

async fn reset(visitor: Visitor, ticket: String, code: String, password: String) -> Answer {
    visitor.reset(&ticket, &code, &password).await
}

async fn change(visitor: Visitor, token: String, current: String, new: String) -> Answer {
    visitor.change_password(&token, &current, &new).await
}

/// The passwords that `person` can log in with.
async fn good(app: &TestApp, person: &Person, passwords: &[String]) -> Vec<String> {
    let mut good = Vec::new();
    for password in passwords {
        let body = json!({ "email": person.email, "password": password });
        if app.post("/api/v1/auth/login", &body).await.status() == 200 {
            good.push(password.clone());
        }
    }
    good
}

/// Asserts that one of `answers`, which came to those who wanted `passwords`, is a success, and that
/// its password counts.
async fn one_has_won(app: &TestApp, person: &Person, passwords: &[String], answers: &[Answer]) {
    assert_eq!(count(answers, 204, ""), 1, "{answers:?}");
    let winner = answers.iter().position(|answer| answer.status() == 204).unwrap();
    assert_eq!(good(app, person, passwords).await, [passwords[winner].clone()]);
    good(app, person, std::slice::from_ref(&person.password))
        .await
        .is_empty()
        .then_some(())
        .unwrap();
}

#[tokio::test]
async fn of_racing_first_logins_with_a_password_that_was_handed_out_one_wins() {
    let app = TestApp::with(&ROOM).await;
    let admin = app.admin(&Person::ada()).await;
    let person = Person::bob();
    app.verified(&person).await;
    app.warm().await;
    for _ in 0..ROUNDS {
        let path = app.path_of(&person, "/reset-password").await;
        let given = admin.poke(&path).await.is(200).text("password");
        let racers = (0..RACERS).map(|number| {
            let (visitor, own) = (Visitor::clone(&app), password(number));
            let body = json!({ "email": person.email, "password": given, "newPassword": own });
            async move { visitor.post("/api/v1/auth/login", &body).await }
        });
        let answers = race(racers.collect()).await;
        assert_eq!(count(&answers, 200, ""), 1, "{answers:?}");
        assert_eq!(count(&answers, 401, "invalid_credentials"), RACERS - 1, "{answers:?}");
        let winner = answers.iter().position(|answer| answer.status() == 200).unwrap();
        app.login(&Person { password: password(winner), ..person.clone() }).await.is(200);
    }
}

async fn of_racing_resets_one_wins(app: TestApp) {
    app.warm().await;
    let passwords: Vec<_> = (0..RACERS).map(password).collect();
    for round in 0..ROUNDS {
        let person = Person::numbered(round);
        app.verified(&person).await;
        let ticket = app.forgotten(&person).await;
        let code = app.code_for(&person);
        let racers = passwords.iter().map(|password| {
            reset(Visitor::clone(&app), ticket.clone(), code.clone(), password.clone())
        });
        let answers = race(racers.collect()).await;
        one_has_won(&app, &person, &passwords, &answers).await;
        let refused = answers.iter().filter(|answer| answer.status() == 401).count();
        assert_eq!(refused, RACERS - 1, "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_racing_resets_with_one_ticket_one_wins() {
    of_racing_resets_one_wins(TestApp::with(&ROOM).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_racing_resets_by_sinch_one_wins() {
    of_racing_resets_one_wins(TestApp::sinch(&ROOM).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_racing_changes_one_wins() {
    let app = TestApp::with(&ROOM).await;
    app.warm().await;
    let passwords: Vec<_> = (0..RACERS).map(password).collect();
    for round in 0..ROUNDS {
        let person = Person::numbered(round);
        let token = app.verified(&person).await;
        let racers = passwords.iter().map(|new| {
            change(Visitor::clone(&app), token.clone(), person.password.clone(), new.clone())
        });
        let answers = race(racers.collect()).await;
        one_has_won(&app, &person, &passwords, &answers).await;
        assert_eq!(count(&answers, 403, "password_wrong"), RACERS - 1, "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_reset_and_a_change_that_race_one_wins() {
    let app = TestApp::with(&ROOM).await;
    app.warm().await;
    let mut winners = [0; 2];
    for round in 0..4 * ROUNDS {
        let person = Person::numbered(round);
        let token = app.verified(&person).await;
        let ticket = app.forgotten(&person).await;
        let (code, passwords) = (app.code_for(&person), [password(1), password(2)]);
        let visitor = || Visitor::clone(&app);
        let old = person.password.clone();
        let reset = reset(visitor(), ticket, code, passwords[0].clone());
        let change = change(visitor(), token, old, passwords[1].clone());
        let answers = race(vec![boxed(reset), boxed(change)]).await;
        one_has_won(&app, &person, &passwords, &answers).await;
        winners[usize::from(answers[1].status() == 204)] += 1;
    }
    assert_eq!(winners.iter().sum::<usize>(), 4 * ROUNDS);
}

fn boxed(
    asked: impl Future<Output = Answer> + Send + 'static,
) -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>> {
    Box::pin(asked)
}

/// Waits until so many wait for a lock in the database.
async fn until_waiting(app: &TestApp, wanted: i64) {
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let deadline = Instant::now() + Duration::from_secs(20);
    while app.count(waiting).await < wanted {
        assert!(Instant::now() < deadline, "fewer than {wanted} wait for a lock");
        sleep(Duration::from_millis(5)).await;
    }
}

/// A login of `person` that has read the stored hash, and has not hashed yet; and what holds it up.
async fn reading(
    app: &TestApp,
    person: &Person,
) -> (JoinHandle<Answer>, Transaction<'static, Postgres>) {
    let mut holding = app.database().begin().await.unwrap();
    let lock = "LOCK TABLE known_devices IN ACCESS EXCLUSIVE MODE";
    sqlx::query(lock).execute(&mut *holding).await.unwrap();
    let (visitor, mut body) = (Visitor::clone(app), person.credentials());
    body["deviceToken"] = json!("a device that nobody knows");
    let login = tokio::spawn(async move { visitor.post("/api/v1/auth/login", &body).await });
    until_waiting(app, 1).await;
    (login, holding)
}

#[tokio::test]
async fn a_login_under_way_with_the_old_password_leaves_nothing_after_a_change() {
    for policy in ["enrollment", "always"] {
        let app = TestApp::with(&[("OTP_POLICY", policy), ("OTP_RESEND_SECONDS", "0")]).await;
        let ada = Person::ada();
        let token = app.verified(&ada).await;
        let (login, holding) = reading(&app, &ada).await;
        app.change_password(&token, &ada.password, &password(1)).await.is(204);
        let texts = app.sends_to(&ada);
        holding.rollback().await.unwrap();
        login.await.unwrap().refused(401, "invalid_credentials");
        let open = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";
        assert_eq!(app.count(open).await, 1, "{policy}: hers, by which she changed it");
        let tickets = "SELECT count(*) FROM login_tickets WHERE consumed_at IS NULL";
        assert_eq!(app.count(tickets).await, 0, "{policy}");
        assert_eq!(app.sends_to(&ada), texts, "{policy}");
    }
}

#[tokio::test]
async fn a_ticket_that_is_issued_while_the_password_is_being_changed_is_good_for_nothing() {
    let app = TestApp::with(&[("OTP_POLICY", "always"), ("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    // The change has looked for tickets, and waits for her row.
    let mut holding = app.database().begin().await.unwrap();
    sqlx::query("SELECT FROM users FOR SHARE").execute(&mut *holding).await.unwrap();
    let (visitor, old) = (Visitor::clone(&app), ada.password.clone());
    let change = tokio::spawn(change(visitor, token, old, password(1)));
    until_waiting(&app, 1).await;
    let tickets = "SELECT count(*) FROM login_tickets";
    let before = app.count(tickets).await;
    // The login has its ticket, and waits to note that a code goes out.
    let (visitor, thief) = (Visitor::clone(&app), ada.clone());
    let login = tokio::spawn(async move { visitor.login(&thief).await });
    until_waiting(&app, 2).await;
    assert_eq!(app.count(tickets).await, before + 1);
    holding.rollback().await.unwrap();
    change.await.unwrap().is(204);
    let ticket = login.await.unwrap().is(200).text("loginTicket");
    app.verify(&ticket, &app.code_for(&ada)).await.refused(401, "login_ticket_invalid");
}

#[tokio::test]
async fn of_two_logins_that_renew_an_outdated_hash_both_are_good() {
    let before = TestApp::new().await;
    let ada = Person::ada();
    let token = before.verified(&ada).await;
    let app = before.replica(&[("ARGON2_MEMORY_KIB", "128")]).await;
    let (login, holding) = reading(&app, &ada).await;
    app.login(&ada).await.is(200);
    assert!(app.user_row(&ada).await["password_hash"].as_str().unwrap().contains("m=128,"));
    holding.rollback().await.unwrap();
    login.await.unwrap().is(200);

    // Where another password has come in between, the outdated hash of the old one opens nothing.
    let app = before.replica(&[("ARGON2_MEMORY_KIB", "256")]).await;
    let (login, holding) = reading(&app, &ada).await;
    // Her token is good where it was issued.
    before.change_password(&token, &ada.password, &password(1)).await.is(204);
    holding.rollback().await.unwrap();
    login.await.unwrap().refused(401, "invalid_credentials");
    app.login(&Person { password: password(1), ..ada }).await.is(200);
}
