//! What somebody finds who reads all of Redis: no secret in the clear, nothing that stays, and nothing that a
//! cluster could not hold.

use std::collections::HashMap;

use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;

use crate::redis_server::RedisServer;
use crate::store::installed;
use crate::support::{Person, SECRET_KEY, TestApp};

/// A code lives for 5 minutes, an address is remembered for an hour; a minute of slack each.
const LONGEST_MS: i64 = 61 * 60 * 1000;

async fn connect(redis: &RedisServer) -> MultiplexedConnection {
    let client = redis::Client::open(redis.url(0)).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// Every key with all that it holds, as text and in hexadecimal.
async fn dump(connection: &mut MultiplexedConnection) -> Vec<(String, String)> {
    let keys: Vec<String> = connection.keys("*").await.unwrap();
    let mut dump = Vec::new();
    for key in keys {
        let kind: String = redis::cmd("TYPE").arg(&key).query_async(connection).await.unwrap();
        let values: Vec<Vec<u8>> = match &*kind {
            "string" => vec![connection.get(&key).await.unwrap()],
            "list" => connection.lrange(&key, 0, -1).await.unwrap(),
            "hash" => {
                let fields: HashMap<Vec<u8>, Vec<u8>> = connection.hgetall(&key).await.unwrap();
                fields.into_iter().flat_map(|(name, value)| [name, value]).collect()
            }
            other => panic!("{key} is a {other}"),
        };
        let hex =
            |bytes: &[u8]| bytes.iter().fold(String::new(), |hex, it| hex + &format!("{it:02x}"));
        let shown = values.iter().flat_map(|it| [String::from_utf8_lossy(it).into(), hex(it)]);
        dump.push((key, shown.collect::<Vec<String>>().join("\n")));
    }
    dump
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_secret_is_in_redis_in_the_clear_and_nothing_stays() {
    let redis = RedisServer::start(installed()).await;
    let url = redis.url(0);
    let settings = [("REDIS_URL", &*url), ("OTP_LENGTH", "10")];
    let app = TestApp::with(&settings).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let ticket = app.pending(&ada).await;
    let used = app.code_for(&ada);
    let token = app.verify(&ticket, &used).await.is(200).text("token");
    let pending = app.pending(&bob).await;
    let secrets = [
        ada.password.clone(),
        ada.email.clone(),
        used,
        token,
        ticket,
        pending,
        app.code_for(&bob),
        SECRET_KEY.to_owned(),
    ];

    let mut connection = connect(&redis).await;
    let dump = dump(&mut connection).await;
    // A challenge and its pointer for each, and the address.
    let is_limit = |(key, _): &&(String, String)| key.starts_with("ringfence:{rate_limits}:");
    let limits = dump.iter().filter(is_limit).count();
    assert_eq!(dump.len() - limits, 5, "{dump:?}");
    assert!(
        limits >= 5,
        "address, block and prefix for signing up, and for what follows: {dump:?}"
    );
    for (key, values) in &dump {
        assert!(key.starts_with("ringfence:{"), "{key}");
        assert_eq!(key.matches(['{', '}']).count(), 2, "{key} has one hash tag");
        let left: i64 = connection.pttl(key).await.unwrap();
        assert!((1..=LONGEST_MS).contains(&left), "{key} lives for {left} ms");
        for secret in &secrets {
            let hex = secret.bytes().fold(String::new(), |hex, it| hex + &format!("{it:02x}"));
            for form in [secret, &hex] {
                assert!(!values.contains(form), "{form} is in {key}");
                assert!(!key.contains(form), "{form} is in {key}");
            }
        }
    }
    // Not for want of looking.
    assert!(dump.iter().any(|(_, values)| values.contains(&bob.phone)), "{dump:?}");
    // Nothing of it is in PostgreSQL.
    assert_eq!(app.count("SELECT count(*) FROM otp_challenges").await, 0);
    let addresses = "SELECT count(*) FROM otp_windows WHERE subject LIKE 'send:address:%'";
    assert_eq!(app.count(addresses).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_list_of_an_address_holds_only_what_still_counts() {
    let redis = RedisServer::start(installed()).await;
    let url = redis.url(0);
    let settings = [
        ("REDIS_URL", &*url),
        ("OTP_RESEND_SECONDS", "0"),
        ("OTP_MAX_PER_ADDRESS_HOURLY", "3"),
        ("OTP_MAX_PER_NUMBER_HOURLY", "100"),
        ("OTP_MAX_PER_NUMBER_DAILY", "100"),
    ];
    let app = TestApp::with(&settings).await;
    let mut connection = connect(&redis).await;
    let mut most = 0;
    for number in 0..40 {
        let login = app.register(&Person::numbered(number)).await.is(201);
        let answer = app.request_otp(&login.text("loginTicket")).await;
        match answer.status() {
            200 => {}
            _ => drop(answer.refused(429, "otp_limit_reached")),
        }
        let held: usize = connection.llen("ringfence:{send:address:127.0.0.1}").await.unwrap();
        most = most.max(held);
        app.advance(chrono::TimeDelta::minutes(7));
    }
    assert_eq!(most, 3, "the list holds what still counts");
}

/// Scripts and commands go to a Redis that forgets its scripts as to one that knows them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn scripts_that_redis_has_forgotten_are_told_to_it_again() {
    let redis = RedisServer::start(installed()).await;
    let url = redis.url(0);
    let app = TestApp::with(&[("REDIS_URL", &*url), ("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    redis.ask::<()>(redis::cmd("SCRIPT").arg("FLUSH")).await.unwrap();
    app.request_otp(&ticket).await.is(200);
    redis.ask::<()>(redis::cmd("SCRIPT").arg("FLUSH")).await.unwrap();
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}
