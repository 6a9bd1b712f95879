//! Limits that cannot be counted in PostgreSQL: no code is sent or checked, and whoever needs none gets
//! in. What becomes of them in Redis stands in `tests/redis/outages.rs`.

use chrono::TimeDelta;
use sqlx::PgPool;

use crate::log::Log;
use crate::support::{Person, TestApp};

async fn run(database: &PgPool, statement: &'static str) {
    sqlx::query(statement).execute(database).await.unwrap();
}

#[tokio::test]
async fn without_the_limits_no_code_is_sent_or_checked_and_passwords_go_on() {
    let (log, _listening) = Log::listen();
    let app = TestApp::new().await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let signed_in = app.signed_in(&ada).await;
    let ticket = app.pending(&bob).await;
    let code = app.code_for(&bob);
    app.advance(TimeDelta::minutes(3));
    run(app.database(), "ALTER TABLE rate_limits RENAME TO lost").await;

    app.request_otp(&ticket).await.refused(503, "store_unavailable").seconds_to_wait();
    app.verify(&ticket, &code).await.refused(503, "database_unavailable").seconds_to_wait();
    let reset = app.reset("none", "123456", "an unheard of staple").await;
    reset.refused(503, "database_unavailable");
    let login = app.login(&bob).await.is(200);
    assert_eq!(login.json()["otpError"]["code"], "store_unavailable");
    assert_eq!(app.sends_to(&bob), 1, "a text went out uncounted");

    app.register(&Person::numbered(1)).await.is(201);
    assert_eq!(app.login(&ada).await.is(200).json()["requiresOtp"], false);
    app.refresh(&signed_in.text("refreshToken")).await.is(200);
    app.forgot(&ada).await.is(202);
    let token = signed_in.text("token");
    app.change_password(&token, "not hers", "an unheard of staple").await.is(403);

    let text = log.text();
    let told = |words: &str| text.lines().filter(|line| line.contains(words)).count();
    // Once in ten seconds, of which a busy machine may take some.
    for words in ["no code is sent or checked", "what needs no code goes on uncounted"] {
        assert!((1..=3).contains(&told(words)), "{words} is told {} times: {text}", told(words));
    }

    run(app.database(), "ALTER TABLE lost RENAME TO rate_limits").await;
    app.request_otp(&ticket).await.is(200);
}

#[tokio::test]
async fn a_pool_that_has_too_much_to_do_lets_nobody_in_uncounted() {
    let app = TestApp::with(&[("DB_POOL_MAX", "1")]).await;
    app.verified(&Person::ada()).await;
    let held = app.application.state.database.acquire().await.unwrap();
    let before = app.hashes();
    app.login(&Person::ada()).await.refused(503, "database_unavailable");
    assert_eq!(app.hashes(), before, "a guess was judged uncounted");
    drop(held);
    app.login(&Person::ada()).await.is(200);
}

#[tokio::test]
async fn what_has_run_out_is_deleted_and_what_has_not_stays() {
    let app = TestApp::new().await;
    let limits = &app.application.state.shared_limits;
    run(
        app.database(),
        "INSERT INTO rate_limits (key, tat, expires_at)
        SELECT decode(md5(n::text), 'hex'), '2026-03-04 04:30:00Z', '2026-03-04 05:00:00Z'
        FROM generate_series(1, 2500) AS n",
    )
    .await;
    let ada = Person::ada();
    app.login(&ada).await.refused(401, "invalid_credentials");
    let count = "SELECT count(*) FROM rate_limits";
    assert_eq!(app.count(count).await, 2502);
    assert_eq!(limits.delete_expired(app.now()).await.unwrap(), 2500);
    assert_eq!(app.count(count).await, 2);
    let later = app.now() + TimeDelta::hours(2);
    assert_eq!(limits.delete_expired(later).await.unwrap(), 2);
    assert_eq!(app.count(count).await, 0);
}

#[tokio::test]
async fn nothing_that_is_kept_tells_whose_it_is() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let ada = Person::ada();
    app.at("203.0.113.7").register(&ada).await.is(201);
    let query = "SELECT coalesce(string_agg(r::text, ' '), '') || encode(
        coalesce(string_agg(r.key, ''), ''), 'escape') FROM rate_limits AS r";
    let kept: String = sqlx::query_scalar(query).fetch_one(app.database()).await.unwrap();
    assert!(kept.contains("2026-03-04"), "{kept}");
    for private in ["203.0.113", ada.phone.trim_start_matches('+'), "415555", "register"] {
        assert!(!kept.contains(private), "{private} is in {kept}");
    }
}
