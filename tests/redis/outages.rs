//! Redis going away, and coming back: code routes say so and nothing else stops; nothing falls back to
//! memory or to PostgreSQL.

use std::process::Command;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use crate::redis_server::RedisServer;
use crate::store::installed;
use crate::support::{Answer, Person, TestApp, Visitor, race, wrong};

/// The patience of the server is a second; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(4);
/// `/readyz` looks at most once a second.
const LOOKED_AT_ANEW: Duration = Duration::from_millis(1050);

async fn on(redis: &RedisServer, settings: &[(&str, &str)]) -> TestApp {
    let url = redis.url(0);
    TestApp::with(&[&[("REDIS_URL", &*url)], settings].concat()).await
}

/// Everything that concerns codes is refused, soon; everything else goes on.
async fn only_codes_stop(app: &TestApp, verified: &Person, pending: &Person, ticket: &str) {
    let code = app.code_for(pending);
    let begun = Instant::now();
    for answer in [app.verify(ticket, &code).await, app.request_otp(ticket).await] {
        let answer = answer.refused(503, "store_unavailable");
        assert_eq!(answer.seconds_to_wait(), 5);
        let shown = answer.json().to_string().to_lowercase();
        assert!(!shown.contains("redis") && !shown.contains("127.0.0.1"), "{shown}");
    }
    let login = app.login(pending).await.is(200);
    assert_eq!(login.json()["otpError"]["code"], "store_unavailable", "the password was right");
    assert!(begun.elapsed() < 3 * SOON, "{:?}", begun.elapsed());

    let login = app.login(verified).await.is(200);
    assert_eq!(login.json()["requiresOtp"], false);
    app.session(&login.text("token")).await.is(200);
    app.livez().await;
    let ready = app.readyz().await;
    assert_eq!((&ready["status"], &ready["checks"]["redis"]), (&json!("DEGRADED"), &json!("DOWN")));
    assert_eq!(ready["checks"]["database"], "UP");
}

impl TestApp {
    async fn livez(&self) {
        self.get("/livez").await.is(200);
    }

    async fn readyz(&self) -> serde_json::Value {
        sleep(LOOKED_AT_ANEW).await;
        self.get("/readyz").await.is(200).json().clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_it_stops_codes_only_and_is_used_again_when_it_is_back() {
    let mut redis = RedisServer::start(installed()).await;
    let app = on(&redis, &[]).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    app.verified(&ada).await;
    let ticket = app.pending(&bob).await;
    let ready = app.readyz().await;
    assert_eq!((&ready["status"], &ready["checks"]["redis"]), (&json!("UP"), &json!("UP")));
    let lost = app.code_for(&bob);
    let messages = app.count("SELECT count(*) FROM messages").await;

    redis.kill();
    app.advance(TimeDelta::seconds(120));
    only_codes_stop(&app, &ada, &bob, &ticket).await;
    assert_eq!(app.count("SELECT count(*) FROM messages").await, messages, "nothing was sent");

    redis.run().await;
    // What it held is lost, as without persistence it is.
    app.verify(&ticket, &lost).await.refused(401, "otp_new_code_required");
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &app.code_for(&bob)).await.is(200);
    assert_eq!(app.readyz().await["status"], "UP");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn restarted_between_two_requests_it_is_asked_anew_without_a_failure() {
    let mut redis = RedisServer::start(installed()).await;
    let app = on(&redis, &[("OTP_RESEND_SECONDS", "0")]).await;
    let ticket = app.register(&Person::ada()).await.is(201).text("loginTicket");
    for _ in 0..3 {
        app.request_otp(&ticket).await.is(200);
        redis.kill();
        redis.run().await;
    }
    app.request_otp(&ticket).await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_restart_forgets_codes_and_no_budget() {
    let mut redis = RedisServer::start(installed()).await;
    let settings = [
        ("OTP_WRONG_PER_HOUR", "4"),
        ("OTP_RESEND_SECONDS", "0"),
        ("OTP_MAX_PER_NUMBER_HOURLY", "3"),
    ];
    let app = on(&redis, &settings).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    for _ in 0..3 {
        app.verify(&ticket, &wrong(&app.code_for(&ada))).await.is(401);
    }
    redis.kill();
    redis.run().await;
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &wrong(&app.code_for(&ada))).await.is(401);
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &app.code_for(&ada)).await.refused(429, "otp_guesses_exhausted");
    let capped = app.request_otp(&ticket).await.refused(429, "otp_limit_reached");
    assert_eq!(capped.json()["scope"], "number");
}

/// Stops or continues the process of `redis` without its knowledge.
fn signal(redis_pid: &str, signal: &str) {
    let status = Command::new("kill").args([signal, redis_pid]).status().unwrap();
    assert!(status.success());
}

async fn pid(redis: &RedisServer) -> String {
    let info: String = redis.ask(redis::cmd("INFO").arg("server")).await.unwrap();
    let pid = info.lines().find_map(|line| line.strip_prefix("process_id:"));
    pid.unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_that_hangs_takes_no_connection_from_those_who_need_no_code() {
    let redis = RedisServer::start(installed()).await;
    let app = on(&redis, &[("DB_POOL_MAX", "2")]).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    app.verified(&ada).await;
    let ticket = app.pending(&bob).await;
    app.advance(TimeDelta::seconds(120));
    let pid = pid(&redis).await;

    signal(&pid, "-STOP");
    let crowd = (0..32).map(|_| {
        let (visitor, ticket) = (Visitor::clone(&app), ticket.clone());
        async move { visitor.request_otp(&ticket).await }
    });
    let crowd = tokio::spawn(race(crowd.collect()));
    sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    app.login(&ada).await.is(200);
    let login = begun.elapsed();
    let answers: Vec<Answer> = crowd.await.unwrap();
    let crowd = begun.elapsed();
    assert!(login < Duration::from_millis(500), "{login:?}: it waited for the others");
    assert!(crowd < SOON, "{crowd:?}");
    for answer in answers {
        answer.refused(503, "store_unavailable");
    }
    only_codes_stop(&app, &ada, &bob, &ticket).await;

    signal(&pid, "-CONT");
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &app.code_for(&bob)).await.is(200);
}

/// Something that is no Redis: says `greeting` to whoever asks, or nothing.
async fn something_else(greeting: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut asked = [0; 1024];
                while stream.read(&mut asked).await.is_ok_and(|bytes| bytes > 0) {
                    if stream.write_all(greeting).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("redis://{address}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_is_no_redis_is_an_outage() {
    let of_another_password = {
        let redis = RedisServer::start(installed()).await;
        let url = redis.url(0).replace(crate::redis_server::PASSWORD, "another");
        (redis, url)
    };
    let nobody = "redis://127.0.0.1:1".to_owned();
    for url in [
        something_else(b"HTTP/1.1 400 Bad Request\r\n\r\n").await,
        something_else(b"").await,
        something_else(b"$5\r\nhello\r\n").await,
        nobody,
        of_another_password.1,
    ] {
        let app = TestApp::with(&[("REDIS_URL", &url)]).await;
        let ticket = app.register(&Person::ada()).await.is(201).text("loginTicket");
        let begun = Instant::now();
        app.request_otp(&ticket).await.refused(503, "store_unavailable");
        app.verify(&ticket, "123456").await.refused(503, "store_unavailable");
        assert!(begun.elapsed() < 2 * SOON, "{url}: {:?}", begun.elapsed());
        assert_eq!(app.readyz().await["status"], "DEGRADED", "{url}");
        assert_eq!(app.count("SELECT count(*) FROM messages").await, 0, "{url}");
    }
}
