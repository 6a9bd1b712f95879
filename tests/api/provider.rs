//! What the user gets of everything that Sinch can answer: from `login`, from `request-otp` and
//! from `verify-otp`, and whether a send that failed counts.
//!
//! The time-out of 8 seconds is tested with the adapter, which can be given a shorter one.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::fake_sinch::{Mode, Operation};
use crate::support::{Answer, Person, TestApp, wrong};

/// What a failed send leaves behind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outlay {
    /// Certainly nothing went out: the user may ask again at once.
    GivenBack,
    /// A text may be on its way: the wait and the caps count it.
    Counted,
}

use Outlay::{Counted, GivenBack};

/// Enough room for all rows of a table, whose people all come from one address.
const ROOM: (&str, &str) = ("OTP_MAX_PER_ADDRESS_HOURLY", "1000");

/// Failures further apart than this do not open the circuit breaker.
const BREAKER_WINDOW: TimeDelta = TimeDelta::seconds(61);

fn mode(text: &str) -> Mode {
    text.parse().unwrap()
}

/// Every error of the published table, every status, and what is no answer of the API at all.
const FAILED_STARTS: &[(&str, u16, &str, Outlay)] = &[
    ("error:400:40001", 400, "phone_unreachable", GivenBack),
    ("error:400:40002", 503, "provider_unavailable", GivenBack),
    ("error:400:40003", 503, "provider_unavailable", GivenBack),
    ("error:400:40004", 503, "provider_unavailable", GivenBack),
    ("error:400:40005", 400, "phone_unreachable", GivenBack),
    ("error:401:40100", 503, "provider_unavailable", GivenBack),
    ("error:401:40101", 503, "provider_unavailable", GivenBack),
    ("error:401:40102", 503, "provider_unavailable", GivenBack),
    ("error:401:40103", 503, "provider_unavailable", GivenBack),
    ("error:401:40104", 503, "provider_unavailable", GivenBack),
    ("error:401:40105", 503, "provider_unavailable", GivenBack),
    ("error:401:40106", 503, "provider_unavailable", GivenBack),
    ("error:401:40107", 503, "provider_unavailable", GivenBack),
    ("error:401:40108", 503, "provider_unavailable", GivenBack),
    ("error:402:40200", 503, "provider_unavailable", GivenBack),
    ("error:403:40300", 503, "provider_unavailable", GivenBack),
    ("error:403:40301", 503, "provider_unavailable", GivenBack),
    ("error:403:40302", 503, "provider_unavailable", GivenBack),
    ("error:403:40303", 503, "provider_unavailable", GivenBack),
    ("error:404:40400", 503, "provider_unavailable", GivenBack),
    ("error:409:40900", 502, "provider_failed", Counted),
    ("error:422:42200", 503, "provider_unavailable", GivenBack),
    ("error:422:42201", 503, "provider_unavailable", GivenBack),
    ("error:422:42202", 503, "provider_unavailable", GivenBack),
    ("error:429:42900", 503, "provider_unavailable", GivenBack),
    ("error:429:42901", 429, "otp_refused", GivenBack),
    ("error:500:50000", 502, "provider_failed", Counted),
    ("error:501:50100", 502, "provider_failed", Counted),
    ("error:501:50101", 502, "provider_failed", Counted),
    ("error:503:50300", 502, "provider_failed", Counted),
    ("error:503:50301", 502, "provider_failed", Counted),
    ("status:DENIED:Fraud", 429, "otp_refused", GivenBack),
    ("status:DENIED:Not enough credit", 503, "provider_unavailable", GivenBack),
    ("status:DENIED:Blocked", 429, "otp_refused", GivenBack),
    ("status:DENIED:Denied by callback", 429, "otp_refused", GivenBack),
    ("status:DENIED:Invalid callback", 503, "provider_unavailable", GivenBack),
    ("status:DENIED:Destination denied", 429, "otp_refused", GivenBack),
    ("status:ERROR:Internal error", 502, "provider_failed", Counted),
    ("status:ERROR:Network error or number unreachable", 502, "provider_failed", Counted),
    ("status:ERROR:SMS delivery failure", 502, "provider_failed", Counted),
    ("html:502", 502, "provider_failed", Counted),
    ("html:200", 502, "provider_failed", Counted),
    ("empty", 502, "provider_failed", Counted),
    ("truncated", 502, "provider_failed", Counted),
    ("no-id", 502, "provider_failed", Counted),
    ("other-id:../x", 502, "provider_failed", Counted),
    ("oversized", 502, "provider_failed", Counted),
    ("redirect:http://127.0.0.1:9/", 503, "provider_unavailable", GivenBack),
    ("close", 504, "otp_delivery_unknown", Counted),
    ("broken-off", 504, "otp_delivery_unknown", Counted),
];

