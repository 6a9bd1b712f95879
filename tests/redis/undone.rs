//! What has happened on one side only: Redis fails after PostgreSQL has committed, PostgreSQL fails
//! after Redis has decided, and Redis comes back with what it had before.

use chrono::TimeDelta;
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use serde_json::json;

use crate::fake_sinch::Operation;
use crate::redis_server::RedisServer;
use crate::store::installed;
use crate::support::{Person, TestApp, wrong};

/// A Redis of one's own, and an application on it.
struct World {
    redis: RedisServer,
    app: TestApp,
}

impl World {
    async fn new(settings: &[(&str, &str)]) -> Self {
        let redis = RedisServer::start(installed()).await;
        let url = redis.url(0);
        let app = TestApp::with(&[&[("REDIS_URL", &*url)], settings].concat()).await;
        Self { redis, app }
    }

    /// Allows (`+`) or forbids (`-`) a command to everybody, in scripts, too.
    async fn allow(&self, rule: &str) {
        let mut acl = redis::cmd("ACL");
        acl.arg("SETUSER").arg("default").arg(rule);
        self.redis.ask::<()>(&acl).await.unwrap();
    }

    async fn connection(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.redis.url(0)).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }
}

async fn ledger(app: &TestApp) -> Vec<(String, Option<String>)> {
    let query = "SELECT state, failure FROM messages ORDER BY created_at";
    sqlx::query_as(query).fetch_all(app.database()).await.unwrap()
}

fn entry(state: &str, failure: Option<&str>) -> (String, Option<String>) {
    (state.to_owned(), failure.map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_that_cannot_be_written_is_not_sent_costs_nothing_and_leaves_the_one_before() {
    let world = World::new(&[("SMS_BUDGET_DAILY", "1000")]).await;
    let (app, ada) = (&world.app, Person::ada());
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    let spent = "SELECT coalesce(sum(spent_micros), 0)::int8 FROM message_budgets";
    let spent_before = app.count(spent).await;
    app.advance(TimeDelta::seconds(120));

    // Of all that a send does, only the script that writes the new challenge deletes.
    world.allow("-del").await;
    for _ in 0..3 {
        app.request_otp(&ticket).await.refused(503, "store_unavailable");
    }
    assert_eq!(app.sends_to(&ada), 1);
    assert_eq!(app.count(spent).await, spent_before);
    let failed = entry("failed", Some("store_unavailable"));
    assert_eq!(ledger(app).await, [entry("sent", None), failed.clone(), failed.clone(), failed]);
    assert_eq!(app.guesses_left(&ada).await, 5);

    world.allow("+del").await;
    let mut connection = world.connection().await;
    let counted: usize = connection.llen("ringfence:{send:address:127.0.0.1}").await.unwrap();
    assert_eq!(counted, 1, "the address was given its sends back");
    app.verify(&ticket, &code).await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_free_resend_that_came_to_nothing_is_still_due() {
    let redis = RedisServer::start(installed()).await;
    let settings = [("REDIS_URL", &*redis.url(0)), ("OTP_MAX_PER_ADDRESS_HOURLY", "1")];
    let app = TestApp::sinch(&settings).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    // Sinch burns a code on the first wrong guess.
    app.verify(&ticket, &wrong(&app.code_for(&ada))).await.is(401);
    for _ in 0..2 {
        let capped = app.request_otp(&ticket).await.refused(429, "otp_limit_reached");
        assert_eq!(capped.json()["scope"], "address");
    }
    let roomy = app.replica(&[("OTP_MAX_PER_ADDRESS_HOURLY", "20")]).await;
    roomy.request_otp(&ticket).await.is(200);
    roomy.request_otp(&ticket).await.refused(429, "otp_cooldown");
    assert_eq!(app.fake().received(Operation::Start), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_that_was_sent_before_redis_failed_is_in_the_ledger_and_good() {
    let world = World::new(&[]).await;
    let (app, ada) = (&world.app, Person::ada());
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    // Noting that a code of our own was sent takes its reference away.
    world.allow("-hdel").await;
    app.request_otp(&ticket).await.refused(503, "store_unavailable");
    assert_eq!(ledger(app).await, [entry("sent", None)]);
    world.allow("+hdel").await;
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

/// Fails when the transaction is committed, and not before.
const NO_COMMIT: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no commit today'; END $$;
    CREATE CONSTRAINT TRIGGER no_commit AFTER INSERT ON sessions
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_that_fails_has_used_the_code_up_and_opens_no_session() {
    let world = World::new(&[]).await;
    let (app, ada) = (&world.app, Person::ada());
    let ticket = app.pending(&ada).await;
    let code = app.code_for(&ada);
    sqlx::raw_sql(NO_COMMIT).execute(app.database()).await.unwrap();
    app.verify(&ticket, &code).await.is(500);
    sqlx::raw_sql("DROP TRIGGER no_commit ON sessions").execute(app.database()).await.unwrap();

    app.verify(&ticket, &code).await.refused(401, "otp_new_code_required");
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 0);
    assert_eq!(app.user_row(&ada).await["is_verified"], json!(false));
    app.advance(TimeDelta::seconds(120));
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

/// A primary dies before its replica has heard of it, or a snapshot is loaded.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_used_code_is_not_good_again_when_redis_forgets_that_it_was_used() {
    let world = World::new(&[]).await;
    let (app, ada) = (&world.app, Person::ada());
    let first = app.pending(&ada).await;
    let second = app.login(&ada).await.is(200).text("loginTicket");
    let code = app.code_for(&ada);
    let user = app.user_row(&ada).await["id"].as_str().unwrap().to_owned();
    let key = format!("ringfence:{{{user}}}:login");
    let mut connection = world.connection().await;
    let mut dump = redis::cmd("DUMP");
    let before: Vec<u8> = dump.arg(&key).query_async(&mut connection).await.unwrap();

    app.verify(&first, &code).await.is(200);
    let mut restore = redis::cmd("RESTORE");
    restore.arg(&key).arg(0).arg(before).arg("REPLACE");
    restore.exec_async(&mut connection).await.unwrap();
    assert_eq!(app.guesses_left(&ada).await, 5, "it looks as if nothing had happened");
    app.verify(&second, &code).await.refused(401, "otp_new_code_required");
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 1);
}
