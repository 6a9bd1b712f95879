//! What is counted, what is not, and what is kept of it.

use chrono::TimeDelta;

use super::{
    LIMITED, SETTINGS, app, debt, decisions, enter, owner, pump, refusal, sign_up, visitor,
};
use crate::fake_sinch::{Mode, Operation};
use crate::support::TestApp;

#[tokio::test]
async fn record_sends_everything_and_writes_down_what_it_would_have_done() {
    let app = app(&[("GUARD", "record")]).await;
    let phones = ["+447912120111", "+447912120222", "+447912120333", "+447912120444"];
    assert_eq!(pump(&app, phones).await, [""; 4]);
    assert_eq!(decisions(&app).await, ["send", "send", "doubt?/prefix", "refuse?/prefix"]);
    // That it would have been wrong to refuse shows, too.
    let last = owner(phones[3]);
    let ticket = visitor(&app, 3).login(&last).await.is(200).text("loginTicket");
    visitor(&app, 3).verify(&ticket, &app.code_for(&last)).await.is(200);
    let wrongly = "SELECT count(*) FROM guard_decisions
        WHERE outcome = 'refuse' AND verified_at IS NOT NULL";
    assert_eq!(app.count(wrongly).await, 2);
}

#[tokio::test]
async fn off_writes_nothing_down() {
    let app = app(&[("GUARD", "off")]).await;
    let phones = ["+447912120111", "+447912120222", "+447912120333", "+447912120444"];
    assert_eq!(pump(&app, phones).await, [""; 4]);
    enter(&app, "+447912120555", 9).await;
    assert_eq!(decisions(&app).await, Vec::<String>::new());
    assert_eq!(app.count("SELECT count(*) FROM guard_scopes").await, 0);
}

#[tokio::test]
async fn a_code_inside_the_wait_is_not_counted_and_a_login_joins_the_one_that_is_live() {
    let app = app(&[("OTP_RESEND_SECONDS", "120")]).await;
    let (visitor, person) = (visitor(&app, 1), owner("+447912120111"));
    let ticket = sign_up(&visitor, &person).await.ticket;
    for _ in 0..5 {
        visitor.request_otp(&ticket).await.refused(429, "otp_cooldown");
        assert_eq!(refusal(&visitor.login(&person).await.is(200)), "");
    }
    assert_eq!(debt(&app, "prefix", "+44791212").await, 10);
    assert_eq!(decisions(&app).await, ["send"]);
    // … also where the guard would send no other.
    pump(&app, ["+447912120222", "+447912120333"]).await;
    assert_eq!(pump(&app, ["+447912120444"]).await, [LIMITED]);
    assert_eq!(refusal(&visitor.login(&person).await.is(200)), "");
}

#[tokio::test]
async fn a_code_that_no_carrier_took_is_not_counted_and_one_that_may_have_gone_is() {
    let app = TestApp::sinch(&SETTINGS).await;
    let (visitor, person) = (visitor(&app, 1), owner("+447912120111"));
    app.fake().once(Operation::Start, Mode::Error { http: 429, code: 42900 });
    let login = sign_up(&visitor, &person).await;
    assert_ne!(login.refusal, "");
    assert_eq!(debt(&app, "prefix", "+44791212").await, 0);
    assert_eq!(decisions(&app).await, Vec::<String>::new());
    app.fake().once(Operation::Start, Mode::Close);
    visitor.request_otp(&login.ticket).await.is(504);
    assert_eq!(debt(&app, "prefix", "+44791212").await, 10);
}

#[tokio::test]
async fn codes_that_a_carrier_judges_count_like_our_own() {
    let app = TestApp::sinch(&SETTINGS).await;
    enter(&app, "+447912120111", 1).await;
    assert_eq!(debt(&app, "prefix", "+44791212").await, -5);
    let by = "SELECT count(*) FROM guard_decisions
        WHERE provider = 'sinch' AND verified_at IS NOT NULL AND country = 'GB'";
    assert_eq!(app.count(by).await, 1);
}

#[tokio::test]
async fn test_numbers_are_not_counted() {
    let app = app(&[("TEST_PHONE_NUMBERS", "+15550100=123456")]).await;
    let person = owner("+15550100");
    let ticket = sign_up(&visitor(&app, 1), &person).await.ticket;
    for _ in 0..12 {
        visitor(&app, 1).request_otp(&ticket).await.is(200);
    }
    visitor(&app, 1).verify(&ticket, "123456").await.is(200);
    assert_eq!(decisions(&app).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_number_is_forgotten_after_a_day_a_refusal_too_and_a_code_after_35() {
    let app = app(&[]).await;
    pump(&app, ["+447912120111", "+447912120222", "+447912120333", "+447912120444"]).await;
    let keep_house = async || {
        let (state, now) = (&app.application.state, app.now());
        state.guard.keep_house(&state.database, now).await.unwrap()
    };
    let numbers = "SELECT count(number_mac) FROM guard_decisions";
    assert_eq!(keep_house().await, 0);
    let before = app.count(numbers).await;
    assert!(before >= 4, "{before}");
    app.advance(TimeDelta::hours(25));
    assert!(keep_house().await > 0, "refusals and doubts go");
    assert_eq!(decisions(&app).await, ["send"; 3]);
    assert_eq!(app.count(numbers).await, 0);
    app.advance(TimeDelta::days(35));
    // Three codes; the scopes of three numbers, of which they share three, and three blocks.
    assert_eq!(keep_house().await, 3 + 3 + 3 + 3);
}
