//! What nobody learns: whether somebody has an account. Answers are compared whole, but for the
//! request's own id, and so is the number of hashes behind them.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp, wrong};

/// Everything of an answer that could tell two of them apart.
pub(crate) fn face(answer: &Answer) -> (u16, BTreeSet<String>, Value) {
    let names = answer.headers().keys().map(ToString::to_string).collect();
    let mut body = answer.json().clone();
    let id = body.as_object_mut().and_then(|members| members.remove("requestId"));
    assert!(id.is_some(), "{answer:?}");
    (answer.status(), names, body)
}

/// Asks, and tells the answer with the number of hashes that it took.
async fn weigh(app: &TestApp, asked: impl Future<Output = Answer>) -> (Answer, u64) {
    let before = app.hashes();
    let answer = asked.await;
    (answer, app.hashes() - before)
}

fn stranger() -> Person {
    Person::numbered(999)
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_are_answered_alike() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let path = "/api/v1/auth/login";
    for field in ["email", "phoneNumber"] {
        let (known, unknown) = match field {
            "email" => (&ada.email, &stranger().email),
            _ => (&ada.phone, &stranger().phone),
        };
        let known = json!({ field: known, "password": "not hers at all" });
        let unknown = json!({ field: unknown, "password": "not hers at all" });
        let (known, hashes_known) = weigh(&app, app.post(path, &known)).await;
        let (unknown, hashes_unknown) = weigh(&app, app.post(path, &unknown)).await;
        assert_eq!(face(&known), face(&unknown));
        assert_eq!((hashes_known, hashes_unknown), (1, 1));
        known.refused(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn without_a_login_from_there_nobody_learns_who_exists() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let (home, elsewhere) = (app.at("203.0.113.1"), app.at("203.0.113.2"));
    let ada = Person::ada();
    home.register(&ada).await.is(201);
    home.login(&ada).await.is(200);
    let code = app.code_for(&ada);
    for (known, unknown) in [
        (json!({ "email": ada.email }), json!({ "email": stranger().email })),
        (json!({ "phoneNumber": ada.phone }), json!({ "phoneNumber": stranger().phone })),
    ] {
        let answers =
            (elsewhere.request_otp_with(&known).await, elsewhere.request_otp_with(&unknown).await);
        assert_eq!(face(&answers.0), face(&answers.1));
        answers.0.refused(401, "login_required");

        let with_code = |body: &Value| {
            let mut body = body.clone();
            body["otpCode"] = json!(code);
            body
        };
        let right = elsewhere.verify_with(&with_code(&known)).await;
        let unknown = elsewhere.verify_with(&with_code(&unknown)).await;
        assert_eq!(face(&right), face(&unknown));
        assert_eq!(
            right.refused(401, "otp_invalid").text("detail"),
            "Invalid or expired OTP code."
        );
    }
    assert_eq!(app.sends_to(&ada), 1);
    assert_eq!(app.guesses_left(&ada).await, 5);
}

#[tokio::test]
async fn a_login_that_has_run_out_is_as_good_as_none() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.pending(&ada).await;
    app.advance(TimeDelta::minutes(10));
    let known = app.request_otp_with(&json!({ "email": ada.email })).await;
    let unknown = app.request_otp_with(&json!({ "email": stranger().email })).await;
    assert_eq!(face(&known), face(&unknown));
    known.refused(401, "login_required");
}

#[tokio::test]
async fn without_a_ticket_a_wrong_code_tells_no_more_than_an_unknown_user() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.pending(&ada).await;
    let guess = wrong(&app.code_for(&ada));
    let known = app.verify_with(&json!({ "email": ada.email, "otpCode": guess })).await;
    let unknown = app.verify_with(&json!({ "email": stranger().email, "otpCode": guess })).await;
    assert_eq!(face(&known), face(&unknown));
    known.refused(401, "otp_invalid");
    // It was counted all the same.
    assert_eq!(app.guesses_left(&ada).await, 4);
}