#[tokio::test]
async fn a_login_succeeds_whatever_became_of_the_code_and_says_what_did() {
    let app = TestApp::sinch(&[ROOM]).await;
    for (number, (failure, _, code, outlay)) in FAILED_STARTS.iter().enumerate() {
        app.advance(BREAKER_WINDOW);
        let person = Person::numbered(number);
        app.register(&person).await.is(201);
        app.fake().once(Operation::Start, mode(failure));
        let answer = app.login(&person).await.is(200);
        assert_eq!(answer.json()["requiresOtp"], true, "{failure}");
        assert_eq!(answer.json()["otpError"]["code"], *code, "{failure}: {answer:?}");
        assert!(answer.json()["otpError"]["detail"].is_string(), "{failure}");
        assert_eq!(answer.json()["expiresAt"], Value::Null, "{failure}");
        let row = app.user_row(&person).await;
        assert_eq!(row["sinch_verification_id"], Value::Null, "{failure}");
        assert_eq!(row["last_otp_sent_at"], Value::Null, "{failure}");

        let ticket = answer.text("loginTicket");
        app.verify(&ticket, "123456").await.refused(401, "otp_new_code_required");
        let again = app.request_otp(&ticket).await;
        let wanted = if *outlay == GivenBack { (200, "") } else { (429, "otp_cooldown") };
        assert_eq!((again.status(), again.code()), wanted, "{failure}: {again:?}");
    }
}

#[tokio::test]
async fn a_request_for_a_code_is_told_what_became_of_it() {
    let app = TestApp::sinch(&[ROOM]).await;
    for (number, (failure, status, code, _)) in FAILED_STARTS.iter().enumerate() {
        app.advance(BREAKER_WINDOW);
        let person = Person::numbered(number);
        let ticket = app.register(&person).await.is(201).text("loginTicket");
        app.fake().once(Operation::Start, mode(failure));
        let answer = app.request_otp(&ticket).await;
        assert_eq!((answer.status(), answer.code()), (*status, *code), "{failure}: {answer:?}");
        tells_nothing_internal(&answer, &person);
    }
}

/// What Sinch said is for the log; the fake's errors all say "As it was told".
fn tells_nothing_internal(answer: &Answer, person: &Person) {
    let body = answer.json().to_string();
    for inner in ["As it was told", "Sinch", "sinch", "errorCode", "callback", "Fraud", "credit"] {
        assert!(!body.contains(inner), "{inner}: {body}");
    }
    assert!(!body.contains(&person.phone), "{body}");
}

#[tokio::test]
async fn a_carrier_that_cannot_be_reached_has_sent_nothing() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    // A port that nobody listens on.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let lost = app.replica(&[("SINCH_BASE_URL", &format!("http://{nobody}"))]).await;
    let ticket = lost.register(&ada).await.is(201).text("loginTicket");
    let answer = lost.request_otp(&ticket).await.refused(503, "provider_unavailable");
    assert_eq!(answer.seconds_to_wait(), 10);
    app.request_otp(&ticket).await.is(200);
    let answer = lost.verify(&ticket, &app.code_for(&ada)).await;
    answer.refused(503, "provider_unavailable");
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn a_start_whose_answer_was_lost_is_not_repeated() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    app.fake().once(Operation::Start, Mode::Close);
    app.request_otp(&ticket).await.refused(504, "otp_delivery_unknown");
    assert_eq!(app.fake().received(Operation::Start), 1);
    // The text arrived, but nobody knows whose verification it belongs to.
    let answer = app.verify(&ticket, &app.code_for(&ada)).await;
    answer.refused(401, "otp_new_code_required");
    assert_eq!(app.fake().received(Operation::Report), 0);
}

