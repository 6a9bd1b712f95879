//! The guard against codes that are asked for to be paid for.

mod destinations;
mod keeping;
mod races;
mod telling;

use chrono::TimeDelta;
use serde_json::Value;

use crate::challenges;
use crate::support::{Answer, Person, TestApp, Visitor};

/// Limits that are not what these tests are about, and a proxy, so that each visitor can have an address.
const SETTINGS: [(&str, &str); 4] = [
    ("GUARD", "on"),
    ("TRUSTED_PROXIES", "127.0.0.1"),
    ("OTP_RESEND_SECONDS", "0"),
    ("OTP_MAX_PER_ADDRESS_HOURLY", "1000"),
];

const LIMITED: &str = "otp_destination_limited";
const CHALLENGED: &str = "challenge_required";

async fn app(settings: &[(&str, &str)]) -> TestApp {
    TestApp::with(&[SETTINGS.as_slice(), settings].concat()).await
}

/// Whoever has that number.
fn owner(phone: &str) -> Person {
    let email = format!("owner{}@example.com", phone.trim_start_matches('+'));
    Person { email, phone: phone.to_owned(), ..Person::ada() }
}

/// The `at`th visitor: each has a block of their own.
fn visitor(app: &TestApp, at: usize) -> Visitor {
    app.at(&format!("10.{}.{}.7", at / 250, at % 250))
}

/// A login, and what became of its code.
struct Login {
    ticket: String,
    /// Why there was no code; empty where there was one.
    refusal: String,
    /// For how many seconds it is told to wait.
    wait: Option<i64>,
}

/// Signs `person` up and logs in, which sends the code.
async fn sign_up(visitor: &Visitor, person: &Person) -> Login {
    visitor.register(person).await.is(201);
    log_in(visitor, person).await
}

/// Logs in, and works for a proof where one is asked for before the code.
async fn log_in(visitor: &Visitor, person: &Person) -> Login {
    let login = visitor.login(person).await.is(200);
    let ticket = login.text("loginTicket");
    let refusal = refusal(&login);
    if refusal != CHALLENGED {
        let wait = login.json()["otpError"].get("retryAfter").and_then(Value::as_i64);
        return Login { ticket, refusal, wait };
    }
    let sent = proving(visitor, &ticket).await.request_otp(&ticket).await;
    let wait = sent.json()["retryAfter"].as_i64();
    Login { ticket, refusal: sent.code().to_owned(), wait }
}

/// Whoever has worked for the proof that `request-otp` asks for.
async fn proving(visitor: &Visitor, ticket: &str) -> Visitor {
    let refused = visitor.request_otp(ticket).await.refused(428, CHALLENGED);
    let response = challenges::response_to(&refused.json()["challenge"]);
    visitor.with_header("challenge-response", &response)
}

/// Why there was no code; empty where there was one.
fn refusal(login: &Answer) -> String {
    assert_eq!(login.json()["requiresOtp"], true, "{login:?}");
    login.json()["otpError"]["code"].as_str().unwrap_or_default().to_owned()
}

/// Signs up the owners of those numbers, each from a block of their own, without entering a code: what each was
/// told.
async fn pump<'a>(app: &TestApp, phones: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut told = Vec::new();
    for (at, phone) in phones.into_iter().enumerate() {
        told.push(sign_up(&visitor(app, at), &owner(phone)).await.refusal);
    }
    told
}

/// Signs the owner of that number up and enters the code.
async fn enter(app: &TestApp, phone: &str, at: usize) {
    let (visitor, person) = (visitor(app, at), owner(phone));
    let login = sign_up(&visitor, &person).await;
    assert_eq!(login.refusal, "", "{phone}");
    visitor.verify(&login.ticket, &app.code_for(&person)).await.is(200);
}

/// What a scope owes, as it was last written, in tenths; nothing where it has no row.
async fn debt(app: &TestApp, kind: &str, key: &str) -> i64 {
    let query = "SELECT (debt * 10)::bigint FROM guard_scopes WHERE kind = $1 AND key = $2";
    let debt = sqlx::query_scalar(query).bind(kind).bind(key).fetch_optional(app.database()).await;
    debt.unwrap().unwrap_or_default()
}

/// Every decision, oldest first: `outcome/by`, with a `?` where it did not hold.
async fn decisions(app: &TestApp) -> Vec<String> {
    let query = "SELECT outcome || CASE WHEN is_enforced THEN '' ELSE '?' END
            || COALESCE('/' || decided_by, '')
        FROM guard_decisions ORDER BY id";
    sqlx::query_scalar(query).fetch_all(app.database()).await.unwrap()
}

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}
