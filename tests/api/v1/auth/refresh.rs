//! `POST /api/v1/auth/refresh`. Answers that get lost have a file of their own, `lost_replies.rs`.
//!
//! Seen to fail where the statement of a rotation does not compare the hash and the generation, and
//! where a token is believed without its tag.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ringfence::foundation::Keyring;
use serde_json::{Value, json};

use crate::log::Log;
use crate::support::{Answer, Person, SECRET_KEY, TestApp, Visitor, count, race};

const OTHER_KEY: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const MOMENT: TimeDelta = TimeDelta::milliseconds(1);
/// Replicas have one, and take each other's tokens.
const ISSUER: (&str, &str) = ("BASE_URL", "https://auth.example.com");
const CLIENTS: usize = 64;

fn tokens(answer: &Answer) -> (String, String) {
    (answer.text("token"), answer.text("refreshToken"))
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

async fn sign_in() -> (TestApp, Answer) {
    let app = TestApp::new().await;
    let answer = app.signed_in(&Person::ada()).await;
    (app, answer)
}

#[tokio::test]
async fn a_login_is_given_a_refresh_token_with_or_without_a_code() {
    let (app, by_code) = sign_in().await;
    let by_password = app.login(&Person::ada()).await.is(200);
    for answer in [&by_code, &by_password] {
        assert_eq!(answer.text("refreshToken").len(), 112);
        assert_eq!(answer.json()["refreshExpiresIn"], 14 * 24 * 3600);
        app.refresh(&answer.text("refreshToken")).await.is(200);
    }
}

#[tokio::test]
async fn a_refresh_gives_the_next_tokens_of_the_same_session() {
    let (app, first) = sign_in().await;
    app.advance(TimeDelta::minutes(20));
    sqlx::query("UPDATE users SET email = 'ada@new.example'")
        .execute(app.database())
        .await
        .unwrap();
    let second = app.refresh(&first.text("refreshToken")).await.is(200);
    let mut names: Vec<_> = second.json().as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["expiresIn", "refreshExpiresIn", "refreshToken", "token", "tokenType"]);
    assert_eq!(second.json()["tokenType"], "Bearer");
    assert_eq!(second.json()["expiresIn"], 900);
    let (old, new) = (claims(&first.text("token")), claims(&second.text("token")));
    for same in ["sub", "sid", "amr", "auth_time", "iss", "aud"] {
        assert_eq!(old[same], new[same], "{same}");
    }
    assert_ne!(old["jti"], new["jti"]);
    assert_eq!(new["iat"].as_i64().unwrap() - old["iat"].as_i64().unwrap(), 20 * 60);
    assert_eq!(new["email"], "ada@new.example", "the user is read fresh");
    app.session(&second.text("token")).await.is(200);
    let seen: DateTime<Utc> =
        app.session_row().await["last_seen_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(seen, app.now());
}

#[tokio::test]
async fn who_repeats_the_last_exchange_gets_its_answer_again() {
    let (app, first) = sign_in().await;
    app.advance(TimeDelta::minutes(20));
    let parent = first.text("refreshToken");
    let answer = app.refresh(&parent).await.is(200);
    for _ in 0..3 {
        let again = app.refresh(&parent).await.is(200);
        assert_eq!(again.json(), answer.json());
    }
    app.advance(TimeDelta::seconds(59));
    let again = app.refresh(&parent).await.is(200);
    assert_eq!(tokens(&again), tokens(&answer));
    assert_eq!(again.json()["expiresIn"], 900 - 59);
    app.advance(TimeDelta::seconds(1));
    let later = app.refresh(&parent).await.is(200);
    assert_eq!(later.text("refreshToken"), answer.text("refreshToken"));
    assert_ne!(later.text("token"), answer.text("token"));
    assert_eq!(later.json()["expiresIn"], 900);
    app.session(&later.text("token")).await.is(200);
    assert_eq!(app.session_row().await["refresh_generation"], 1);
}

#[tokio::test]
async fn a_token_that_comes_after_its_child_was_used_ends_the_session() {
    let (log, _listening) = Log::listen();
    let (app, first) = sign_in().await;
    let parent = first.text("refreshToken");
    let (token, child) = tokens(&app.refresh(&parent).await.is(200));
    let (newest_token, newest) = tokens(&app.refresh(&child).await.is(200));
    app.session(&token).await.is(200);

    app.refresh(&parent).await.refused(401, "refresh_invalid");
    for refresh in [&parent, &child, &newest] {
        app.refresh(refresh).await.refused(401, "refresh_invalid");
    }
    for token in [&token, &newest_token] {
        app.session(token).await.refused(401, "token_invalid");
    }
    let row = app.session_row().await;
    assert_eq!(row["ended_as"], "reuse");
    let text = log.text();
    let lines = text.lines().filter(|line| line.contains("refresh_reuse"));
    let lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let [line] = &lines[..] else { panic!("once: {lines:?}") };
    assert_eq!(line["level"], "WARN");
    assert_eq!((&line["session_id"], &line["user_id"]), (&row["id"], &row["user_id"]));
    for secret in [&parent, &child, &newest] {
        assert!(!text.contains(secret.as_str()), "a refresh token is in the log");
    }
}

#[tokio::test]
async fn another_session_of_the_same_person_goes_on() {
    let (app, first) = sign_in().await;
    let other = app.login(&Person::ada()).await.is(200);
    let child = app.refresh(&first.text("refreshToken")).await.is(200).text("refreshToken");
    app.refresh(&child).await.is(200);
    app.refresh(&first.text("refreshToken")).await.refused(401, "refresh_invalid");
    app.session(&other.text("token")).await.is(200);
    app.refresh(&other.text("refreshToken")).await.is(200);
}

#[tokio::test]
async fn a_forged_token_ends_nothing() {
    let (app, first) = sign_in().await;
    let refresh = first.text("refreshToken");
    let next = app.refresh(&refresh).await.is(200).text("refreshToken");
    let own = URL_SAFE_NO_PAD.decode(&next).unwrap();
    // Who knows the session, which every access token tells, can write all but the tag.
    let stranger = Keyring::parse(OTHER_KEY).unwrap();
    for generation in [0_u8, 1, 2, 200] {
        let mut signed = own[..52].to_vec();
        signed[19] = generation;
        signed[20..].fill(7);
        let tags = [
            vec![0; 32],
            own[52..].to_vec(),
            stranger.mac(ringfence::foundation::KeyPurpose::RefreshToken, &signed),
        ];
        for tag in tags {
            let forged = URL_SAFE_NO_PAD.encode([signed.as_slice(), &tag].concat());
            app.refresh(&forged).await.refused(401, "refresh_invalid");
        }
    }
    for nonsense in ["", "x", &next[..111], &format!("{next}A"), &"A".repeat(5000)] {
        app.refresh(nonsense).await.refused(401, "refresh_invalid");
    }
    assert_eq!(app.session_row().await["ended_at"], Value::Null);
    app.refresh(&next).await.is(200);
}

#[tokio::test]
async fn a_session_runs_out_where_it_is_not_used() {
    let (app, first) = sign_in().await;
    let idle = TimeDelta::days(14);
    app.advance(idle - MOMENT);
    let second = app.refresh(&first.text("refreshToken")).await.is(200).text("refreshToken");
    app.advance(idle - MOMENT);
    let third = app.refresh(&second).await.is(200);
    // Of the 30 days two days and a little are left.
    assert_eq!(third.json()["refreshExpiresIn"], 2 * 24 * 3600 + 1);
    let other = app.login(&Person::ada()).await.is(200).text("refreshToken");
    app.advance(idle);
    app.refresh(&other).await.refused(401, "refresh_invalid");
    assert_eq!(app.count("SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL").await, 0);
}

#[tokio::test]
async fn a_session_runs_out_however_much_it_is_used() {
    let settings = [("SESSION_ABSOLUTE_TTL", "2h"), ("SESSION_IDLE_TTL", "1h")];
    let app = TestApp::with(&settings).await;
    let mut refresh = app.signed_in(&Person::ada()).await.text("refreshToken");
    for _ in 0..3 {
        app.advance(TimeDelta::minutes(30));
        refresh = app.refresh(&refresh).await.is(200).text("refreshToken");
    }
    app.advance(TimeDelta::minutes(30) - MOMENT);
    let last = app.refresh(&refresh).await.is(200);
    assert_eq!(last.json()["refreshExpiresIn"], 1);
    app.advance(MOMENT);
    app.refresh(&last.text("refreshToken")).await.refused(401, "refresh_invalid");
    app.refresh(&refresh).await.refused(401, "refresh_invalid");
}

#[tokio::test]
async fn a_request_without_a_token_is_told_so() {
    let app = TestApp::new().await;
    let required = [("refreshToken", "required")];
    app.post("/api/v1/auth/refresh", &json!({})).await.finds_fault_with(&required);
    let empty = app.request(reqwest::Method::POST, "/api/v1/auth/refresh");
    app.send(empty).await.finds_fault_with(&required);
    let wrong = json!({ "refreshToken": 1 });
    let faults = [("refreshToken", "wrong_type"), ("refreshToken", "required")];
    app.post("/api/v1/auth/refresh", &wrong).await.finds_fault_with(&faults);
    let unknown = json!({ "refreshToken": "x", "scope": "all" });
    let faults = [("scope", "unknown_field")];
    app.post("/api/v1/auth/refresh", &unknown).await.finds_fault_with(&faults);
    let raw = app.request(reqwest::Method::POST, "/api/v1/auth/refresh").body("{}");
    app.send(raw).await.refused(415, "content_type_not_supported");
}

#[tokio::test]
async fn who_is_gone_is_not_refreshed() {
    let (app, first) = sign_in().await;
    sqlx::query("DELETE FROM users").execute(app.database()).await.unwrap();
    app.refresh(&first.text("refreshToken")).await.refused(401, "refresh_invalid");
}

#[tokio::test]
async fn sessions_go_on_when_the_secret_key_is_replaced() {
    let (app, first) = sign_in().await;
    let parent = first.text("refreshToken");
    let before = app.refresh(&parent).await.is(200);
    let both = format!("{OTHER_KEY},{SECRET_KEY}");
    let rotated = app.replica(&[("SECRET_KEY", &both)]).await;
    let again = rotated.refresh(&parent).await.is(200);
    let secret = |answer: &Answer| answer.text("refreshToken")[..69].to_owned();
    assert_eq!(secret(&again), secret(&before), "the same secret under a tag of the new key");
    let next = rotated.refresh(&before.text("refreshToken")).await.is(200);
    rotated.refresh(&next.text("refreshToken")).await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_who_race_with_one_token_all_get_the_same_child() {
    let one = TestApp::with(&[("DB_POOL_MAX", "32"), ISSUER]).await;
    let two = one.replica(&[]).await;
    let mut refresh = one.signed_in(&Person::ada()).await.text("refreshToken");
    for app in [&one, &two] {
        app.warm_for(CLIENTS / 2).await;
    }
    for generation in 1..=5 {
        let racers = [&one, &two].into_iter().cycle().take(CLIENTS).map(|app| {
            let (visitor, refresh) = (Visitor::clone(app), refresh.clone());
            async move { visitor.refresh(&refresh).await }
        });
        let answers = race(racers.collect()).await;
        assert_eq!(count(&answers, 200, ""), CLIENTS, "{answers:?}");
        for answer in &answers {
            assert_eq!(answer.json(), answers[0].json());
        }
        assert_eq!(one.session_row().await["refresh_generation"], generation);
        refresh = answers[0].text("refreshToken");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reuse_that_races_ends_the_session_once() {
    let (app, first) = sign_in().await;
    let child = app.refresh(&first.text("refreshToken")).await.is(200).text("refreshToken");
    app.refresh(&child).await.is(200);
    app.warm().await;
    let racers = (0..8).map(|_| {
        let (visitor, refresh) = (Visitor::clone(&app), first.text("refreshToken"));
        async move { visitor.refresh(&refresh).await }
    });
    let answers = race(racers.collect()).await;
    assert_eq!(count(&answers, 401, "refresh_invalid"), 8, "{answers:?}");
    assert_eq!(app.session_row().await["ended_as"], "reuse");
}

#[tokio::test]
async fn housekeeping_takes_what_is_long_over_and_nothing_else() {
    let (app, first) = sign_in().await;
    let other = app.login(&Person::ada()).await.is(200);
    app.logout(&other.text("token"), "current").await.is(204);
    let old = "UPDATE sessions SET expires_at = NULL, last_seen_at = NULL, refresh_hash = NULL,
        refresh_generation = NULL WHERE ended_at IS NOT NULL";
    sqlx::query(old).execute(app.database()).await.unwrap();
    let state = &app.application.state;
    let delete = async || state.sessions.delete_expired(&state.database, app.now()).await.unwrap();
    app.advance(TimeDelta::days(60));
    assert_eq!(delete().await, 0, "30 days of life, and 30 to be asked about");
    app.advance(TimeDelta::minutes(15) + TimeDelta::milliseconds(2));
    let newer = app.login(&Person::ada()).await.is(200);
    assert_eq!(delete().await, 2);
    app.refresh(&first.text("refreshToken")).await.refused(401, "refresh_invalid");
    app.refresh(&newer.text("refreshToken")).await.is(200);
}