#[tokio::test]
async fn a_capacity_limit_says_when_to_come_back() {
    let app = TestApp::sinch(&[]).await;
    let ticket = app.register(&Person::ada()).await.is(201).text("loginTicket");
    app.fake().once(Operation::Start, Mode::Error { http: 429, code: 42900 });
    let answer = app.request_otp(&ticket).await.refused(503, "provider_unavailable");
    assert_eq!(answer.seconds_to_wait(), 30);
}

/// What a verdict leaves of the code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Code {
    /// One guess is spent, the right code still counts.
    Live,
    /// Nobody judged the guess: it is given back.
    Untouched,
    /// A new code is needed, and one is free.
    Over,
}

use Code::{Live, Over, Untouched};

const VERDICTS: &[(&str, u16, &str, Code)] = &[
    ("status:FAIL:Invalid code", 401, "otp_invalid", Live),
    ("status:FAIL:Expired", 401, "otp_new_code_required", Over),
    ("status:FAIL:Invalid CLI", 401, "otp_new_code_required", Over),
    ("status:FAIL:Hung up without entering valid code", 401, "otp_new_code_required", Over),
    ("status:FAIL:Fraud", 429, "otp_refused", Over),
    ("status:FAIL", 401, "otp_new_code_required", Over),
    ("status:DENIED:Fraud", 429, "otp_refused", Over),
    ("status:DENIED:Not enough credit", 429, "otp_refused", Over),
    ("status:DENIED:Blocked", 429, "otp_refused", Over),
    ("status:DENIED:Denied by callback", 429, "otp_refused", Over),
    ("status:DENIED:Invalid callback", 429, "otp_refused", Over),
    ("status:DENIED:Destination denied", 429, "otp_refused", Over),
    ("status:ERROR:Internal error", 401, "otp_new_code_required", Over),
    ("status:ERROR:Network error or number unreachable", 401, "otp_new_code_required", Over),
    ("status:ERROR:SMS delivery failure", 401, "otp_new_code_required", Over),
    ("status:ABORTED", 401, "otp_new_code_required", Over),
    ("status:PENDING", 401, "otp_invalid", Live),
    ("status:PENDING:Expired", 401, "otp_new_code_required", Over),
    ("status:PENDING:Failed pending", 401, "otp_new_code_required", Over),
    ("status:APPROVED", 401, "otp_invalid", Live),
    ("status:SUCCESS", 401, "otp_invalid", Live),
    ("error:400:40001", 401, "otp_invalid", Live),
    ("error:400:40003", 503, "provider_unavailable", Untouched),
    ("error:401:40102", 503, "provider_unavailable", Untouched),
    ("error:402:40200", 503, "provider_unavailable", Untouched),
    ("error:403:40300", 503, "provider_unavailable", Untouched),
    ("error:404:40400", 401, "otp_new_code_required", Over),
    ("error:409:40900", 502, "provider_failed", Untouched),
    ("error:422:42200", 503, "provider_unavailable", Untouched),
    ("error:429:42900", 503, "provider_unavailable", Untouched),
    ("error:429:42901", 429, "otp_refused", Untouched),
    ("error:500:50000", 502, "provider_failed", Untouched),
    ("error:503:50300", 502, "provider_failed", Untouched),
    ("html:502", 502, "provider_failed", Untouched),
    ("html:200", 502, "provider_failed", Untouched),
    ("empty", 502, "provider_failed", Untouched),
];

#[tokio::test]
async fn a_guess_is_told_what_the_carrier_made_of_it() {
    let app = TestApp::sinch(&[ROOM]).await;
    for (number, (verdict, status, code, left)) in VERDICTS.iter().enumerate() {
        let person = Person::numbered(number);
        let ticket = app.pending(&person).await;
        let right = app.code_for(&person);
        app.fake().once(Operation::Report, mode(verdict));
        let answer = app.verify(&ticket, &right).await;
        assert_eq!((answer.status(), answer.code()), (*status, *code), "{verdict}: {answer:?}");
        tells_nothing_internal(&answer, &person);
        assert_eq!(app.user_row(&person).await["is_verified"], false, "{verdict}");
        if *left == Over {
            let late = app.verify(&ticket, &right).await;
            assert_eq!(late.code(), "otp_new_code_required", "{verdict}");
            assert_eq!(app.request_otp(&ticket).await.status(), 200, "{verdict}: a free resend");
            app.verify(&ticket, &app.code_for(&person)).await.is(200);
        } else {
            assert_eq!(
                app.guesses_left(&person).await,
                if *left == Live { 4 } else { 5 },
                "{verdict}"
            );
            assert_eq!(app.verify(&ticket, &right).await.status(), 200, "{verdict}");
        }
    }
}

