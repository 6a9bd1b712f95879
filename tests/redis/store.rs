//! Where codes live in this binary: in Redis. Each application has a database of its own there.

use std::collections::BTreeMap;
use std::env;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::PgPool;
use tokio::sync::OnceCell;

use crate::redis_server::{INSTALL, RedisServer, program};
use crate::support::Person;

static REDIS: OnceCell<RedisServer> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The next code for the same purpose takes the place of one that is over.
pub(crate) const KEEPS_WHAT_IS_OVER: bool = false;

/// What an application has to be told of its store.
pub(crate) async fn settings() -> Vec<(&'static str, String)> {
    let redis = REDIS.get_or_init(|| RedisServer::start(installed())).await;
    vec![("REDIS_URL", redis.url(DATABASES.fetch_add(1, Ordering::Relaxed)))]
}

/// The program. Where it is not installed nothing here can be tested, which only a newcomer's machine is
/// forgiven: the whole binary ends then, without having failed.
pub(crate) fn installed() -> PathBuf {
    program().unwrap_or_else(|| {
        assert!(env::var_os("CI").is_none(), "{INSTALL}");
        // Past the harness, which would keep it to itself.
        let _ = writeln!(std::io::stderr(), "nothing is tested on Redis; {INSTALL}");
        std::process::exit(0)
    })
}

/// How many guesses the live code of `person` for `purpose` has left.
pub(crate) async fn guesses_left(
    settings: &BTreeMap<String, String>,
    database: &PgPool,
    person: &Person,
    purpose: &str,
) -> i16 {
    let query = "SELECT id::text FROM users WHERE phone_number = $1";
    let user: String =
        sqlx::query_scalar(query).bind(&person.phone).fetch_one(database).await.unwrap();
    let client = redis::Client::open(&*settings["REDIS_URL"]).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut get = redis::cmd("HMGET");
    get.arg(format!("ringfence:{{{user}}}:{purpose}")).arg("attempts_left").arg("ended_as");
    let (left, ended_as): (i16, Option<String>) = get.query_async(&mut connection).await.unwrap();
    assert_eq!(ended_as, None, "the code of {person:?} is not live");
    left
}
