//! What an account does with codes in Redis: new passwords, another number, the export, and the end of it.

use chrono::TimeDelta;
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use ringfence::cli::erasure::erase_due;
use serde_json::{Value, json};

use crate::redis_server::RedisServer;
use crate::store::installed;
use crate::support::{Answer, Person, TestApp};

const GRACE: TimeDelta = TimeDelta::days(7);
const NEW: &str = "a new and better staple";
const ROOM: (&str, &str) = ("OTP_RESEND_SECONDS", "0");

async fn on(redis: &RedisServer, settings: &[(&str, &str)]) -> TestApp {
    let url = redis.url(0);
    TestApp::with(&[&[("REDIS_URL", &*url), ROOM], settings].concat()).await
}

async fn connect(redis: &RedisServer) -> MultiplexedConnection {
    let client = redis::Client::open(redis.url(0)).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// Asks for a code to the number of `new`.
async fn ask_for_number(app: &TestApp, token: &str, new: &Person) -> Answer {
    let body = json!({ "phoneNumber": new.phone, "password": new.password });
    app.post_as(token, "/api/v1/profile/phone", &body).await
}

async fn confirm_number(app: &TestApp, token: &str, code: &str) -> Answer {
    app.post_as(token, "/api/v1/profile/phone/confirm", &json!({ "otpCode": code })).await
}

/// `ada` with another phone.
fn moved(ada: &Person) -> Person {
    Person { phone: Person::numbered(1).phone, ..ada.clone() }
}

async fn codes_of(connection: &mut MultiplexedConnection, user: &str) -> Vec<String> {
    let mut codes: Vec<String> = connection.keys(format!("ringfence:{{{user}}}:*")).await.unwrap();
    codes.sort();
    codes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_that_was_used_is_over_in_redis_whatever_it_was_for() {
    let redis = RedisServer::start(installed()).await;
    let app = on(&redis, &[]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let ticket = app.forgotten(&ada).await;
    app.reset(&ticket, &app.code_for(&ada), NEW).await.is(204);
    let renewed = Person { password: NEW.to_owned(), ..ada.clone() };
    let token = app.login(&renewed).await.is(200).text("token");
    let new = moved(&renewed);
    ask_for_number(&app, &token, &new).await.is(202);
    confirm_number(&app, &token, &app.code_for(&new)).await.is(200);

    let mut connection = connect(&redis).await;
    let user = app.id_of(&new).await;
    for purpose in ["login", "password_reset", "phone_change"] {
        let key = format!("ringfence:{{{user}}}:{purpose}");
        let ended_as: Option<String> = connection.hget(key, "ended_as").await.unwrap();
        assert_eq!(ended_as.as_deref(), Some("verified"), "{purpose}");
    }
}

/// Fails when the transaction is committed, and not before.
const NO_COMMIT: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no commit today'; END $$;
    CREATE CONSTRAINT TRIGGER no_commit AFTER UPDATE ON users
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_that_fails_leaves_the_account_as_it_was_and_the_code_used_up() {
    let redis = RedisServer::start(installed()).await;
    let app = on(&redis, &[]).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let ticket = app.forgotten(&ada).await;
    let code = app.code_for(&ada);
    let new = moved(&ada);
    ask_for_number(&app, &token, &new).await.is(202);
    let code_of_change = app.code_for(&new);
    sqlx::raw_sql(NO_COMMIT).execute(app.database()).await.unwrap();
    app.reset(&ticket, &code, NEW).await.is(500);
    confirm_number(&app, &token, &code_of_change).await.is(500);
    sqlx::raw_sql("DROP TRIGGER no_commit ON users").execute(app.database()).await.unwrap();

    app.reset(&ticket, &code, NEW).await.refused(401, "otp_invalid");
    let again = confirm_number(&app, &token, &code_of_change).await;
    again.refused(401, "otp_new_code_required");
    app.login(&ada).await.is(200);
    assert_eq!(app.profile(&token).await.is(200).text("phoneNumber"), ada.phone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_right_code_that_could_not_be_used_is_given_back() {
    let redis = RedisServer::start(installed()).await;
    let app = on(&redis, &[]).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let token = app.verified(&ada).await;
    app.register(&bob).await.is(201);
    let of_bob = Person { phone: bob.phone.clone(), ..ada.clone() };
    ask_for_number(&app, &token, &of_bob).await.is(202);
    let code = app.code_for(&bob);
    for _ in 0..7 {
        confirm_number(&app, &token, &code).await.refused(409, "phone_taken");
    }
    let mut connection = connect(&redis).await;
    let key = format!("ringfence:{{{}}}:phone_change", app.id_of(&ada).await);
    let left: i16 = connection.hget(key, "attempts_left").await.unwrap();
    assert_eq!(left, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_export_tells_how_the_codes_in_redis_stand_and_no_secret() {
    let redis = RedisServer::start(installed()).await;
    let app = on(&redis, &[]).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    app.advance(TimeDelta::seconds(1));
    app.forgotten(&ada).await;
    app.register(&Person::bob()).await.is(201);
    let export = app.get_as(&token, "/api/v1/profile/export").await.is(200);
    let codes = export.json()["codes"].as_array().unwrap().clone();
    let of = |code: &Value| (code["purpose"].clone(), code["endedAs"].clone());
    let told: Vec<_> = codes.iter().map(of).collect();
    assert_eq!(told, [(json!("login"), json!("verified")), (json!("password_reset"), Value::Null)]);
    let reset = &codes[1];
    assert_eq!(reset["phoneNumber"], json!(ada.phone));
    assert_eq!(reset["channel"], "sms");
    assert_eq!(reset["provider"], "console");
    assert_eq!(reset["attemptsLeft"], 5);
    assert_eq!(reset["freeResend"], true);
    assert_eq!(reset["createdAt"], json!(app.now()));
    assert_eq!(reset["sentAt"], json!(app.now()));
    assert_eq!(reset["expiresAt"], json!(app.now() + TimeDelta::minutes(5)));
    assert_eq!(codes[0]["endedAt"], json!(app.now() - TimeDelta::seconds(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_who_is_gone_leaves_a_code_in_redis() {
    let redis = RedisServer::start(installed()).await;
    let app = on(&redis, &[]).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let leaving = Person::numbered(1);
    let admin = app.admin(&ada).await;
    app.verified(&bob).await;
    let token = app.verified(&leaving).await;
    let mut connection = connect(&redis).await;
    let [ada, deleted, erased] =
        [app.id_of(&ada).await, app.id_of(&bob).await, app.id_of(&leaving).await];

    app.forgotten(&bob).await;
    assert_eq!(codes_of(&mut connection, &deleted).await.len(), 2);
    admin.delete(&app.path_of(&bob, "").await).await.is(204);
    assert_eq!(codes_of(&mut connection, &deleted).await, Vec::<String>::new());

    app.delete_profile(&token, &leaving.password).await.is(202);
    app.advance(GRACE);
    app.pending(&Person::numbered(2)).await;
    assert_eq!(codes_of(&mut connection, &erased).await.len(), 1);
    let state = &app.application.state;
    assert_eq!(erase_due(&state.otp, &state.database, &state.entropy, app.now()).await.unwrap(), 1);
    assert_eq!(codes_of(&mut connection, &erased).await, Vec::<String>::new());
    assert_eq!(codes_of(&mut connection, &ada).await.len(), 1, "nobody else's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_redis_is_away_nothing_is_half_told_half_erased_or_half_changed() {
    let mut redis = RedisServer::start(installed()).await;
    let app = on(&redis, &[]).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let leaving = app.verified(&bob).await;
    app.delete_profile(&leaving, &bob.password).await.is(202);
    app.advance(GRACE);
    let admin = app.admin(&Person::numbered(1)).await;
    app.register(&Person::numbered(2)).await.is(201);
    let token = app.verified(&ada).await;
    let ticket = app.forgotten(&ada).await;
    let code = app.code_for(&ada);
    let new = Person { phone: Person::numbered(3).phone, ..ada.clone() };

    redis.kill();
    let away = (503, "store_unavailable");
    app.get_as(&token, "/api/v1/profile/export").await.refused(away.0, away.1);
    app.reset(&ticket, &code, NEW).await.refused(away.0, away.1);
    // The ticket of nobody is told the same.
    let nobody = app.forgot(&Person::numbered(9)).await.is(202).text("resetTicket");
    app.reset(&nobody, &code, NEW).await.refused(away.0, away.1);
    ask_for_number(&app, &token, &new).await.refused(away.0, away.1);
    confirm_number(&app, &token, &code).await.refused(away.0, away.1);
    let state = &app.application.state;
    erase_due(&state.otp, &state.database, &state.entropy, app.now()).await.unwrap_err();
    assert_eq!(app.count("SELECT count(*) FROM erasures").await, 1, "another time");
    assert!(app.user_row(&bob).await.is_object());
    // Whoever wants somebody deleted need not wait for it.
    admin.delete(&app.path_of(&Person::numbered(2), "").await).await.is(204);
    app.login(&ada).await.is(200);

    redis.run().await;
    assert_eq!(erase_due(&state.otp, &state.database, &state.entropy, app.now()).await.unwrap(), 1);
    app.get_as(&token, "/api/v1/profile/export").await.is(200);
}