#[tokio::test]
async fn only_successful_is_a_success_in_whatever_case() {
    let app = TestApp::sinch(&[]).await;
    for (number, success) in ["SUCCESSFUL", "Successful", "successful"].iter().enumerate() {
        let ticket = app.pending(&Person::numbered(number)).await;
        app.fake().once(Operation::Report, mode(&format!("status:{success}")));
        app.verify(&ticket, "000000").await.is(200);
    }
    let ticket = app.pending(&Person::ada()).await;
    app.fake().once(Operation::Report, mode("other-id:another"));
    let code = app.code_for(&Person::ada());
    app.verify(&ticket, &code).await.refused(502, "provider_failed");
    assert_eq!(app.user_row(&Person::ada()).await["is_verified"], false);
}

#[tokio::test]
async fn where_a_wrong_code_does_not_burn_the_guesses_are_counted_here() {
    let app = TestApp::sinch(&[]).await;
    app.fake().burn_on_wrong_code(false);
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let right = app.code_for(&ada);
    for left in [4, 3, 2, 1] {
        let answer = app.verify(&ticket, &wrong(&right)).await.refused(401, "otp_invalid");
        assert_eq!(answer.json()["attemptsLeft"], left);
    }
    app.verify(&ticket, &wrong(&right)).await.refused(401, "otp_new_code_required");
    app.verify(&ticket, &right).await.refused(401, "otp_new_code_required");
    assert_eq!(app.fake().received(Operation::Report), 5, "the sixth was not asked about");
}

#[tokio::test]
async fn a_right_code_whose_answer_was_lost_is_replaced_for_free() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    app.fake().once(Operation::Report, Mode::Close);
    let answer = app.verify(&ticket, &app.code_for(&ada)).await;
    answer.refused(401, "otp_new_code_required");
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn a_right_code_counts_though_the_client_hangs_up() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    app.fake().once(Operation::Report, Mode::Delay(Duration::from_secs(2)));
    tokio::select! {
        answer = app.verify(&ticket, &code) => panic!("the client has not hung up: {answer:?}"),
        () = reported(&app) => {}
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while app.user_row(&ada).await["is_verified"] != true {
        assert!(Instant::now() < deadline, "the code was lost");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 1);
}

#[tokio::test]
async fn a_report_that_met_a_dead_connection_is_sent_again() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    app.fake().reset_next(1);
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn another_login_tells_of_the_same_failure_and_a_later_one_sends() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    app.fake().once(Operation::Start, mode("html:502"));
    let first = app.login(&ada).await.is(200);
    assert_eq!(first.json()["otpError"]["code"], "provider_failed");
    let second = app.login(&ada).await.is(200);
    assert_eq!(second.json()["otpError"]["code"], "otp_cooldown");
    assert_eq!(second.json()["otpError"]["retryAfter"], 120);
    app.advance(TimeDelta::seconds(120));
    let third = app.login(&ada).await.is(200);
    assert_eq!(third.json()["otpError"], Value::Null);
    app.verify(&third.text("loginTicket"), &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn a_code_of_a_carrier_that_is_no_longer_asked_is_over() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    let moved = app.replica(&[("VERIFICATION_PROVIDER", "console")]).await;
    moved.verify(&ticket, &code).await.refused(401, "otp_new_code_required");
    moved.request_otp(&ticket).await.is(200);
    let text = &moved.messages_to(&ada)[0];
    let body = json!({ "loginTicket": ticket, "otpCode": text["code"] });
    moved.verify_with(&body).await.is(200);
}

/// Completes when the report of a code has reached Sinch.
async fn reported(app: &TestApp) {
    while app.fake().received(Operation::Report) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
