//! Sliding windows over sends for one address, as `windows` has them in PostgreSQL: a list of times for
//! each address, and one script that decides and counts.

use chrono::{DateTime, TimeDelta, Utc};

use crate::database::{LuaScript, micros, read_micros};

use super::super::code_store::StoreFailure;
use super::super::windows::{Subject, Window};
use super::{PREFIX, RedisStore, time_to_live, unreadable};

static COUNT: LuaScript = LuaScript::new(include_str!("count.lua"));

impl RedisStore {
    /// Counts an event at `now` if every window has room for it. `false`: nothing was counted.
    pub(in crate::otp) async fn count(
        &self,
        subject: &Subject,
        windows: &[Window],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreFailure> {
        let longest = windows.iter().map(|window| window.period).max();
        let longest = longest.unwrap_or(TimeDelta::zero());
        let mut arguments = vec![micros(now), micros(now - longest), time_to_live(longest)];
        for window in windows {
            arguments.extend([micros(now - window.period), window.events.to_string()]);
        }
        let arguments: Vec<&[u8]> = arguments.iter().map(String::as_bytes).collect();
        self.run(&COUNT, &key(subject), &arguments).await
    }

    /// From when on [`Self::count`] will find room.
    pub(in crate::otp) async fn room_at(
        &self,
        subject: &Subject,
        windows: &[Window],
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, StoreFailure> {
        let mut all = redis::cmd("LRANGE");
        all.arg(key(subject)).arg(0).arg(-1);
        let events: Vec<Vec<u8>> = self.ask(&all).await?;
        let events: Option<Vec<_>> = events.iter().map(|event| read_micros(event)).collect();
        let events = events.ok_or_else(|| unreadable("a window in Redis"))?;
        let opens = windows.iter().filter_map(|window| window.opens_at(&events, now));
        Ok(opens.max().unwrap_or(now))
    }

    /// Takes an event counted at `at` back, once.
    pub(in crate::otp) async fn give_back(
        &self,
        subject: &Subject,
        at: DateTime<Utc>,
    ) -> Result<(), StoreFailure> {
        let mut remove = redis::cmd("LREM");
        remove.arg(key(subject)).arg(1).arg(micros(at));
        self.ask(&remove).await
    }
}

fn key(subject: &Subject) -> String {
    format!("{PREFIX}:{{{}}}", subject.as_str())
}