#[tokio::test]
async fn without_a_ticket_a_code_that_is_used_up_tells_no_more_than_an_unknown_user() {
    let ada = Person::ada();
    for app in [TestApp::with(&[("OTP_MAX_ATTEMPTS", "2")]).await, TestApp::sinch(&[]).await] {
        let ticket = app.pending(&ada).await;
        let code = app.code_for(&ada);
        let stranger = json!({ "email": stranger().email, "otpCode": code });
        let unknown = face(&app.verify_with(&stranger).await.refused(401, "otp_invalid"));
        // The last one but one, the last one, and two too many: one of them would be right.
        for guess in [&wrong(&code), &wrong(&code), &wrong(&code), &code] {
            let body = json!({ "email": ada.email, "otpCode": guess });
            assert_eq!(face(&app.verify_with(&body).await), unknown);
        }
        app.verify(&ticket, &code).await.refused(401, "otp_new_code_required");
    }
}

#[tokio::test]
async fn without_a_ticket_a_code_counts_only_where_the_login_came_from() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    for (person, home, same, other) in [
        (Person::ada(), "203.0.113.1", "203.0.113.1", "203.0.113.2"),
        (Person::bob(), "2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"),
    ] {
        app.at(home).register(&person).await.is(201);
        app.at(home).login(&person).await.is(200);
        let body = json!({ "email": person.email, "otpCode": app.code_for(&person) });
        app.at(other).verify_with(&body).await.refused(401, "otp_invalid");
        app.at(same).verify_with(&body).await.is(200);
    }
}

#[tokio::test]
async fn with_its_ticket_a_code_counts_anywhere() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let ticket = app.at("203.0.113.1").register(&Person::ada()).await.is(201).text("loginTicket");
    app.at("203.0.113.1").request_otp(&ticket).await.is(200);
    app.at("198.51.100.7").verify(&ticket, &app.code_for(&Person::ada())).await.is(200);
}

