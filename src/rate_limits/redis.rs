//! Limits in Redis: one script decides about all keys. They have one hash tag, so that the script runs
//! on one node of a cluster.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::database::{LuaScript, Redis, RedisFailure, micros, read_micros};

use super::Counter;
use super::bucket::SLACK;

static TAKE: LuaScript = LuaScript::new(include_str!("take.lua"));

/// Counts an event for each of `counters`, or for none. The `tat` of each as it was before, and whether
/// the event was counted.
pub(super) async fn take(
    redis: &Redis,
    patience: Duration,
    counters: &[Counter],
    now: DateTime<Utc>,
) -> Result<(Vec<DateTime<Utc>>, bool), RedisFailure> {
    let keys: Vec<String> = counters.iter().map(name).collect();
    let mut arguments = vec![micros(now), SLACK.num_microseconds().unwrap_or(0).to_string()];
    for counter in counters {
        arguments.push(counter.rate.step_micros().to_string());
        arguments.push(counter.rate.burst_micros().to_string());
    }
    let arguments: Vec<&[u8]> = arguments.iter().map(String::as_bytes).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let (is_taken, before): (bool, Vec<Vec<u8>>) =
        redis.run_within(patience, &TAKE, &keys, &arguments).await?;
    let before: Option<Vec<_>> = before
        .iter()
        .map(|tat| if tat.is_empty() { Some(now) } else { read_micros(tat) })
        .collect();
    let before = before.filter(|before| before.len() == counters.len());
    before.map(|before| (before, is_taken)).ok_or_else(|| RedisFailure::unreadable("a limit"))
}

fn name(counter: &Counter) -> String {
    let mut name = "ringfence:{rate_limits}:".to_owned();
    for byte in counter.key {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}
