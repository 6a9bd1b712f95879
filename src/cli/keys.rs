//! `ringfence keys`: the keys that sign access tokens.

use std::io::Write as _;

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Subcommand;
use serde::Serialize;
use sqlx::PgPool;

use crate::audit::{self, Actor, Entry, Event};
use crate::config::{Environment, KeySettings, Settings};
use crate::database;
use crate::foundation::{Clock, Entropy};
use crate::tokens::{self, KeyEntry, RELOAD_PERIOD};

#[derive(Subcommand)]
pub(super) enum Keys {
    /// List the keys, the newest first, and how they stand.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make the key that signs next. It is published at once and signs an hour later; the one that
    /// signs now is accepted until its last token has run out.
    Rotate {
        /// Where a key has leaked, or what encrypts them: withdraw every key and sign with a new one at once.
        /// Every token there is becomes invalid; people must log in again.
        #[arg(long)]
        now: bool,
    },
}

/// A key, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    kid: String,
    algorithm: String,
    state: &'static str,
    created_at: DateTime<Utc>,
    signs_from: DateTime<Utc>,
    retired_at: Option<DateTime<Utc>>,
    verifies_until: Option<DateTime<Utc>>,
}

pub(super) async fn run(environment: &Environment, keys: Keys) -> anyhow::Result<()> {
    let now = Clock::default().now();
    match keys {
        Keys::List { json } => {
            let pool = database::pool(Settings::read_database(environment)?, 1);
            database::require_current(&pool).await?;
            let keys = tokens::list_keys(&pool).await?;
            pool.close().await;
            list(&keys.into_iter().map(|key| Line::of(key, now)).collect::<Vec<_>>(), json)
        }
        Keys::Rotate { now: at_once } => {
            let settings = Settings::read_keys(environment)?;
            anyhow::ensure!(
                !settings.is_shared,
                "JWT_SECRET is set, and no other key is in use; to replace it, change JWT_SECRET"
            );
            let pool = database::pool(settings.database.clone(), 1);
            database::require_current(&pool).await?;
            let done = rotate(&pool, &settings, at_once, now).await?;
            pool.close().await;
            writeln!(std::io::stdout().lock(), "{done}").context("nobody listens")
        }
    }
}

async fn rotate(
    pool: &PgPool,
    settings: &KeySettings,
    at_once: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<String> {
    let KeySettings { keyring, rules, .. } = settings;
    if at_once {
        let (key, withdrawn) = tokens::withdraw_keys(pool, keyring, rules, now).await?;
        record(pool, Event::KeysWithdrawn { key_id: key.id.clone(), withdrawn }, now).await?;
        return Ok(format!(
            "{withdrawn} withdrawn; {} ({}) signs. Every replica knows within {} s; services that \
             keep the key set, once they fetch it anew.",
            key.id,
            key.algorithm,
            RELOAD_PERIOD.as_secs()
        ));
    }
    let rotation = tokens::rotate_keys(pool, keyring, rules, now).await?;
    if rotation.is_new {
        record(pool, Event::KeysRotated { key_id: rotation.next.id.clone() }, now).await?;
    }
    let (key, since) = (&rotation.next, time(rotation.next.life.signs_from));
    let words = if rotation.is_new { "is made" } else { "was waiting already" };
    Ok(format!("{} ({}) {words} and signs from {since} on", key.id, key.algorithm))
}

/// Writes down for the audit log what was done.
async fn record(pool: &PgPool, event: Event, now: DateTime<Utc>) -> anyhow::Result<()> {
    let entry = Entry { event, user: None, actor: Actor::CommandLine, origin: None };
    Ok(audit::record_alone(pool, &Entropy::default(), &entry, now).await?)
}

impl Line {
    fn of(key: KeyEntry, now: DateTime<Utc>) -> Self {
        Self {
            state: key.life.state(now).as_str(),
            kid: key.id,
            algorithm: key.algorithm,
            created_at: key.created_at,
            signs_from: key.life.signs_from,
            retired_at: key.life.retired_at,
            verifies_until: key.life.verifies_until(),
        }
    }
}

fn list(lines: &[Line], json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, lines)?;
        return Ok(writeln!(out)?);
    }
    for line in lines {
        let end = line
            .verifies_until
            .map_or_else(String::new, |end| format!("  accepted until {}", time(end)));
        let (kid, algorithm, state) = (&line.kid, &line.algorithm, line.state);
        let since = time(line.signs_from);
        writeln!(out, "{kid}  {algorithm:<5}  {state:<7}  signs from {since}{end}")?;
    }
    if lines.is_empty() {
        writeln!(out, "No keys yet: the first start makes one.")?;
    }
    Ok(())
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
