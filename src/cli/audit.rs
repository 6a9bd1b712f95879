//! `ringfence audit`: read the audit log, verify it, look after its months.

use std::collections::HashMap;
use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use clap::{Args, Subcommand};
use sqlx::PgPool;

use crate::audit::{self, Actor, Checkpoint, Entry, Event, Filter, Month, Recorded, Sealer};
use crate::config::{Environment, Settings};
use crate::database;
use crate::foundation::{Clock, Entropy, UserId};

/// Events read at a time.
const PAGE: u32 = 1000;
/// Between two looks at what is new.
const FOLLOW_PERIOD: Duration = Duration::from_secs(1);
/// How late an event may come to be seen: its transaction may end so long after its time.
const LATE: TimeDelta = TimeDelta::seconds(30);

#[derive(Subcommand)]
pub(super) enum Audit {
    /// Hold every event against the chain. Tells what was changed, removed or moved, and fails then.
    Verify(VerifyArguments),
    /// Show the newest events.
    Tail(TailArguments),
    /// Write events out, one JSON object a line, in the order of time.
    Export(ExportArguments),
    /// Make the partitions of this month and the twelve after it. As the owner of the schema; `migrate run`
    /// does it, too.
    Partitions,
    /// Drop the months before one for good. As the owner of the schema.
    Prune(PruneArguments),
}

#[derive(Args)]
pub(super) struct VerifyArguments {
    /// A place of the chain that is known from elsewhere, as the log has it (`checkpoint`); may be given
    /// several times.
    #[arg(long, value_name = "POSITION:HASH")]
    checkpoint: Vec<Checkpoint>,
}

#[derive(Args)]
pub(super) struct TailArguments {
    /// Go on with what comes.
    #[arg(short, long)]
    follow: bool,
    /// So many to begin with.
    #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    lines: u32,
    /// Only those of this user.
    #[arg(long, value_parser = parse_user)]
    user: Option<UserId>,
    /// Only those of this name.
    #[arg(long, value_parser = parse_event)]
    event: Option<String>,
    /// Print JSON, as `export` does.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct ExportArguments {
    /// From then on: a day, or a time as in RFC 3339. In UTC.
    #[arg(long, value_parser = parse_time)]
    from: Option<DateTime<Utc>>,
    /// Before then.
    #[arg(long, value_parser = parse_time)]
    to: Option<DateTime<Utc>>,
    /// Only those of this user.
    #[arg(long, value_parser = parse_user)]
    user: Option<UserId>,
    /// Only those of this name.
    #[arg(long, value_parser = parse_event)]
    event: Option<String>,
}

#[derive(Args)]
pub(super) struct PruneArguments {
    /// The first month that is kept.
    #[arg(long, value_name = "YYYY-MM")]
    before: Month,
}

pub(super) async fn run(environment: &Environment, audit: Audit) -> anyhow::Result<()> {
    let clock = Clock::default();
    match audit {
        Audit::Verify(arguments) => {
            let settings = Settings::read_keys(environment)?;
            let pool = open(settings.database).await?;
            let known = &arguments.checkpoint;
            let report = audit::verify(&pool, &settings.keyring, known, clock.now()).await?;
            pool.close().await;
            tell(&report)
        }
        Audit::Tail(arguments) => {
            let pool = open(Settings::read_database(environment)?).await?;
            tail(&pool, &arguments, &clock).await
        }
        Audit::Export(arguments) => {
            let pool = open(Settings::read_database(environment)?).await?;
            let ExportArguments { from, to, user, event } = arguments;
            export(&pool, &Filter { from, to, user, event }).await
        }
        Audit::Partitions => {
            let pool = open(Settings::read_database(environment)?).await?;
            let made = audit::make_partitions(&pool, clock.now()).await?;
            let mut out = std::io::stdout().lock();
            for month in &made.made {
                writeln!(out, "{month} is made")?;
            }
            for month in &made.in_default {
                writeln!(out, "{month} has events in the default partition, and stays there")?;
            }
            Ok(())
        }
        Audit::Prune(arguments) => {
            let settings = Settings::read_keys(environment)?;
            let pool = open(settings.database).await?;
            let sealer = Sealer::new(settings.keyring.into());
            prune(&pool, &sealer, arguments.before, clock.now()).await
        }
    }
}

