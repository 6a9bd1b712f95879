//! Changes of numbers that race: with sign-ups, with each other, and with the way back.
//!
//! Each was seen to fail on a program that does the same in another order, or without its condition.

use super::{ROOM, ask, change, confirm, mail_undo, moved, number_of, undo};
use crate::support::{Person, RACERS, TestApp, Visitor, count, race};

const ROUNDS: usize = 4;

async fn confirms(visitor: Visitor, token: String, code: String) -> crate::support::Answer {
    confirm(&visitor, &token, &code).await
}

async fn registers(visitor: Visitor, person: Person) -> crate::support::Answer {
    visitor.register(&person).await
}

async fn undoes(visitor: Visitor, token: &'static str) -> crate::support::Answer {
    undo(&visitor, token).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_changes_and_sign_ups_that_want_one_number_one_gets_it() {
    let app = TestApp::with(&ROOM).await;
    app.warm().await;
    let changing: Vec<_> = (0..RACERS / 2).map(Person::numbered).collect();
    let mut tokens = Vec::new();
    for person in &changing {
        tokens.push(app.verified(person).await);
    }
    for round in 0..ROUNDS {
        let wanted = Person::numbered(100 + round);
        let mut codes = Vec::new();
        for (person, token) in changing.iter().zip(&tokens) {
            let new = moved(person, &wanted);
            ask(&app, token, &new).await.is(202);
            codes.push(app.code_for(&new));
        }
        let changers = tokens.iter().zip(codes);
        let changers =
            changers.map(|(token, code)| confirms(Visitor::clone(&app), token.clone(), code));
        let newcomers = (0..RACERS / 2).map(|at| Person::numbered(200 + 10 * round + at));
        let newcomers = newcomers.map(|person| {
            let person = moved(&person, &wanted);
            registers(Visitor::clone(&app), person)
        });
        let racers: Vec<std::pin::Pin<Box<dyn Future<Output = _> + Send>>> = changers
            .map(|it| Box::pin(it) as _)
            .chain(newcomers.map(|it| Box::pin(it) as _))
            .collect();
        let answers = race(racers).await;
        let winners = count(&answers, 200, "") + count(&answers, 201, "");
        assert_eq!(winners, 1, "{answers:?}");
        assert_eq!(count(&answers, 409, "phone_taken"), RACERS - 1, "{answers:?}");
        let having = "SELECT count(*) FROM users WHERE phone_number = $1";
        let having: i64 =
            sqlx::query_scalar(having).bind(&wanted.phone).fetch_one(app.database()).await.unwrap();
        assert_eq!(having, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_code_changes_a_number_once() {
    let app = TestApp::with(&[ROOM.as_slice(), &[("OTP_MAX_ATTEMPTS", "20")]].concat()).await;
    app.warm().await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    for round in 0..ROUNDS {
        let new = moved(&ada, &Person::numbered(round));
        ask(&app, &token, &new).await.is(202);
        let code = app.code_for(&new);
        let racers =
            (0..RACERS).map(|_| confirms(Visitor::clone(&app), token.clone(), code.clone()));
        let answers = race(racers.collect()).await;
        assert_eq!(count(&answers, 200, ""), 1, "{answers:?}");
        assert_eq!(count(&answers, 401, "otp_new_code_required"), RACERS - 1, "{answers:?}");
    }
    assert_eq!(app.count("SELECT count(*) FROM phone_changes").await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_signs_up_with_a_number_in_the_moment_in_which_it_is_given_up() {
    let app = TestApp::with(&ROOM).await;
    app.warm().await;
    for round in 0..2 * ROUNDS {
        let person = Person::numbered(round);
        let token = app.verified(&person).await;
        let new = moved(&person, &Person::numbered(100 + round));
        ask(&app, &token, &new).await.is(202);
        let changer = confirms(Visitor::clone(&app), token, app.code_for(&new));
        let newcomers = (1..RACERS).map(|at| Person::numbered(200 + 10 * round + at));
        let mut racers: Vec<std::pin::Pin<Box<dyn Future<Output = _> + Send>>> =
            vec![Box::pin(changer)];
        racers.extend(
            newcomers.map(|it| Box::pin(registers(Visitor::clone(&app), moved(&it, &person))) as _),
        );
        let answers = race(racers).await;
        assert_eq!(count(&answers, 200, ""), 1, "{answers:?}");
        assert_eq!(count(&answers, 409, "phone_taken"), RACERS - 1, "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_link_undoes_once_and_no_change_slips_past_it() {
    let app = TestApp::with(&ROOM).await;
    app.warm().await;
    for round in 0..2 * ROUNDS {
        let person = Person::numbered(round);
        let token = app.verified(&person).await;
        change(&app, &token, &moved(&person, &Person::numbered(100 + round))).await;
        mail_undo(&app, "a link").await;
        // Whoever changed it changes it once more, in the same moment.
        let again = moved(&person, &Person::numbered(200 + round));
        ask(&app, &token, &again).await.is(202);
        let code = app.code_for(&again);
        let changer = confirms(Visitor::clone(&app), token.clone(), code);
        let mut racers: Vec<std::pin::Pin<Box<dyn Future<Output = _> + Send>>> =
            vec![Box::pin(changer)];
        racers.extend((1..RACERS).map(|_| Box::pin(undoes(Visitor::clone(&app), "a link")) as _));
        let answers = race(racers).await;
        let undone = count(&answers[1..], 200, "");
        assert_eq!(undone, 1, "{answers:?}");
        assert_eq!(count(&answers, 401, "undo_token_invalid"), RACERS - 2, "{answers:?}");
        assert_eq!(number_of(&app, &person).await, person.phone, "{answers:?}");
        assert_eq!(app.count("SELECT count(*) FROM phone_changes").await, 0, "{answers:?}");
    }
}
