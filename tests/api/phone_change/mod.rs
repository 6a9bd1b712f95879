//! Another phone number, and the way back.

mod changing;
mod races;
mod telling;
mod undoing;

use serde_json::json;

use crate::support::{Answer, Person, TestApp, Visitor};

/// Whoever waits for codes is not what these tests are about.
const ROOM: [(&str, &str); 5] = [
    ("OTP_RESEND_SECONDS", "0"),
    ("OTP_MAX_PER_ADDRESS_HOURLY", "1000"),
    ("OTP_MAX_PER_NUMBER_HOURLY", "1000"),
    ("OTP_MAX_PER_NUMBER_DAILY", "1000"),
    ("OTP_WRONG_PER_HOUR", "1000"),
];
const CHANGE: &str = "/api/v1/profile/phone";
const CONFIRM: &str = "/api/v1/profile/phone/confirm";
const UNDO: &str = "/api/v1/auth/phone/undo";

/// The same person with another phone.
pub(crate) fn moved(person: &Person, to: &Person) -> Person {
    Person { phone: to.phone.clone(), ..person.clone() }
}

/// Asks for the number of `moved`.
async fn ask(visitor: &Visitor, token: &str, moved: &Person) -> Answer {
    let body = json!({ "phoneNumber": moved.phone, "password": moved.password });
    visitor.post_as(token, CHANGE, &body).await
}

async fn confirm(visitor: &Visitor, token: &str, code: &str) -> Answer {
    visitor.post_as(token, CONFIRM, &json!({ "otpCode": code })).await
}

pub(crate) async fn undo(visitor: &Visitor, token: &str) -> Answer {
    visitor.post(UNDO, &json!({ "undoToken": token })).await
}

/// Walks a change to its end.
pub(crate) async fn change(app: &TestApp, token: &str, moved: &Person) {
    ask(app, token, moved).await.is(202);
    confirm(app, token, &app.code_for(moved)).await.is(200);
}

/// Has `undo` be what the e-mail about the last change holds.
pub(crate) async fn mail_undo(app: &TestApp, undo: &str) {
    let query = "UPDATE phone_changes SET undo_hash = sha256(convert_to($1, 'UTF8'))
        WHERE id = (SELECT max(id) FROM phone_changes)";
    let updated = sqlx::query(query).bind(undo).execute(app.database()).await.unwrap();
    assert_eq!(updated.rows_affected(), 1);
}

/// The number that stands in the row of the person with that e-mail address.
async fn number_of(app: &TestApp, person: &Person) -> String {
    let query = "SELECT phone_number FROM users WHERE email = $1";
    sqlx::query_scalar(query).bind(&person.email).fetch_one(app.database()).await.unwrap()
}
