//! The ledger: every message is in it, no number can be read from it, and what was left behind is
//! called unknown and never sent again.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::types::Json;

use crate::fake_sinch::{Mode, Operation};
use crate::support::{Person, TestApp};

/// Every row as JSON, oldest first.
async fn rows(app: &TestApp) -> Vec<Value> {
    let query = "SELECT to_jsonb(messages) FROM messages ORDER BY created_at, id";
    let rows: Vec<Json<Value>> = sqlx::query_scalar(query).fetch_all(app.database()).await.unwrap();
    rows.into_iter().map(|Json(row)| row).collect()
}

#[tokio::test]
async fn a_message_is_written_down_sent_and_verified() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let sent = &rows(&app).await[0];
    let id = app.user_row(&ada).await["sinch_verification_id"].clone();
    for (column, value) in [
        ("provider", json!("sinch")),
        ("channel", json!("sms")),
        ("purpose", json!("login")),
        ("country", json!("US")),
        ("state", json!("sent")),
        ("failure", Value::Null),
        ("verified_at", Value::Null),
        ("provider_reference", id),
    ] {
        assert_eq!(sent[column], value, "{column}");
    }
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    let all = rows(&app).await;
    assert_eq!(all.len(), 1);
    assert!(all[0]["verified_at"].is_string());
}

#[tokio::test]
async fn a_number_can_be_found_in_the_ledger_and_not_be_read() {
    let app = TestApp::new().await;
    let (ada, bob) = (Person::ada(), Person::bob());
    app.pending(&ada).await;
    app.advance(TimeDelta::minutes(3));
    app.login(&ada).await.is(200);
    app.advance(TimeDelta::minutes(3));
    app.pending(&bob).await;
    let all = rows(&app).await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[0]["number_mac"], all[1]["number_mac"]);
    assert_ne!(all[0]["number_mac"], all[2]["number_mac"]);
    let text = json!(all).to_string();
    for person in [&ada, &bob] {
        assert!(!text.contains(&person.phone[1..]), "{text}");
        assert!(!text.contains(&app.code_for(person)), "{text}");
    }
}

#[tokio::test]
async fn a_number_for_tests_is_no_message() {
    let ada = Person::ada();
    let app = TestApp::with(&[("TEST_PHONE_NUMBERS", &format!("{}=123456", ada.phone))]).await;
    app.register(&ada).await.is(201);
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    app.verify(&ticket, "123456").await.is(200);
    assert_eq!(rows(&app).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_was_refused_failed_and_what_got_no_answer_is_unknown() {
    let app = TestApp::sinch(&[]).await;
    for (number, (mode, state, failure)) in [
        ("error:400:40005", "failed", "invalid_number"),
        ("error:429:42901", "failed", "velocity"),
        ("error:503:50300", "unknown", "unavailable"),
        ("close", "unknown", "outcome_unknown"),
        ("html:200", "unknown", "malformed"),
    ]
    .into_iter()
    .enumerate()
    {
        let person = Person::numbered(number);
        app.advance(TimeDelta::seconds(61));
        app.register(&person).await.is(201);
        app.fake().once(Operation::Start, mode.parse().unwrap());
        app.login(&person).await.is(200);
        let all = rows(&app).await;
        let row = all.last().unwrap();
        assert_eq!((&row["state"], &row["failure"]), (&json!(state), &json!(failure)), "{mode}");
    }
    assert_eq!(rows(&app).await.len(), 5);
}

#[tokio::test]
async fn what_was_left_behind_becomes_unknown_and_is_not_sent_again() {
    let app = TestApp::sinch(&[]).await;
    app.pending(&Person::ada()).await;
    // As a process leaves it that dies between asking and hearing.
    sqlx::query("UPDATE messages SET state = 'queued', provider_reference = NULL")
        .execute(app.database())
        .await
        .unwrap();
    let otp = &app.application.state.otp;
    for (minutes, state) in [(1, "queued"), (2, "unknown"), (60, "unknown")] {
        app.advance(TimeDelta::minutes(minutes));
        otp.keep_house(app.database(), app.now()).await.unwrap();
        assert_eq!(rows(&app).await[0]["state"], state, "after {minutes} more minutes");
    }
    assert_eq!(rows(&app).await[0]["failure"], "left_behind");
    assert_eq!(app.fake().received(Operation::Start), 1);
}

#[tokio::test]
async fn the_ledger_outlives_the_account() {
    let app = TestApp::new().await;
    app.pending(&Person::ada()).await;
    sqlx::query("DELETE FROM users").execute(app.database()).await.unwrap();
    let all = rows(&app).await;
    assert_eq!((all.len(), &all[0]["user_id"]), (1, &Value::Null));
}

#[tokio::test]
async fn a_message_that_a_newer_code_has_overtaken_is_in_the_ledger_all_the_same() {
    let app = TestApp::sinch(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    app.fake().once(Operation::Start, Mode::Delay(std::time::Duration::from_millis(1500)));
    let (slow, quick) = tokio::join!(app.request_otp(&ticket), async {
        while app.fake().received(Operation::Start) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        app.request_otp(&ticket).await
    });
    quick.is(200);
    slow.is(200);
    // Both were written down within one instant.
    let states: Vec<_> = rows(&app).await.iter().map(|row| row["state"].clone()).collect();
    assert_eq!(states, ["sent", "sent"]);
}
