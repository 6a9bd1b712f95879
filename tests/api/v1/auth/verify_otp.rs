//! `POST /api/v1/auth/verify-otp`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Person, TestApp, wrong};

#[tokio::test]
async fn the_right_code_verifies_the_phone_and_gives_a_token() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let answer = app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    assert_eq!(answer.json()["requiresOtp"], false);
    assert_eq!(answer.json()["tokenType"], "Bearer");
    assert_eq!(answer.json()["expiresIn"], 900);
    let row = app.user_row(&ada).await;
    assert_eq!(row["id"], answer.json()["userId"]);
    assert_eq!(row["is_verified"], true);
    let session = app.session(&answer.text("token")).await.is(200);
    assert_eq!(session.json()["amr"], json!(["pwd", "otp", "sms"]));
    assert_eq!(session.json()["isVerified"], true);
    let stored = app.count("SELECT count(*) FROM sessions WHERE amr = '{pwd,otp,sms}'").await;
    assert_eq!(stored, 1);
}

#[tokio::test]
async fn the_right_code_counts_once() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let first = app.pending(&ada).await;
    let second = app.login(&ada).await.is(200).text("loginTicket");
    let code = app.code_for(&ada);
    app.verify(&first, &code).await.is(200);
    app.verify(&first, &code).await.refused(401, "login_ticket_invalid");
    app.verify(&second, &code).await.refused(401, "otp_new_code_required");
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 1);
}

#[tokio::test]
async fn a_wrong_code_says_how_many_guesses_are_left() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    for left in [4, 3, 2, 1] {
        let answer = app.verify(&ticket, &wrong(&code)).await.refused(401, "otp_invalid");
        assert_eq!(answer.text("detail"), "Invalid or expired OTP code.");
        assert_eq!(answer.json()["attemptsLeft"], left);
        let expires_at: chrono::DateTime<chrono::Utc> =
            answer.text("codeExpiresAt").parse().unwrap();
        assert_eq!(expires_at, app.now() + TimeDelta::seconds(300));
    }
    let last = app.verify(&ticket, &wrong(&code)).await.refused(401, "otp_new_code_required");
    assert_eq!(last.json()["attemptsLeft"], 0);
    app.verify(&ticket, &code).await.refused(401, "otp_new_code_required");
    assert_eq!(app.user_row(&ada).await["is_verified"], false);
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 0);
}

#[tokio::test]
async fn the_last_guess_may_be_the_right_one() {
    let app = TestApp::with(&[("OTP_MAX_ATTEMPTS", "3")]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    app.verify(&ticket, &wrong(&code)).await.is(401);
    app.verify(&ticket, &wrong(&code)).await.is(401);
    app.verify(&ticket, &code).await.is(200);
}

#[tokio::test]
async fn a_code_may_be_typed_in_groups() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    app.verify(&ticket, &format!(" {}-{} ", &code[..3], &code[3..])).await.is(200);
}

#[tokio::test]
async fn what_is_no_code_costs_no_guess() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    for text in ["", "123", "12345678901", "12345a", "١٢٣٤٥٦"] {
        let answer = app.verify(&ticket, text).await;
        answer.finds_fault_with(&[("otpCode", "otp_code_invalid")]);
    }
    let number = json!({ "loginTicket": ticket, "otpCode": 123_456 });
    app.verify_with(&number).await.finds_fault_with(&[("otpCode", "wrong_type")]);
    app.verify_with(&json!({}))
        .await
        .finds_fault_with(&[("email", "required"), ("otpCode", "required")]);
    assert_eq!(app.guesses_left(&ada).await, 5);
}

#[tokio::test]
async fn the_code_of_one_person_is_worth_nothing_for_another() {
    let app = TestApp::new().await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let ticket_of_ada = app.pending(&ada).await;
    let ticket_of_bob = app.pending(&bob).await;
    let (of_ada, of_bob) = (app.code_for(&ada), app.code_for(&bob));
    assert_ne!(of_ada, of_bob, "one in a million");
    app.verify(&ticket_of_ada, &of_bob).await.refused(401, "otp_invalid");
    app.verify(&ticket_of_bob, &of_ada).await.refused(401, "otp_invalid");
    app.verify(&ticket_of_ada, &of_ada).await.is(200);
    assert_eq!(app.user_row(&bob).await["is_verified"], false);
}

#[tokio::test]
async fn a_ticket_without_a_code_has_nothing_to_verify() {
    let app = TestApp::new().await;
    let ticket = app.register(&Person::ada()).await.is(201).text("loginTicket");
    app.verify(&ticket, "123456").await.refused(401, "otp_new_code_required");
}

#[tokio::test]
async fn a_code_proves_only_the_number_that_it_went_to() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    sqlx::query("UPDATE users SET phone_number = '+14155550000'")
        .execute(app.database())
        .await
        .unwrap();
    app.verify(&ticket, &code).await.refused(401, "otp_new_code_required");
    let now = app.user_row(&Person { phone: "+14155550000".to_owned(), ..ada }).await;
    assert_eq!(now["is_verified"], false);
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 0);
}

#[tokio::test]
async fn all_or_nothing_a_failure_in_the_middle_leaves_the_code_good() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    let rename = |from, to| sqlx::AssertSqlSafe(format!("ALTER TABLE {from} RENAME TO {to}"));
    sqlx::query(rename("sessions", "elsewhere")).execute(app.database()).await.unwrap();
    let answer = app.verify(&ticket, &code).await.refused(500, "internal_error");
    let words = answer.json().to_string();
    assert!(!words.contains("sessions") && !words.contains("relation"), "{words}");
    assert_eq!(app.user_row(&ada).await["is_verified"], false);
    sqlx::query(rename("elsewhere", "sessions")).execute(app.database()).await.unwrap();
    app.verify(&ticket, &code).await.is(200);
}

#[tokio::test]
async fn wrong_codes_are_counted_over_all_codes_of_an_hour() {
    let settings = [("OTP_WRONG_PER_HOUR", "6"), ("OTP_RESEND_SECONDS", "0")];
    let app = TestApp::with(&settings).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    for _ in 0..3 {
        app.verify(&ticket, &wrong(&app.code_for(&ada))).await.refused(401, "otp_invalid");
    }
    app.request_otp(&ticket).await.is(200);
    for _ in 0..3 {
        app.verify(&ticket, &wrong(&app.code_for(&ada))).await.refused(401, "otp_invalid");
    }
    app.request_otp(&ticket).await.is(200);
    let refused = app.verify(&ticket, &app.code_for(&ada)).await;
    let refused = refused.refused(429, "otp_guesses_exhausted");
    assert_eq!(refused.seconds_to_wait(), 3600);
    assert_eq!(refused.json()["limit"], "otp_wrong_codes");
    assert_eq!(refused.json()["attemptsLeft"], Value::Null);

    app.advance(TimeDelta::hours(1));
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn a_right_code_is_no_wrong_one() {
    let settings =
        [("OTP_WRONG_PER_HOUR", "1"), ("OTP_RESEND_SECONDS", "0"), ("OTP_POLICY", "always")];
    let app = TestApp::with(&settings).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    for _ in 0..3 {
        let ticket = app.login(&ada).await.is(200).text("loginTicket");
        app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    }
}
