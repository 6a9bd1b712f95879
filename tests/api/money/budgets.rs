//! What a budget stops, what it does not, and what comes back to it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Table, app, log_in_all, prices, spent};
use crate::fake_sinch::{Mode, Operation};
use crate::support::{Person, TestApp};

#[tokio::test]
async fn a_spent_day_sends_no_code_says_so_and_counts_nothing_against_the_user() {
    let table = Table::new();
    let app = app(&table, &[("SMS_BUDGET_DAILY", "0.25")]).await;
    assert_eq!(log_in_all(&app, 0..2).await, 2);
    let ada = Person::ada();
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    let login = app.login(&ada).await.is(200);
    // From 05:06:07.89 to midnight.
    let wait = 68_033;
    let told = &login.json()["otpError"];
    assert_eq!(
        (&told["code"], &told["retryAfter"]),
        (&json!("sms_budget_exhausted"), &json!(wait))
    );
    let refusal = app.request_otp(&ticket).await.refused(503, "sms_budget_exhausted");
    assert_eq!(refusal.seconds_to_wait(), wait);
    assert_eq!(refusal.json()["limit"], "sms_budget");
    assert_eq!(refusal.json()["scope"], "day");
    let detail = refusal.text("detail");
    assert!(detail.contains("tomorrow") && detail.contains("need no code"), "{detail}");

    assert_eq!(app.fake().received(Operation::Start), 2);
    assert_eq!(spent(&app).await, ["day 2026-03-04 200000"]);
    assert_eq!(prices(&app).await.len(), 2, "no message was entered");
    let windows = "SELECT count(*) FROM otp_windows WHERE subject LIKE 'send:user:%'";
    assert_eq!(app.count(windows).await, 2, "no send was counted");
    let richer = app.replica(&[("SMS_BUDGET_DAILY", "0.30")]).await;
    richer.request_otp(&ticket).await.is(200);
}

#[tokio::test]
async fn sign_ins_that_need_no_text_go_on() {
    let table = Table::new();
    let (ada, bob) = (Person::ada(), Person::bob());
    let test_numbers = format!("{}=123456", bob.phone);
    let settings = [("SMS_BUDGET_DAILY", "0.10"), ("TEST_PHONE_NUMBERS", &*test_numbers)];
    let app = app(&table, &settings).await;
    app.verified(&ada).await;
    assert_eq!(log_in_all(&app, 0..1).await, 0, "the budget is spent");

    let login = app.login(&ada).await.is(200);
    assert_eq!(login.json()["requiresOtp"], false);
    app.session(&login.text("token")).await.is(200);
    let ticket = app.pending(&bob).await;
    app.verify(&ticket, "123456").await.is(200);
    assert_eq!(spent(&app).await, ["day 2026-03-04 100000"], "a test number costs nothing");
}

#[tokio::test]
async fn a_code_that_is_live_can_be_entered_though_no_other_can_be_sent() {
    let table = Table::new();
    let app = app(&table, &[("SMS_BUDGET_DAILY", "0.10")]).await;
    let ada = Person::ada();
    app.pending(&ada).await;
    app.advance(TimeDelta::minutes(3));
    let login = app.login(&ada).await.is(200);
    assert_eq!(login.json()["otpError"], Value::Null, "it joins the live code: {login:?}");
    app.verify(&login.text("loginTicket"), &app.code_for(&ada)).await.is(200);
    assert_eq!(app.fake().received(Operation::Start), 1);
}

#[tokio::test]
async fn a_country_that_is_spent_stops_no_other() {
    let table = Table::new();
    let app = app(&table, &[("SMS_BUDGET_PER_COUNTRY_DAILY", "0.20")]).await;
    assert_eq!(log_in_all(&app, 0..2).await, 2);
    let ticket = app.register(&Person::ada()).await.is(201).text("loginTicket");
    let refusal = app.request_otp(&ticket).await.refused(503, "sms_budget_exhausted");
    assert_eq!(refusal.json()["scope"], "country");
    assert!(refusal.text("detail").contains("another country"), "{refusal:?}");
    let login = app.pending(&Person::bob()).await;
    app.verify(&login, &app.code_for(&Person::bob())).await.is(200);
    assert_eq!(spent(&app).await, ["country:SE 2026-03-04 200000", "country:US 2026-03-04 200000"]);
}