#[tokio::test]
async fn a_ticket_can_be_required() {
    let app = TestApp::with(&[("LOGIN_TICKET", "required")]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    for who in [json!({ "email": ada.email }), json!({ "phoneNumber": ada.phone }), json!({})] {
        let answer = app.request_otp_with(&who).await;
        answer.finds_fault_with(&[("loginTicket", "required")]);
        let mut guess = who.clone();
        guess["otpCode"] = json!(code);
        app.verify_with(&guess).await.finds_fault_with(&[("loginTicket", "required")]);
    }
    app.verify(&ticket, &code).await.is(200);
}

#[tokio::test]
async fn concealing_only_registration_tells_who_exists() {
    let app = TestApp::new().await;
    app.register(&Person::ada()).await.is(201);
    let same_email = Person { phone: Person::bob().phone, ..Person::ada() };
    let (taken, hashes) = weigh(&app, app.register(&same_email)).await;
    taken.refused(409, "email_taken");
    assert_eq!(hashes, 1, "a taken address costs what a new one costs");
}

#[tokio::test]
async fn strict_not_even_registration_tells() {
    let app = TestApp::with(&[("USER_ENUMERATION", "strict")]).await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    let row = app.user_row(&ada).await;
    let same_email = Person { phone: Person::bob().phone, ..Person::ada() };
    let same_phone = Person { email: Person::bob().email, ..Person::ada() };
    let other_password = Person { password: "somebody else's password".to_owned(), ..ada.clone() };
    let (new, hashes_new) = weigh(&app, app.register(&stranger())).await;
    let shape = |answer: &Answer| {
        let body = answer.json().as_object().unwrap();
        let members: Vec<_> =
            body.iter().map(|(name, value)| (name.clone(), value.is_string())).collect();
        let headers: BTreeSet<_> = answer.headers().keys().map(ToString::to_string).collect();
        (answer.status(), headers, members, body["message"].clone(), body["requiresOtp"].clone())
    };
    for taken in [same_email, same_phone, other_password] {
        let (answer, hashes) = weigh(&app, app.register(&taken)).await;
        assert_eq!(shape(&answer), shape(&new));
        assert_eq!(hashes, hashes_new);
        assert_ne!(answer.json()["userId"], row["id"], "not the owner's id");
    }
    assert_eq!(app.count("SELECT count(*) FROM users").await, 2);
    assert_eq!(app.count("SELECT count(*) FROM login_tickets").await, 2);
    assert_eq!(app.user_row(&ada).await, row);
}

#[tokio::test]
async fn revealing_is_a_choice() {
    let app = TestApp::with(&[("USER_ENUMERATION", "reveal")]).await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    app.advance(TimeDelta::minutes(10));
    let unknown = json!({ "email": stranger().email });
    let answer = app.request_otp_with(&unknown).await.refused(404, "user_not_found");
    assert_eq!(answer.text("detail"), "User not found.");
    let guess = json!({ "phoneNumber": stranger().phone, "otpCode": "123456" });
    app.verify_with(&guess).await.refused(404, "user_not_found");
    let known = json!({ "email": ada.email });
    app.request_otp_with(&known).await.refused(401, "login_required");
    let login = app.login(&stranger()).await;
    login.refused(401, "invalid_credentials");
}

/// A whole answer but for what is made anew for each.
fn face_of_reset(answer: &Answer) -> (u16, BTreeSet<String>, Value) {
    let names = answer.headers().keys().map(ToString::to_string).collect();
    let mut body = answer.json().clone();
    let ticket = body.as_object_mut().and_then(|members| members.remove("resetTicket"));
    assert_eq!(ticket.unwrap().as_str().map(str::len), Some(43), "{answer:?}");
    (answer.status(), names, body)
}

#[tokio::test]
async fn whoever_forgot_a_password_is_answered_like_somebody_who_never_had_one() {
    for enumeration in ["conceal", "strict", "reveal"] {
        let app = TestApp::with(&[("USER_ENUMERATION", enumeration)]).await;
        let (ada, bob) = (Person::ada(), Person::bob());
        app.verified(&ada).await;
        app.register(&bob).await.is(201);
        app.advance(TimeDelta::minutes(2));
        let (unknown, hashes) = weigh(&app, app.forgot(&stranger())).await;
        let unknown = face_of_reset(&unknown.is(202));
        // With a phone that is verified, inside the wait for another code, and with one that is not.
        for person in [&ada, &ada, &bob] {
            let (known, hashes_known) = weigh(&app, app.forgot(person)).await;
            assert_eq!(face_of_reset(&known), unknown);
            assert_eq!((hashes_known, hashes), (0, 0));
        }
        assert_eq!(app.count("SELECT count(*) FROM reset_tickets").await, 4, "the same is written");
        app.until("the one code", || app.sends_to(&ada) == 2).await;
        assert_eq!(app.sends_to(&bob), 0);
    }
}

#[tokio::test]
async fn a_code_for_nobodys_new_password_is_answered_like_a_wrong_one() {
    let app = TestApp::with(&[("OTP_MAX_ATTEMPTS", "2"), ("OTP_WRONG_PER_HOUR", "3")]).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    app.verified(&ada).await;
    app.register(&bob).await.is(201);
    app.advance(TimeDelta::minutes(2));
    let nobodys = app.forgot(&stranger()).await.is(202).text("resetTicket");
    let unproven = app.forgot(&bob).await.is(202).text("resetTicket");
    let known = app.forgotten(&ada).await;
    let guess = wrong(&app.code_for(&ada));
    // Her own address is in it: whether it is hers is nobody's business.
    let password = "ada@example.com!";
    let (answer, hashes) = weigh(&app, app.reset(&nobodys, &guess, password)).await;
    let nobody = (face(&answer.refused(401, "otp_invalid")), hashes);
    assert_eq!(nobody.1, 1);
    // For her the last but one, the last, and one too many; then also for want of guesses at all.
    for ticket in [&known, &known, &known, &nobodys, &unproven] {
        let (answer, hashes) = weigh(&app, app.reset(ticket, &guess, password)).await;
        assert_eq!((face(&answer), hashes), nobody);
    }
    app.advance(TimeDelta::minutes(2));
    let again = app.forgotten(&ada).await;
    for code in [&guess, &guess, &app.code_for(&ada)] {
        let (answer, hashes) = weigh(&app, app.reset(&again, code, password)).await;
        assert_eq!((face(&answer), hashes), nobody);
    }
}
