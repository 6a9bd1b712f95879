//! The log of `ringfence serve`: one JSON object a line, enough to find a request, and no secret,
//! however much of it is asked for.

use std::collections::BTreeSet;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use ringfence::database;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::account;
use super::answers::{Answer, Api, EMAIL, PASSWORD, PHONE};
use super::child::SOON;
use super::fake_sinch::{FakeConfig, Mode, Operation};
use super::installation::{Installation, SECRET_KEY, Serving};
use super::scene::{Silent, until};

const WRONG_PASSWORD: &str = "eight loud herons at dawn";
const JUNK: &str = "junk-that-nobody-may-log";

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    for level in ["trace", "debug", "info"] {
        let mut installation = Installation::new().await;
        installation.set("LOG_LEVEL", level);
        installation.set("OTP_RESEND_SECONDS", "0");
        let serving = installation.serve().await;
        let mut secrets = BTreeSet::from(
            [PASSWORD, WRONG_PASSWORD, JUNK, PHONE, &PHONE[2..], SECRET_KEY, "ada.lovelace"]
                .map(str::to_owned),
        );
        secrets.insert(FakeConfig::default().app_secret);
        secrets.insert("$argon2id$".to_owned());
        walk_and_stumble(&installation, &serving.api, &mut secrets).await;

        let Serving { program, .. } = serving;
        program.signal(Signal::TERM);
        let ended = program.ended(SOON).await;
        assert_eq!(ended.out, "", "{level}: the log is all that is printed");
        assert!(ended.err.contains("/api/v1/auth/verify-otp"), "{level}: nothing was logged");
        for line in ended.err.lines() {
            let mut object: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
            assert!(object["level"].is_string() && object["timestamp"].is_string(), "{line}");
            // Its digits must not pass for those of a code.
            object["timestamp"].take();
            let told = object.to_string();
            for secret in &secrets {
                assert!(!told.contains(secret.as_str()), "{level}: {secret} is in\n{line}");
            }
        }
    }
}

/// Everything that a person does, and everything that can go wrong with it.
async fn walk_and_stumble(installation: &Installation, api: &Api, secrets: &mut BTreeSet<String>) {
    secrets.insert(api.register().await.expect(201).text("loginTicket"));
    api.register().await.expect(409);
    api.post("register", json!({"email": EMAIL, "password": "password", "phoneNumber": PHONE}))
        .await
        .expect(400);
    api.post("register", json!({"email": JUNK, "password": JUNK, "phoneNumber": JUNK, JUNK: JUNK}))
        .await
        .expect(400);
    api.post("login", json!({"email": EMAIL, "password": WRONG_PASSWORD})).await.expect(401);
    api.post("login", json!({"phoneNumber": PHONE, "password": WRONG_PASSWORD})).await.expect(401);

    // A carrier that fails, and then one that does not.
    installation.sinch.once(Operation::Start, Mode::Error { http: 500, code: 50000 });
    secrets.insert(api.login().await.expect(200).text("loginTicket"));
    let ticket = api.login().await.expect(200).text("loginTicket");
    let code = installation.code();
    secrets.extend([ticket.clone(), code.clone()]);
    let wrong: String = code.chars().map(|at| if at == '9' { '0' } else { '9' }).collect();
    secrets.insert(wrong.clone());
    installation.sinch.once(Operation::Report, Mode::Html(502));
    api.verify(&ticket, &code).await.expect(502);
    api.verify(&ticket, &wrong).await.expect(401);
    api.verify(JUNK, &code).await.expect(401);
    api.post("request-otp", json!({"loginTicket": ticket})).await.expect(200);
    let code = installation.code();
    secrets.insert(code.clone());
    let answer = api.verify(&ticket, &code).await.expect(200);
    let token = answer.text("token");
    let refresh = answer.text("refreshToken");
    let refreshed = api.post("refresh", json!({"refreshToken": refresh})).await.expect(200);
    let child = refreshed.text("refreshToken");
    api.post("refresh", json!({"refreshToken": child})).await.expect(200);
    // Used up: the session ends, and the log tells of it without the token.
    api.post("refresh", json!({"refreshToken": refresh})).await.expect(401);
    secrets.extend([refresh, child]);
    api.profile(&token).await.expect(401);
    let token = api.login().await.expect(200).text("token");
    let (_, signature) = token.rsplit_once('.').unwrap();
    secrets.insert(signature.to_owned());

    api.profile(&token).await.expect(200);
    api.get("/api/v1/auth/session", &token).await.expect(200);
    api.profile(&format!("{token}x")).await.expect(401);
    api.profile(JUNK).await.expect(401);
    api.get(&format!("/{JUNK}?{JUNK}={JUNK}"), JUNK).await.expect(404);
    secrets.extend(account::walk(installation, api).await);
    send_nonsense(api).await;
}