async fn open(options: sqlx::postgres::PgConnectOptions) -> anyhow::Result<PgPool> {
    let pool = database::pool(options, 1);
    database::require_current(&pool).await?;
    Ok(pool)
}

/// Prints what was found; anything at all makes the command fail.
fn tell(report: &audit::Report) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for finding in &report.findings {
        writeln!(out, "{finding}")?;
    }
    let audit::Report { found, links, dropped, checkpoints, .. } = report;
    writeln!(
        out,
        "events in the chain: {links}, dropped with their month: {dropped}, checkpoints: {checkpoints}"
    )?;
    if let Some(head) = &report.head {
        writeln!(out, "checkpoint {head}")?;
    }
    anyhow::ensure!(*found == 0, "the audit log is not as it was written: {found} findings");
    Ok(())
}

async fn tail(pool: &PgPool, arguments: &TailArguments, clock: &Clock) -> anyhow::Result<()> {
    let TailArguments { user, event, lines, .. } = arguments;
    let filter = Filter { user: *user, event: event.clone(), ..Filter::default() };
    let begun_at = clock.now();
    let mut shown = HashMap::new();
    for recorded in audit::newest(pool, &filter, *lines).await? {
        print(&recorded, arguments.json)?;
        shown.insert(recorded.id, recorded.created_at);
    }
    if !arguments.follow {
        return Ok(());
    }
    loop {
        tokio::time::sleep(FOLLOW_PERIOD).await;
        // Over and over the last moments, since events are seen when their transactions end.
        let since = (clock.now() - LATE).max(begun_at);
        shown.retain(|_, at| *at >= since);
        let filter = Filter { from: Some(since), ..filter.clone() };
        let mut after = None;
        loop {
            let page = audit::page(pool, &filter, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.place());
            for recorded in page {
                if shown.insert(recorded.id, recorded.created_at).is_none() {
                    print(&recorded, arguments.json)?;
                }
            }
        }
    }
}

async fn export(pool: &PgPool, filter: &Filter) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = audit::page(pool, filter, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.place());
        for recorded in &page {
            print(recorded, true)?;
        }
    }
}

fn print(recorded: &Recorded, as_json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if as_json {
        serde_json::to_writer(&mut out, recorded)?;
        return writeln!(out).context("nobody listens");
    }
    let at = recorded.created_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let user = recorded.user_id.map_or_else(|| "-".to_owned(), |user| user.to_string());
    let actor = match recorded.actor_id {
        Some(admin) => format!("{}:{admin}", recorded.actor),
        None => recorded.actor.clone(),
    };
    let from = recorded.address.as_deref().or(recorded.network.as_deref()).unwrap_or("-");
    let Recorded { event, outcome, detail, .. } = recorded;
    let line = format!("{at}  {event:<24} {outcome:<7}  {user}  {actor}  {from}  {detail}");
    writeln!(out, "{line}").context("nobody listens")
}

async fn prune(
    pool: &PgPool,
    sealer: &Sealer,
    before: Month,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let pruned = audit::prune(pool, sealer, before, now).await?;
    let mut out = std::io::stdout().lock();
    if pruned.months.is_empty() && !pruned.default {
        return writeln!(out, "There is nothing from before {before}.").context("nobody listens");
    }
    let event = Event::AuditPruned { before: before.to_string() };
    let entry = Entry { event, user: None, actor: Actor::CommandLine, origin: None };
    audit::record_alone(pool, &Entropy::default(), &entry, now).await?;
    for month in &pruned.months {
        writeln!(out, "{month} is dropped")?;
    }
    if pruned.default {
        writeln!(out, "the default partition is emptied")?;
    }
    Ok(writeln!(out, "{} links of the chain are gone", pruned.links)?)
}

/// For clap.
fn parse_user(text: &str) -> Result<UserId, &'static str> {
    UserId::parse(text).ok_or("this is no id of a user")
}

/// For clap.
fn parse_event(text: &str) -> Result<String, String> {
    if Event::NAMES.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("one of: {}", Event::NAMES.join(", ")))
}

/// For clap: a day is its beginning.
fn parse_time(text: &str) -> Result<DateTime<Utc>, &'static str> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let time = DateTime::parse_from_rfc3339(text);
    time.map(|time| time.to_utc()).map_err(|_| "a day like 2026-03-04, or a time as in RFC 3339")
}
