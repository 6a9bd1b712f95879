//! What nobody learns from how long an answer takes: for people with an account and without one the
//! database is asked the same, statement by statement. Answers and hashes are in `uniformity`.

use serde_json::{Value, json};

use crate::log::Log;
use crate::support::{Answer, Person, TestApp};

/// The statements of the request `id` in what was logged, in their order.
fn statements(logged: &str, id: &str) -> Vec<String> {
    let lines = logged.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_request = lines.filter(|line| {
        let mut spans = line["spans"].as_array().into_iter().flatten();
        line["target"] == "sqlx::query" && spans.any(|span| span["request_id"] == id)
    });
    of_request.map(|line| statement(&line)).collect()
}

/// A short one is its own summary.
fn statement(line: &Value) -> String {
    let (whole, summary) = (line["db.statement"].as_str(), line["summary"].as_str());
    whole.filter(|whole| !whole.is_empty()).or(summary).unwrap().trim().to_owned()
}

/// Asks, and tells what the database was asked meanwhile.
async fn watch(log: &Log, asked: impl Future<Output = Answer>) -> (Answer, Vec<String>) {
    let before = log.text().len();
    let answer = asked.await;
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    (answer, statements(&log.text()[before..], &id))
}

/// `whole` has all of `begin` first: what comes after it nobody waits for.
#[track_caller]
fn begins(whole: &[String], begin: &[String]) {
    assert!(begin.len() >= 2, "they are looked for, at least: {begin:#?}");
    assert!(whole.starts_with(begin), "{whole:#?}\nbegins otherwise than\n{begin:#?}");
}

fn stranger() -> Person {
    Person::numbered(999)
}

#[tokio::test]
async fn a_wrong_password_asks_the_database_what_an_unknown_user_does() {
    let app = TestApp::new().await;
    let (ada, bob) = (Person::ada(), Person::bob());
    app.verified(&ada).await;
    app.verified(&bob).await;
    let (log, _listening) = Log::listen();
    for (known, unknown) in [
        (json!({ "email": ada.email }), json!({ "email": stranger().email })),
        (json!({ "phoneNumber": bob.phone }), json!({ "phoneNumber": stranger().phone })),
    ] {
        // The first one of somebody in a block is noted there, later ones are not.
        for turn in ["first", "second"] {
            let ask = async |who: &Value| {
                let mut body = who.clone();
                body["password"] = json!("not theirs at all");
                watch(&log, app.post("/api/v1/auth/login", &body)).await
            };
            let (answer, known) = ask(&known).await;
            answer.refused(401, "invalid_credentials");
            let (_, unknown) = ask(&unknown).await;
            assert_eq!(known, unknown, "the {turn} one");
            assert!(known.len() >= 4, "{known:#?}");
        }
    }
}

#[tokio::test]
async fn strict_a_taken_address_asks_the_database_what_a_new_one_does() {
    // Nobody is there: e-mails are written down, and not sent.
    let with_email = [
        ("USER_ENUMERATION", "strict"),
        ("SMTP_URL", "smtp://127.0.0.1:1"),
        ("EMAIL_FROM", "auth@example.com"),
    ];
    for settings in [&with_email[..1], &with_email] {
        let app = TestApp::with(settings).await;
        let ada = Person::ada();
        app.register(&ada).await.is(201);
        let (log, _listening) = Log::listen();
        let same_email = Person { phone: Person::bob().phone, ..Person::ada() };
        let same_phone = Person { email: Person::bob().email, ..Person::ada() };
        for (number, claims) in [(998, false), (999, true)] {
            let register = async |person: &Person| {
                let mut body = person.registration();
                body["claimNumber"] = json!(claims);
                let (answer, asked) = watch(&log, app.post("/api/v1/auth/register", &body)).await;
                answer.is(201);
                asked
            };
            let mut new = register(&Person::numbered(number)).await;
            // At its end the savepoint is kept for who is new, and given up for who is not.
            let end = |it: &String| it.replace("ROLLBACK TO", "RELEASE");
            new = new.iter().map(end).collect();
            for taken in [&same_email, &same_phone, &ada] {
                if claims && taken.email == same_phone.email {
                    continue;
                }
                let taken: Vec<String> = register(taken).await.iter().map(end).collect();
                begins(&taken, &new);
            }
        }
    }
}

#[tokio::test]
async fn without_a_login_a_code_is_asked_for_and_entered_with_the_same_statements() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let (home, elsewhere) = (app.at("203.0.113.1"), app.at("203.0.113.2"));
    let ada = Person::ada();
    home.register(&ada).await.is(201);
    home.login(&ada).await.is(200);
    let code = app.code_for(&ada);
    let (log, _listening) = Log::listen();
    for (known, unknown) in [
        (json!({ "email": ada.email }), json!({ "email": stranger().email })),
        (json!({ "phoneNumber": ada.phone }), json!({ "phoneNumber": stranger().phone })),
    ] {
        let (answer, asked) = watch(&log, elsewhere.request_otp_with(&known)).await;
        answer.refused(401, "login_required");
        let (_, of_unknown) = watch(&log, elsewhere.request_otp_with(&unknown)).await;
        assert_eq!(asked, of_unknown);

        let with_code = |who: &Value| {
            let mut body = who.clone();
            body["otpCode"] = json!(code);
            body
        };
        let (answer, entered) = watch(&log, elsewhere.verify_with(&with_code(&known))).await;
        answer.refused(401, "otp_invalid");
        let (_, of_unknown) = watch(&log, elsewhere.verify_with(&with_code(&unknown))).await;
        assert_eq!(entered, of_unknown);
        assert!(asked.len() >= 2 && entered.len() >= 2, "{asked:#?} {entered:#?}");
    }
}

#[tokio::test]
async fn whoever_forgot_a_password_has_asked_the_same_when_the_answer_goes_out() {
    let app = TestApp::new().await;
    let (ada, bob) = (Person::ada(), Person::bob());
    app.verified(&ada).await;
    app.register(&bob).await.is(201);
    let (log, _listening) = Log::listen();
    let forgot = async |body: &Value| {
        let (answer, asked) = watch(&log, app.post("/api/v1/auth/password/forgot", body)).await;
        answer.is(202);
        asked
    };
    for of in [
        |it: &Person| json!({ "email": it.email }),
        |it: &Person| json!({ "phoneNumber": it.phone }),
    ] {
        let unknown = forgot(&of(&stranger())).await;
        // One with a phone that is verified, and one without.
        for known in [&ada, &bob] {
            begins(&forgot(&of(known)).await, &unknown);
        }
    }
}
