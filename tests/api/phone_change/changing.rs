//! `POST /api/v1/profile/phone` and `…/confirm`.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;

use super::{CHANGE, CONFIRM, ROOM, ask, change, confirm, moved, number_of};
use crate::support::{Person, TestApp, wrong};

#[tokio::test]
async fn a_number_is_changed_by_the_password_and_a_code_to_the_new_one() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let new = moved(&ada, &Person::numbered(1));
    let token = app.verified(&ada).await;
    app.advance(TimeDelta::minutes(2));
    let asked = ask(&app, &token, &new).await.is(202);
    assert_eq!(asked.text("destination"), "+1•••••••3001");
    assert_eq!(asked.text("channel"), "sms");
    let expires_at = (app.now() + TimeDelta::minutes(5)).to_rfc3339();
    assert_eq!(asked.text("expiresAt").replace('Z', "+00:00"), expires_at);
    assert_eq!(number_of(&app, &ada).await, ada.phone, "nothing has changed yet");

    let changed = confirm(&app, &token, &app.code_for(&new)).await.is(200);
    assert_eq!(changed.text("phoneNumber"), new.phone);
    let row = app.user_row(&new).await;
    assert_eq!((&row["email"], &row["is_verified"]), (&json!(ada.email), &json!(true)));
    let by_phone = |person: &Person| {
        let body = json!({ "phoneNumber": person.phone, "password": person.password });
        let visitor = crate::support::Visitor::clone(&app);
        async move { visitor.post("/api/v1/auth/login", &body).await }
    };
    by_phone(&new).await.is(200);
    by_phone(&ada).await.refused(401, "invalid_credentials");
    confirm(&app, &token, &app.code_for(&new)).await.refused(401, "otp_new_code_required");
}

#[tokio::test]
async fn the_old_number_is_told_in_the_language_of_the_account_and_without_a_code() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let new = moved(&ada, &Person::numbered(1));
    let token = app.verified(&ada).await;
    sqlx::query("UPDATE users SET locale = 'de'").execute(app.database()).await.unwrap();
    app.advance(TimeDelta::minutes(2));
    change(&app, &token, &new).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let notice = loop {
        let newest = app.messages_to(&ada).remove(0);
        if newest["code"].is_null() {
            break newest;
        }
        assert!(tokio::time::Instant::now() < deadline, "the notice never comes");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert!(notice["text"].as_str().unwrap().starts_with("Diese Nummer"), "{notice}");
    let entered = "SELECT count(*) FROM messages WHERE purpose = 'phone_change_notice'";
    assert_eq!(app.count(entered).await, 1);
    assert_eq!(app.messages_to(&new).len(), 1, "the new number had its code and nothing else");
}

#[tokio::test]
async fn a_change_takes_the_password_and_a_number_that_is_another_one() {
    let app = TestApp::with(&ROOM).await;
    let ada = Person::ada();
    let new = moved(&ada, &Person::numbered(1));
    let token = app.verified(&ada).await;
    let wrong_password = Person { password: "something else entirely".to_owned(), ..new.clone() };
    ask(&app, &token, &wrong_password).await.refused(403, "password_wrong");
    ask(&app, &token, &ada).await.finds_fault_with(&[("phoneNumber", "phone_unchanged")]);
    for (body, faults) in [
        (json!({}), &[("phoneNumber", "required"), ("password", "required")][..]),
        (
            json!({ "phoneNumber": "12", "password": "x", "channel": "pigeon" }),
            &[("phoneNumber", "phone_invalid"), ("channel", "channel_unknown")],
        ),
        (
            json!({ "phoneNumber": new.phone, "password": "x", "user": "bob" }),
            &[("user", "unknown_field")],
        ),
    ] {
        app.post_as(&token, CHANGE, &body).await.finds_fault_with(faults);
    }
    assert_eq!(app.sends_to(&new), 0);
    let messages = "SELECT count(*) FROM messages WHERE purpose = 'phone_change'";
    assert_eq!(app.count(messages).await, 0);
}