async fn send_nonsense(api: &Api) {
    let login = format!("{}/api/v1/auth/login?token={JUNK}", api.base);
    let broken = format!(r#"{{"email": "{EMAIL}", "password": "{PASSWORD}" {JUNK}"#);
    let request = api.client.post(&login).header(CONTENT_TYPE, "application/json").body(broken);
    Answer::of(request).await.expect(400);
    let request = api.client.post(&login).header(CONTENT_TYPE, JUNK).body(JUNK);
    Answer::of(request).await.expect(415);
    let huge = format!(r#"{{"password": "{}"}}"#, PASSWORD.repeat(1000));
    let request = api.client.post(&login).header(CONTENT_TYPE, "application/json").body(huge);
    Answer::of(request).await.expect(413);
    let request = api.client.get(format!("{}/api/v1/profile", api.base));
    let request = request.header(AUTHORIZATION, format!("Basic {JUNK}"));
    let request = request.header("x-request-id", format!("{JUNK} with blanks"));
    Answer::of(request.header("x-forwarded-for", JUNK).header("cookie", JUNK)).await.expect(401);
}

#[tokio::test]
async fn the_line_of_a_request_tells_which_how_long_and_whose() {
    let installation = Installation::new().await;
    let serving = installation.serve().await;
    let token = installation.token(&serving.api).await;
    let profile = serving.api.profile(&token).await.expect(200);
    let url = format!("{}/api/v1/profile", serving.api.base);
    let request = serving.api.client.get(url).bearer_auth(&token);
    let response = request.header("x-request-id", "from-the-proxy-1").send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "from-the-proxy-1");

    let Serving { program, .. } = serving;
    program.signal(Signal::TERM);
    let log = program.ended(SOON).await.err;
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_it: Vec<_> =
        lines.filter(|line| line["span"]["request_id"] == "from-the-proxy-1").collect();
    let [line] = &of_it[..] else { panic!("one line a request: {of_it:?}") };
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["status"], 200);
    assert!(line["latency_us"].as_u64().is_some_and(|took| took > 0), "{line}");
    assert_eq!(line["span"]["method"], "GET");
    assert_eq!(line["span"]["route"], "/api/v1/profile");
    assert_eq!(line["span"]["user_id"], profile.body["id"]);
}

const JWT_SECRET: &str = "hunter2-of-the-tokens-hunter2-of-the-tokens";
const DATABASE_PASSWORD: &str = "hunter2-of-the-database";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_logged_when_the_carrier_repeats_it_and_the_database_goes() {
    let carrier = Silent::listen().await;
    let mut installation = Installation::new().await;
    installation.set("LOG_LEVEL", "trace");
    installation.set("JWT_SECRET", JWT_SECRET);
    installation.set("OTP_RESEND_SECONDS", "0");
    installation.set("SINCH_BASE_URL", &*carrier.url);
    let database = database::pool(installation.database.options.clone(), 1);
    let run = async |statement: &'static str| sqlx::query(statement).execute(&database).await;
    run("CREATE ROLE passing LOGIN SUPERUSER PASSWORD 'hunter2-of-the-database'").await.unwrap();
    let (_, place) = installation.database.url.split_once('@').unwrap();
    let url = format!("postgres://passing:{DATABASE_PASSWORD}@{place}");
    installation.set("DATABASE_URL", url);
    let Serving { program, api } = installation.serve().await;

    let ticket = api.register().await.expect(201).text("loginTicket");
    let talks = format!(r#"{{"message":"no way to {PHONE}, {EMAIL} by {ticket}"}}"#);
    let head = format!("HTTP/1.1 400 No\r\ncontent-length: {}\r\n\r\n", talks.len());
    let asks = api.clone();
    let login = tokio::spawn(async move { asks.login().await.expect(200) });
    until("the carrier is asked", async || carrier.asked() == 1).await;
    carrier.answer(&format!("{head}{talks}")).await;
    let answer = login.await.unwrap();
    assert!(answer.body["otpError"].is_object(), "{}", answer.body);

    run("ALTER ROLE passing NOLOGIN").await.unwrap();
    run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'passing'")
        .await
        .unwrap();
    api.login().await.expect(503);
    api.verify(&ticket, "0123456789").await.expect(503);
    api.register().await.expect(503);
    program.signal(Signal::TERM);
    let ended = program.ended(SOON).await;
    assert!(ended.err.contains("database_unavailable"), "{}", ended.err);
    let told = format!("{}{}", ended.out, ended.err);
    let number = &PHONE[1..];
    for secret in
        [PHONE, number, EMAIL, PASSWORD, &ticket, JWT_SECRET, DATABASE_PASSWORD, SECRET_KEY]
    {
        assert!(!told.contains(secret), "{secret} is in\n{told}");
    }
    run("DROP ROLE passing").await.unwrap();
}
