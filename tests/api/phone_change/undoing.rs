//! `POST /api/v1/auth/phone/undo`, and what a new number is not good for until then.

use chrono::TimeDelta;
use serde_json::json;

use super::{ROOM, UNDO, change, mail_undo, moved, number_of, undo};
use crate::support::{Person, TestApp};

const FORGOT: &str = "/api/v1/auth/password/forgot";

/// Asks for a new password and waits until whatever is sent for it has been sent: the answer does not
/// wait for it. Returns the ticket.
async fn forgotten(app: &TestApp, person: &Person) -> String {
    let answer = app.post(FORGOT, &json!({ "email": person.email })).await.is(202);
    // Whoever is sent nothing is not waited for: what would be sent is there within this time.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    answer.text("resetTicket")
}

#[tokio::test]
async fn an_undo_puts_the_old_number_back_and_leaves_nothing_to_whoever_changed_it() {
    let app = TestApp::with(&[ROOM.as_slice(), &[("OTP_POLICY", "new-device")]].concat()).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let new = moved(&ada, &Person::numbered(1));
    change(&app, &token, &new).await;
    let waiting = app.login(&ada).await.is(200).text("loginTicket");
    mail_undo(&app, "a link").await;

    let undone = undo(&app, "a link").await.is(200);
    assert_eq!(undone.text("destination"), "+1•••••••2671");
    let row = app.user_row(&ada).await;
    assert_eq!((&row["email"], &row["is_verified"]), (&json!(ada.email), &json!(true)));
    let alive = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";
    assert_eq!(app.count(alive).await, 0);
    assert_eq!(app.count("SELECT count(*) FROM known_devices").await, 0);
    app.verify(&waiting, &app.code_for(&new)).await.refused(401, "login_ticket_invalid");
    app.login(&ada).await.refused(401, "invalid_credentials");

    let ticket = forgotten(&app, &ada).await;
    let reset = json!({
        "resetTicket": ticket,
        "otpCode": app.code_for(&ada),
        "newPassword": "another horse, stapled better",
    });
    app.post("/api/v1/auth/password/reset", &reset).await.is(204);
    let ada = Person { password: "another horse, stapled better".to_owned(), ..ada };
    app.login(&ada).await.is(200);
}

#[tokio::test]
async fn a_link_undoes_once_and_for_72_hours() {
    let app = TestApp::with(&ROOM).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let token = app.verified(&ada).await;
    change(&app, &token, &moved(&ada, &Person::numbered(1))).await;
    mail_undo(&app, "a link").await;
    undo(&app, "another link").await.refused(401, "undo_token_invalid");
    undo(&app, "").await.refused(401, "undo_token_invalid");
    app.post(UNDO, &json!({})).await.finds_fault_with(&[("undoToken", "required")]);
    app.advance(TimeDelta::hours(72) - TimeDelta::microseconds(1));
    undo(&app, "a link").await.is(200);
    undo(&app, "a link").await.refused(401, "undo_token_invalid");

    let token = app.verified(&bob).await;
    let new = moved(&bob, &Person::numbered(2));
    change(&app, &token, &new).await;
    mail_undo(&app, "a late link").await;
    app.advance(TimeDelta::hours(72));
    undo(&app, "a late link").await.refused(401, "undo_token_invalid");
    assert_eq!(number_of(&app, &bob).await, new.phone);
    app.login(&bob).await.is(200);
}

#[tokio::test]
async fn an_undo_takes_later_changes_along_and_earlier_ones_stay_undoable() {
    let app = TestApp::with(&ROOM).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let numbers = [1, 2, 3].map(|number| moved(&ada, &Person::numbered(number)));
    for (link, new) in ["first", "second", "third"].into_iter().zip(&numbers) {
        change(&app, &token, new).await;
        mail_undo(&app, link).await;
    }
    undo(&app, "third").await.is(200);
    assert_eq!(number_of(&app, &ada).await, numbers[1].phone);
    undo(&app, "first").await.is(200);
    assert_eq!(number_of(&app, &ada).await, ada.phone);
    for link in ["first", "second", "third"] {
        undo(&app, link).await.refused(401, "undo_token_invalid");
    }
    assert_eq!(number_of(&app, &ada).await, ada.phone);
}

#[tokio::test]
async fn a_new_number_resets_no_password_for_72_hours() {
    let app = TestApp::with(&ROOM).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let earlier = forgotten(&app, &ada).await;
    let code = app.code_for(&ada);
    let new = moved(&ada, &Person::numbered(1));
    change(&app, &token, &new).await;
    // A reset that was begun with the old number has come to nothing.
    let reset = json!({
        "resetTicket": earlier, "otpCode": code, "newPassword": "another horse, stapled better",
    });
    app.post("/api/v1/auth/password/reset", &reset).await.refused(401, "reset_ticket_invalid");
    let resets = "SELECT count(*) FROM messages WHERE purpose = 'password_reset'";
    let before = app.count(resets).await;

    app.advance(TimeDelta::hours(72) - TimeDelta::microseconds(1));
    forgotten(&app, &new).await;
    assert_eq!(app.sends_to(&new), 1, "the code of the change");
    assert_eq!(app.count(resets).await, before);
    app.advance(TimeDelta::microseconds(1));
    forgotten(&app, &new).await;
    assert_eq!(app.sends_to(&new), 2);
    assert_eq!(app.count(resets).await, before + 1);
}

#[tokio::test]
async fn opening_the_link_does_nothing_by_itself() {
    let app = TestApp::with(&ROOM).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let new = moved(&ada, &Person::numbered(1));
    change(&app, &token, &new).await;
    mail_undo(&app, "a-link").await;
    let page = app.get("/account/undo").await.is(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    app.get("/account/undo?undoToken=a-link").await.is(200);
    app.get(&format!("{UNDO}?undoToken=a-link")).await.refused(405, "method_not_allowed");
    assert_eq!(number_of(&app, &ada).await, new.phone);
    undo(&app, "a-link").await.is(200);
}
