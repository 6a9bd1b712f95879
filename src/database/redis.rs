//! The way to Redis, or Valkey: what the rooms that keep something there have in common.
//!
//! Every key has a time to live, which only cleans up: what is over is told by the times in the values,
//! which are those of the server's clock. Nothing here falls back to another store, and no error shows an
//! address, a number or a password.

use std::error::Error;
use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, IntoConnectionInfo as _,
    RedisError, Script, ServerErrorKind,
};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tracing::warn;

/// For connecting, asking and hearing, all together: a person is waiting.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long an answer to [`Redis::answers`] stands: `/readyz` is open to all.
const STANDS_FOR: Duration = Duration::from_secs(1);

/// The way to one Redis or Valkey, over one connection that all requests share and that is made anew
/// where it is lost. `Debug` shows nothing of the address.
pub struct Redis {
    client: Client,
    connection: Mutex<Option<Kept>>,
    /// When it was last looked at, and whether it answered.
    seen: Mutex<Option<(Instant, bool)>>,
}

/// A connection, and which one it is.
#[derive(Clone)]
struct Kept {
    connection: MultiplexedConnection,
    made_at: Instant,
}

/// A script: its text, and the hash by which Redis knows it.
#[derive(Debug)]
pub struct LuaScript {
    text: &'static str,
    hash: OnceLock<Script>,
}

impl LuaScript {
    /// The script of that text.
    pub const fn new(text: &'static str) -> Self {
        Self { text, hash: OnceLock::new() }
    }

    fn hash(&self) -> &str {
        self.hash.get_or_init(|| Script::new(self.text)).get_hash()
    }
}

/// A text is not the address of a Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no redis:// or rediss:// URL like rediss://user:password@redis.internal:6379/0")]
pub struct RedisUrlError;

