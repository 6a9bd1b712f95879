//! Codes in Redis, or Valkey: what its keys are called.
//!
//! Whatever is decided there is decided by one script, and no script touches keys of two hash tags. How
//! Redis is reached is `database::redis`'s business.

mod addresses;
mod challenges;

use std::error::Error;
use std::sync::Arc;

use chrono::TimeDelta;
use redis::{Cmd, FromRedisValue};
use tracing::warn;

use crate::database::{LuaScript, Redis, RedisFailure, RedisUrlError};

use super::code_store::StoreFailure;

/// What every key begins with.
const PREFIX: &str = "ringfence";
/// By how much keys outlive what they hold: replicas' clocks may differ by so much, and a guess that was
/// taken in time may be judged for so long.
const SLACK: TimeDelta = TimeDelta::minutes(1);

/// Codes in one Redis or Valkey.
#[derive(Debug)]
pub struct RedisStore(Arc<Redis>);

impl RedisStore {
    /// In the Redis at `url`. Connects when first asked.
    pub fn parse(url: &str) -> Result<Self, RedisUrlError> {
        Redis::parse(url).map(Arc::new).map(Self)
    }

    /// For whatever else is kept there.
    pub(super) fn redis(&self) -> &Arc<Redis> {
        &self.0
    }

    /// Tells the log of something that could not be taken back. Nobody gains by it.
    #[expect(clippy::unused_self, reason = "reads as what the store does")]
    pub(super) fn undone(&self, undone: Result<(), StoreFailure>) {
        if let Err(error) = undone {
            warn!(
                error = &error as &dyn Error,
                "Redis keeps what came to nothing until it expires"
            );
        }
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: &LuaScript,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<T, StoreFailure> {
        Ok(self.0.run(script, &[key], arguments).await?)
    }

    async fn ask<T: FromRedisValue>(&self, question: &Cmd) -> Result<T, StoreFailure> {
        Ok(self.0.ask(question).await?)
    }
}

impl From<RedisFailure> for StoreFailure {
    fn from(failure: RedisFailure) -> Self {
        Self::new(failure)
    }
}

/// For how many milliseconds a key is kept that holds something for `period`.
fn time_to_live(period: TimeDelta) -> String {
    (period + SLACK).num_milliseconds().max(1).to_string()
}

fn unreadable(what: &'static str) -> StoreFailure {
    RedisFailure::unreadable(what).into()
}
