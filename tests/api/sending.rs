//! When a code is sent, when it is not, and what the user is told: the wait, the caps, joining a
//! code that is under way, and the resend that is free.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::fake_sinch::{Mode, Operation};
use crate::support::{Answer, Person, TestApp, wrong};

fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

#[track_caller]
fn must_wait(answer: Answer, wanted: i64) {
    let answer = answer.refused(429, "otp_cooldown");
    assert_eq!(answer.text("detail"), "Wait 2 minutes before requesting another OTP.");
    assert_eq!(answer.seconds_to_wait(), wanted);
    assert_eq!(
        (&answer.json()["limit"], &answer.json()["scope"]),
        (&json!("otp_resend"), &json!("user"))
    );
}

#[track_caller]
fn is_capped(answer: Answer, scope: &str, wait: TimeDelta) {
    let answer = answer.refused(429, "otp_limit_reached");
    assert_eq!(answer.seconds_to_wait(), wait.num_seconds());
    assert_eq!(
        (&answer.json()["limit"], &answer.json()["scope"]),
        (&json!("otp_sends"), &json!(scope))
    );
}

#[tokio::test]
async fn two_minutes_lie_between_two_codes() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    must_wait(app.request_otp(&ticket).await, 120);
    app.advance(TimeDelta::milliseconds(30_500));
    must_wait(app.request_otp(&ticket).await, 90);
    app.advance(TimeDelta::milliseconds(89_499));
    must_wait(app.request_otp(&ticket).await, 1);
    assert_eq!(app.sends_to(&ada), 1);
    app.advance(TimeDelta::milliseconds(1));
    app.request_otp(&ticket).await.is(200);
    must_wait(app.request_otp(&ticket).await, 120);
    assert_eq!(app.sends_to(&ada), 2);
}

#[tokio::test]
async fn the_wait_is_told_as_it_is_set() {
    let app = TestApp::with(&[("OTP_RESEND_SECONDS", "45")]).await;
    let ticket = app.pending(&Person::ada()).await;
    let answer = app.request_otp(&ticket).await.refused(429, "otp_cooldown");
    assert_eq!(answer.text("detail"), "Wait 45 seconds before requesting another OTP.");
    assert_eq!(answer.seconds_to_wait(), 45);
}

#[tokio::test]
async fn one_persons_wait_is_nobody_elses() {
    let app = TestApp::new().await;
    app.pending(&Person::ada()).await;
    app.pending(&Person::bob()).await;
    assert_eq!(app.sends_to(&Person::bob()), 1);
}

#[tokio::test]
async fn a_second_login_inside_the_wait_joins_the_live_code() {
    for app in [TestApp::new().await, TestApp::sinch(&[]).await] {
        let ada = Person::ada();
        app.register(&ada).await.is(201);
        let first = app.login(&ada).await.is(200);
        app.advance(seconds(50));
        let second = app.login(&ada).await.is(200);
        assert_eq!(app.sends_to(&ada), 1);
        assert_eq!(second.json()["otpError"], Value::Null);
        for same in ["channel", "destination", "expiresAt", "resendAfter", "message"] {
            assert_eq!(second.json()[same], first.json()[same], "{same}");
        }
        let ticket = second.text("loginTicket");
        assert_ne!(ticket, first.text("loginTicket"));
        app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    }
}