#[tokio::test]
async fn codes_wait_for_each_other_whatever_they_are_for() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let new = moved(&ada, &Person::numbered(1));
    let token = app.verified(&ada).await;
    let refused = ask(&app, &token, &new).await.refused(429, "otp_cooldown");
    assert_eq!(refused.seconds_to_wait(), 120);
    app.advance(TimeDelta::minutes(2));
    ask(&app, &token, &new).await.is(202);
    ask(&app, &token, &new).await.refused(429, "otp_cooldown");
}

#[tokio::test]
async fn a_code_is_good_for_what_it_was_sent_for_and_nothing_else() {
    let app = TestApp::with(&[ROOM.as_slice(), &[("OTP_POLICY", "always")]].concat()).await;
    let ada = Person::ada();
    let new = moved(&ada, &Person::numbered(1));
    let token = app.verified(&ada).await;
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    let of_login = app.code_for(&ada);
    confirm(&app, &token, &of_login).await.refused(401, "otp_new_code_required");
    ask(&app, &token, &new).await.is(202);
    let of_change = app.code_for(&new);
    assert_ne!(of_login, of_change, "one in a million: run it again");
    confirm(&app, &token, &of_login).await.refused(401, "otp_invalid");
    app.verify(&ticket, &of_change).await.refused(401, "otp_invalid");
    assert_eq!(number_of(&app, &ada).await, ada.phone);
    app.verify(&ticket, &of_login).await.is(200);
    confirm(&app, &token, &of_change).await.is(200);
}

#[tokio::test]
async fn the_code_of_one_person_does_nothing_for_another() {
    let app = TestApp::with(&ROOM).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let new = moved(&ada, &Person::numbered(1));
    let (token, of_bob) = (app.verified(&ada).await, app.verified(&bob).await);
    ask(&app, &token, &new).await.is(202);
    let code = app.code_for(&new);
    confirm(&app, &of_bob, &code).await.refused(401, "otp_new_code_required");
    ask(&app, &of_bob, &moved(&bob, &Person::numbered(2))).await.is(202);
    confirm(&app, &of_bob, &code).await.refused(401, "otp_invalid");
    assert_eq!(number_of(&app, &bob).await, bob.phone);
    confirm(&app, &token, &code).await.is(200);
}

#[tokio::test]
async fn wrong_codes_for_a_change_and_for_a_login_come_out_of_one_budget() {
    let settings = [("OTP_POLICY", "always"), ("OTP_WRONG_PER_HOUR", "4")];
    let app = TestApp::with(&[ROOM.as_slice(), &settings].concat()).await;
    let ada = Person::ada();
    let new = moved(&ada, &Person::numbered(1));
    let token = app.verified(&ada).await;
    ask(&app, &token, &new).await.is(202);
    let code = app.code_for(&new);
    for left in [4, 3] {
        let answer = confirm(&app, &token, &wrong(&code)).await.refused(401, "otp_invalid");
        assert_eq!(answer.json()["attemptsLeft"], left);
    }
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    for _ in 0..2 {
        app.verify(&ticket, &wrong(&app.code_for(&ada))).await.refused(401, "otp_invalid");
    }
    confirm(&app, &token, &code).await.refused(429, "otp_guesses_exhausted");
    app.verify(&ticket, &app.code_for(&ada)).await.refused(429, "otp_guesses_exhausted");
    assert_eq!(number_of(&app, &ada).await, ada.phone);
}