#[tokio::test]
async fn a_message_dearer_than_all_of_the_budget_is_never_sent() {
    let table = Table::new();
    let app = app(&table, &[("SMS_BUDGET_MONTHLY", "0.09")]).await;
    assert_eq!(log_in_all(&app, 0..2).await, 0);
    assert_eq!(app.fake().received(Operation::Start), 0);
    assert_eq!(spent(&app).await, ["month 2026-03-01 0"]);
}

#[tokio::test]
async fn what_was_certainly_not_sent_is_given_back_and_what_may_have_been_is_kept() {
    let table = Table::new();
    let budgets = [
        ("SMS_BUDGET_DAILY", "25"),
        ("SMS_BUDGET_MONTHLY", "100"),
        ("SMS_BUDGET_PER_COUNTRY_DAILY", "5"),
    ];
    for (mode, kept) in [
        ("error:400:40005", 0),
        ("error:402:40200", 0),
        ("error:429:42901", 0),
        ("error:503:50300", 100_000),
        ("close", 100_000),
        ("html:200", 100_000),
    ] {
        let app = app(&table, &budgets).await;
        app.fake().once(Operation::Start, mode.parse::<Mode>().unwrap());
        assert_eq!(log_in_all(&app, 0..1).await, 0, "{mode}");
        let accounts = ["country:US 2026-03-04", "day 2026-03-04", "month 2026-03-01"];
        let wanted = accounts.map(|account| format!("{account} {kept}"));
        assert_eq!(spent(&app).await, wanted, "{mode}");
        assert_eq!(prices(&app).await, [json!([kept, "USD", false])], "{mode}");
    }
}

#[tokio::test]
async fn where_there_is_no_budget_prices_are_noted_and_nothing_is_counted() {
    let table = Table::new();
    let dear = app(&table, &[]).await;
    dear.pending(&Person::ada()).await;
    dear.advance(TimeDelta::seconds(1));
    dear.pending(&Person::bob()).await;
    assert_eq!(
        prices(&dear).await,
        [json!([100_000, "USD", false]), json!([200_000, "USD", false])]
    );
    assert_eq!(spent(&dear).await, Vec::<String>::new());

    let console = TestApp::with(&[("SMS_BUDGET_DAILY", "0.01")]).await;
    console.pending(&Person::ada()).await;
    assert_eq!(prices(&console).await, [json!([0, "USD", false])], "the console costs nothing");
}

#[tokio::test]
async fn days_and_months_begin_at_midnight_in_utc() {
    let table = Table::new();
    let app = app(&table, &[("SMS_BUDGET_DAILY", "0.10"), ("SMS_BUDGET_MONTHLY", "0.20")]).await;
    let until = |time: &str| {
        let then: chrono::DateTime<chrono::Utc> = time.parse().unwrap();
        app.advance(then - app.now());
    };
    let ask = async |number: usize| {
        let person = Person::numbered(number);
        let ticket = app.register(&person).await.is(201).text("loginTicket");
        app.request_otp(&ticket).await
    };
    for (time, scope, wait) in [
        ("2026-03-04T23:59:58Z", "", 0),
        ("2026-03-04T23:59:59.999Z", "day", 1),
        ("2026-03-05T00:00:00Z", "", 0),
        ("2026-03-05T00:00:00.000001Z", "day", 86_400),
        ("2026-03-06T00:00:00Z", "month", 86_400),
        ("2026-03-31T23:00:00Z", "month", 3_600),
        ("2026-04-01T00:00:00Z", "", 0),
    ] {
        until(time);
        let number = usize::try_from(app.count("SELECT count(*) FROM users").await).unwrap();
        let answer = ask(number).await;
        if scope.is_empty() {
            answer.is(200);
            continue;
        }
        let refusal = answer.refused(503, "sms_budget_exhausted");
        assert_eq!(refusal.json()["scope"], scope, "{time}");
        assert_eq!(refusal.seconds_to_wait(), wait, "{time}");
    }
    let months = ["month 2026-03-01 200000", "month 2026-04-01 100000"];
    assert_eq!(spent(&app).await[spent(&app).await.len() - 2..], months);
}

#[tokio::test]
async fn budgets_are_kept_for_more_than_a_year() {
    let table = Table::new();
    let app = app(&table, &[("SMS_BUDGET_DAILY", "1")]).await;
    app.pending(&Person::ada()).await;
    for (days, rows) in [(400, 1), (1, 0)] {
        app.advance(TimeDelta::days(days));
        app.application.state.otp.keep_house(app.database(), app.now()).await.unwrap();
        assert_eq!(spent(&app).await.len(), rows);
    }
}