#[tokio::test]
async fn a_login_inside_the_wait_without_a_live_code_is_told_to_wait() {
    let app = TestApp::with(&[("OTP_TTL_SECONDS", "30")]).await;
    let ada = Person::ada();
    app.pending(&ada).await;
    app.advance(seconds(30));
    let answer = app.login(&ada).await.is(200);
    assert_eq!(answer.json()["requiresOtp"], true);
    let wanted = json!({
        "code": "otp_cooldown",
        "detail": "Wait 2 minutes before requesting another OTP.",
        "retryAfter": 90,
    });
    assert_eq!(answer.json()["otpError"], wanted);
    assert_eq!(answer.json()["expiresAt"], Value::Null);
    app.advance(seconds(90));
    let ticket = answer.text("loginTicket");
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn a_number_gets_five_codes_an_hour() {
    let app = TestApp::with(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    for _ in 1..5 {
        app.advance(seconds(60));
        app.request_otp(&ticket).await.is(200);
    }
    app.advance(seconds(60));
    let in_an_hour_from_the_first = TimeDelta::hours(1) - seconds(300);
    is_capped(app.request_otp(&ticket).await, "number", in_an_hour_from_the_first);
    assert_eq!(app.sends_to(&ada), 5);
    // What was sent last still counts, and a login joins it.
    let answer = app.login(&ada).await.is(200);
    assert_eq!(answer.json()["otpError"], Value::Null);
    let resend_after: DateTime<Utc> = answer.text("resendAfter").parse().unwrap();
    assert_eq!(resend_after, app.now() + in_an_hour_from_the_first);
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn a_number_gets_ten_codes_a_day() {
    let app = TestApp::with(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    for _ in 0..2 {
        for _ in 0..5 {
            assert_eq!(app.login(&ada).await.is(200).json()["otpError"], Value::Null);
        }
        app.advance(TimeDelta::hours(1));
    }
    assert_eq!(app.sends_to(&ada), 10);
    let answer = app.login(&ada).await.is(200);
    assert_eq!(answer.json()["otpError"]["code"], "otp_limit_reached");
    assert_eq!(answer.json()["otpError"]["retryAfter"], 22 * 3600);
    app.advance(TimeDelta::hours(22));
    assert_eq!(app.login(&ada).await.is(200).json()["otpError"], Value::Null);
    assert_eq!(app.sends_to(&ada), 11);
}

#[tokio::test]
async fn an_address_asks_for_twenty_codes_an_hour() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let here = app.at("203.0.113.1");
    for number in 0..20 {
        here.register(&Person::numbered(number)).await.is(201);
        let answer = here.login(&Person::numbered(number)).await.is(200);
        assert_eq!(answer.json()["otpError"], Value::Null, "{number}");
    }
    let ticket = here.register(&Person::numbered(20)).await.is(201).text("loginTicket");
    is_capped(here.request_otp(&ticket).await, "address", TimeDelta::hours(1));
    assert_eq!(app.sends_to(&Person::numbered(20)), 0);
    app.at("203.0.113.2").request_otp(&ticket).await.is(200);
}

#[tokio::test]
async fn a_refused_send_counts_against_no_limit() {
    let settings = [("OTP_MAX_PER_NUMBER_HOURLY", "2"), ("TRUSTED_PROXIES", "127.0.0.1")];
    let settings = [settings.as_slice(), &[("OTP_MAX_PER_ADDRESS_HOURLY", "1")]].concat();
    let app = TestApp::with(&settings).await;
    let ada = Person::ada();
    app.at("203.0.113.1").register(&Person::bob()).await.is(201);
    app.at("203.0.113.1").login(&Person::bob()).await.is(200);
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    for _ in 0..5 {
        let refused = app.at("203.0.113.1").request_otp(&ticket).await;
        is_capped(refused, "address", TimeDelta::hours(1));
    }
    app.at("203.0.113.2").request_otp(&ticket).await.is(200);
    app.advance(seconds(120));
    app.at("203.0.113.3").request_otp(&ticket).await.is(200);
    app.advance(seconds(120));
    let refused = app.at("203.0.113.4").request_otp(&ticket).await;
    is_capped(refused, "number", TimeDelta::hours(1) - seconds(240));
}

#[tokio::test]
async fn wait_and_caps_survive_a_restart() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    for _ in 1..5 {
        app.advance(seconds(120));
        app.request_otp(&ticket).await.is(200);
    }
    let restarted = app.replica(&[]).await;
    drop(app);
    must_wait(restarted.request_otp(&ticket).await, 120);
    restarted.advance(seconds(119));
    must_wait(restarted.request_otp(&ticket).await, 1);
    // Another login: the ticket has run out by now.
    restarted.advance(seconds(121));
    let answer = restarted.login(&ada).await.is(200);
    assert_eq!(answer.json()["otpError"], Value::Null, "the last code is still live");
    let refused = restarted.request_otp(&answer.text("loginTicket")).await;
    is_capped(refused, "number", TimeDelta::hours(1) - seconds(720));
}

#[tokio::test]
async fn wait_and_caps_hold_over_replicas() {
    let one = TestApp::with(&[("OTP_MAX_PER_NUMBER_HOURLY", "3")]).await;
    let two = one.replica(&[]).await;
    let ada = Person::ada();
    let ticket = one.pending(&ada).await;
    must_wait(two.request_otp(&ticket).await, 120);
    for app in [&two, &one] {
        app.advance(seconds(120));
        app.request_otp(&ticket).await.is(200);
        must_wait(one.request_otp(&ticket).await, 120);
        must_wait(two.request_otp(&ticket).await, 120);
    }
    assert_eq!(one.sends_to(&ada) + two.sends_to(&ada), 3);
    one.advance(seconds(120));
    is_capped(one.request_otp(&ticket).await, "number", TimeDelta::hours(1) - seconds(360));
    is_capped(two.request_otp(&ticket).await, "number", TimeDelta::hours(1) - seconds(360));
    // The last code came from `one`, and `two` judges it.
    two.verify(&ticket, &one.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn a_code_that_the_carrier_burnt_is_replaced_at_once_and_once() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    must_wait(app.request_otp(&ticket).await, 120);
    let burnt = app.verify(&ticket, &wrong(&app.code_for(&ada))).await;
    let burnt = burnt.refused(401, "otp_new_code_required");
    assert!(burnt.text("detail").contains("Request a new code"));
    app.request_otp(&ticket).await.is(200);
    assert_eq!(app.sends_to(&ada), 2);
    must_wait(app.request_otp(&ticket).await, 120);
    app.verify(&ticket, &wrong(&app.code_for(&ada))).await.is(401);
    must_wait(app.request_otp(&ticket).await, 120);
    app.advance(seconds(120));
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn guesses_used_up_here_earn_no_free_resend() {
    let app = TestApp::with(&[("OTP_MAX_ATTEMPTS", "1")]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    app.verify(&ticket, &wrong(&app.code_for(&ada))).await.refused(401, "otp_new_code_required");
    must_wait(app.request_otp(&ticket).await, 120);
}

#[tokio::test]
async fn a_login_after_a_burnt_code_sends_the_free_one() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    app.verify(&ticket, &wrong(&app.code_for(&ada))).await.is(401);
    let answer = app.login(&ada).await.is(200);
    assert_eq!(answer.json()["otpError"], Value::Null);
    assert_eq!(app.sends_to(&ada), 2);
    app.verify(&answer.text("loginTicket"), &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn the_free_resend_counts_against_the_caps() {
    let app = TestApp::sinch(&[("OTP_MAX_PER_NUMBER_HOURLY", "1")]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    app.verify(&ticket, &wrong(&app.code_for(&ada))).await.is(401);
    is_capped(app.request_otp(&ticket).await, "number", TimeDelta::hours(1));
    assert_eq!(app.sends_to(&ada), 1);
}

#[tokio::test]
async fn a_free_resend_that_never_left_can_be_asked_for_again() {
    let app = TestApp::sinch(&[]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    app.verify(&ticket, &wrong(&app.code_for(&ada))).await.is(401);
    app.fake().once(Operation::Start, Mode::Error { http: 429, code: 42900 });
    app.request_otp(&ticket).await.refused(503, "provider_unavailable");
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn the_wait_can_be_switched_off() {
    let app = TestApp::with(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    let answer = app.request_otp(&ticket).await.is(200);
    assert_eq!(answer.json()["resendAfter"], json!(app.now()));
    app.request_otp(&ticket).await.is(200);
    assert_eq!(app.sends_to(&ada), 3);
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

/// Asks twice, so that the second request is served while the carrier is at the first. The answer of
/// the first comes after `meanwhile`.
async fn overtaken(app: &TestApp, ticket: &str, meanwhile: impl AsyncFnOnce()) -> (Answer, Answer) {
    let asked = app.fake().received(Operation::Start);
    app.fake().once(Operation::Start, Mode::Delay(std::time::Duration::from_millis(1500)));
    tokio::join!(app.request_otp(ticket), async {
        while app.fake().received(Operation::Start) == asked {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let quick = app.request_otp(ticket).await.is(200);
        meanwhile().await;
        quick
    })
}

#[tokio::test]
async fn who_was_overtaken_is_told_of_the_newer_code() {
    let app = TestApp::sinch(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    let (slow, quick) = overtaken(&app, &ticket, async || {}).await;
    let slow = slow.is(200);
    for same in ["message", "channel", "destination", "expiresAt", "resendAfter"] {
        assert_eq!(slow.json()[same], quick.json()[same], "{same}");
    }
    assert_eq!(app.sends_to(&ada), 2);
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn who_was_overtaken_by_a_code_that_is_used_up_is_told_to_ask_again() {
    let app = TestApp::sinch(&[("OTP_RESEND_SECONDS", "0"), ("OTP_POLICY", "always")]).await;
    let ada = Person::ada();
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    let enter_it = async || {
        let other = app.login(&ada).await.is(200).text("loginTicket");
        app.verify(&other, &app.code_for(&ada)).await.is(200);
    };
    let (slow, _) = overtaken(&app, &ticket, enter_it).await;
    let slow = slow.refused(429, "otp_cooldown");
    assert_eq!(slow.seconds_to_wait(), 1);
    assert!(slow.text("detail").ends_with("Request a new one."), "{slow:?}");
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}