/// Redis cannot be reached, or answers what makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("Redis failed")]
pub struct RedisFailure(#[source] Box<dyn Error + Send + Sync>);

impl RedisFailure {
    /// What came is not what was written.
    pub fn unreadable(what: &'static str) -> Self {
        Self(Box::new(Unreadable(what)))
    }
}

/// It has not answered in time.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {} ms", .0.as_millis())]
struct TooSlow(Duration);

/// What came is not what was written.
#[derive(Debug, thiserror::Error)]
#[error("{0} cannot be read")]
struct Unreadable(&'static str);

impl Redis {
    /// The Redis at `url`. Connects when first asked.
    pub fn parse(url: &str) -> Result<Self, RedisUrlError> {
        let has_scheme = url.starts_with("redis://") || url.starts_with("rediss://");
        // The library would take a fragment for leave to trust any certificate.
        if !has_scheme || url.contains('#') {
            return Err(RedisUrlError);
        }
        let at = url.into_connection_info().map_err(|_| RedisUrlError)?;
        let client = Client::open(at).map_err(|_| RedisUrlError)?;
        Ok(Self { client, connection: Mutex::new(None), seen: Mutex::new(None) })
    }

    /// Whether it answers, or did within the last second.
    pub async fn answers(&self) -> bool {
        let mut seen = self.seen.lock().await;
        if let Some((at, answers)) = *seen
            && at.elapsed() < STANDS_FOR
        {
            return answers;
        }
        let answers = match self.ask::<String>(&redis::cmd("PING")).await {
            Ok(answer) => answer == "PONG",
            Err(error) => {
                warn!(
                    error = &error as &dyn Error,
                    "Redis is away: no code can be sent or checked, and no limit be counted"
                );
                false
            }
        };
        *seen = Some((Instant::now(), answers));
        answers
    }

    /// Runs `script` on what `keys` name, which must have one hash tag: then each script runs on one node
    /// of a cluster. Its text travels only where Redis does not know it yet.
    pub async fn run<T: FromRedisValue>(
        &self,
        script: &LuaScript,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<T, RedisFailure> {
        self.run_within(PATIENCE, script, keys, arguments).await
    }

    /// The same, for who has less patience than a person who waits for a code.
    pub async fn run_within<T: FromRedisValue>(
        &self,
        patience: Duration,
        script: &LuaScript,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<T, RedisFailure> {
        let call = |name: &str, script: &str| {
            let mut call = redis::cmd(name);
            call.arg(script).arg(keys.len()).arg(keys).arg(arguments);
            call
        };
        let asked = async {
            match self.try_ask(&call("EVALSHA", script.hash())).await {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    self.try_ask(&call("EVAL", script.text)).await
                }
                answer => answer,
            }
        };
        self.in_time(patience, asked).await
    }

    /// Asks one thing.
    pub async fn ask<T: FromRedisValue>(&self, question: &Cmd) -> Result<T, RedisFailure> {
        self.in_time(PATIENCE, self.try_ask(question)).await
    }

    async fn in_time<T>(
        &self,
        patience: Duration,
        asked: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, RedisFailure> {
        let failure: Box<dyn Error + Send + Sync> = match timeout(patience, asked).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Box::new(error),
            Err(_) => Box::new(TooSlow(patience)),
        };
        // Whatever it was (a node that is no primary any more, a connection that leads nowhere),
        // the next to ask begins anew.
        if let Ok(mut connection) = self.connection.try_lock() {
            *connection = None;
        }
        Err(RedisFailure(failure))
    }

    /// Asks, and once more where the connection was lost: after a restart the first to ask would be
    /// refused otherwise. Whatever is asked can be asked twice: what has happened and was not heard
    /// of counts against whoever asked, never for them.
    async fn try_ask<T: FromRedisValue>(&self, question: &Cmd) -> Result<T, RedisError> {
        let kept = self.connect().await?;
        match question.query_async(&mut kept.connection.clone()).await {
            Err(error) if error.is_connection_dropped() => {
                self.forget(&kept).await;
                let kept = self.connect().await?;
                question.query_async(&mut kept.connection.clone()).await
            }
            answer => answer,
        }
    }

    /// The connection that all share. Those who come together wait for one to be made.
    async fn connect(&self) -> Result<Kept, RedisError> {
        let mut connection = self.connection.lock().await;
        if let Some(kept) = &*connection {
            return Ok(kept.clone());
        }
        // The bound on everything is in `ask`.
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let made = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(connection.insert(Kept { connection: made, made_at: Instant::now() }).clone())
    }

    /// Gives the connection up, unless somebody has made a newer one.
    async fn forget(&self, lost: &Kept) {
        let mut connection = self.connection.lock().await;
        connection.take_if(|kept| kept.made_at == lost.made_at);
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redis(…)")
    }
}

/// A time as the values have it: microseconds since 1970, exact in a script's numbers until the year
/// 2255.
pub fn micros(time: DateTime<Utc>) -> String {
    time.timestamp_micros().to_string()
}

/// Reads what [`micros`] wrote.
pub fn read_micros(text: &[u8]) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(std::str::from_utf8(text).ok()?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_redis_are_taken() {
        for url in [
            "redis://localhost",
            "redis://:secret@10.0.0.7:6380/3",
            "rediss://user:secret@redis.internal",
            "redis://[::1]:6379/0",
        ] {
            assert!(Redis::parse(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "localhost:6379",
            "http://localhost",
            "redis+unix:///run/redis.sock",
            "redis://",
            "redis://localhost/first",
            "rediss://localhost/#insecure",
        ] {
            assert!(Redis::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn neither_the_store_nor_what_is_wrong_with_its_address_shows_the_password() {
        let store = Redis::parse("redis://user:hunter2@localhost/1").unwrap();
        let error = Redis::parse("redis://user:hunter2@localhost/x").unwrap_err();
        for shown in [format!("{store:?}"), format!("{error:?} {error}")] {
            assert!(!shown.contains("hunter2") && !shown.contains("localhost"), "{shown}");
        }
    }

    #[test]
    fn a_time_is_read_back_as_it_was_written() {
        let time: DateTime<Utc> = "2026-03-04T05:06:07.890123Z".parse().unwrap();
        assert_eq!(read_micros(micros(time).as_bytes()), Some(time));
        assert_eq!(read_micros(b"soon"), None);
    }
}