#[tokio::test]
async fn only_who_proves_a_number_learns_that_somebody_has_it() {
    let app = TestApp::with(&ROOM).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let token = app.verified(&ada).await;
    app.register(&bob).await.is(201);
    let members = |answer: &crate::support::Answer| {
        answer.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let free = ask(&app, &token, &moved(&ada, &Person::numbered(1))).await.is(202);
    let held = ask(&app, &token, &moved(&ada, &bob)).await.is(202);
    assert_eq!(members(&free), members(&held));
    let code = app.code_for(&bob);
    confirm(&app, &token, &wrong(&code)).await.refused(401, "otp_invalid");
    for _ in 0..2 {
        confirm(&app, &token, &code).await.refused(409, "phone_taken");
    }
    let counted = "SELECT cardinality(events)::bigint FROM otp_windows
        WHERE subject = 'guess:number:+46701234567'";
    assert_eq!(app.count(counted).await, 1, "only the wrong code counts as one");
    assert_eq!(number_of(&app, &ada).await, ada.phone);
    assert_eq!(number_of(&app, &bob).await, bob.phone);
    assert_eq!(app.count("SELECT count(*) FROM phone_changes").await, 0);
}

#[tokio::test]
async fn a_change_ends_the_other_sessions_and_forgets_the_devices() {
    let app = TestApp::with(&[ROOM.as_slice(), &[("OTP_POLICY", "new-device")]].concat()).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let other = app.login(&ada).await.is(200).text("loginTicket");
    app.verify(&other, &app.code_for(&ada)).await.is(200);
    assert_eq!(app.count("SELECT count(*) FROM known_devices").await, 2);
    change(&app, &token, &moved(&ada, &Person::numbered(1))).await;
    assert_eq!(app.count("SELECT count(*) FROM known_devices").await, 0);
    let sid = app.session(&token).await.is(200).text("sessionId");
    let living = "SELECT string_agg(id::text, ' ') FROM sessions WHERE ended_at IS NULL";
    let living: String = sqlx::query_scalar(living).fetch_one(app.database()).await.unwrap();
    assert_eq!(living, sid);
    let ended = "SELECT count(*) FROM sessions WHERE ended_as = 'phone_change'";
    assert_eq!(app.count(ended).await, 1);
}

#[tokio::test]
async fn for_72_hours_nobody_else_can_have_the_old_number_and_its_owner_can() {
    let app = TestApp::with(&ROOM).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let token = app.verified(&ada).await;
    let of_bob = app.verified(&bob).await;
    change(&app, &token, &moved(&ada, &Person::numbered(1))).await;
    let newcomer = moved(&Person::numbered(2), &ada);
    app.register(&newcomer).await.refused(409, "phone_taken");
    ask(&app, &of_bob, &moved(&bob, &ada)).await.is(202);
    let at_adas = app.code_for(&ada);
    confirm(&app, &of_bob, &at_adas).await.refused(409, "phone_taken");
    assert_eq!(number_of(&app, &bob).await, bob.phone);
    assert_eq!(app.count("SELECT count(*) FROM users").await, 2);

    change(&app, &token, &ada).await;
    assert_eq!(number_of(&app, &ada).await, ada.phone, "she can go back to it");
    change(&app, &token, &moved(&ada, &Person::numbered(3))).await;
    app.advance(TimeDelta::hours(72) - TimeDelta::microseconds(1));
    app.register(&newcomer).await.refused(409, "phone_taken");
    app.advance(TimeDelta::microseconds(1));
    app.register(&newcomer).await.is(201);
}

#[tokio::test]
async fn nobody_changes_a_number_without_a_token_that_is_good() {
    let app = TestApp::with(&ROOM).await;
    let ada = Person::ada();
    let new = moved(&ada, &Person::numbered(1));
    let token = app.verified(&ada).await;
    let bodies = [
        (CHANGE, json!({ "phoneNumber": new.phone, "password": ada.password })),
        (CONFIRM, json!({ "otpCode": "123456" })),
    ];
    for (path, body) in &bodies {
        app.post(path, body).await.refused(401, "token_missing");
        app.post_as("x.y.z", path, body).await.refused(401, "token_invalid");
    }
    app.advance(TimeDelta::minutes(16));
    for (path, body) in &bodies {
        app.post_as(&token, path, body).await.refused(401, "token_invalid");
    }
    assert_eq!(app.sends_to(&new), 0);
}
