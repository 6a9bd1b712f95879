//! `ringfence sms`: what was sent, what became of it, and what it cost. Reads only.

mod chart;
mod export;
mod table;

use std::io::{IsTerminal as _, Write as _};

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use clap::{Args, Subcommand, ValueEnum};

use crate::config::{Environment, Settings};
use crate::database;
use crate::foundation::Clock;
use crate::otp::{self, Figures, ReportBy, ReportLine};

/// Where nobody can tell how wide the terminal is, or there is none.
const USUAL_WIDTH: usize = 80;

#[derive(Subcommand)]
pub(super) enum Sms {
    /// Show what was sent, delivered and verified, and what it cost.
    Report(Arguments),
}

#[derive(Args)]
pub(super) struct Arguments {
    /// Since when: a day like 2026-11-01 (in UTC), or a time like 7d or 12h before now.
    #[arg(long, value_name = "DATE|7d", default_value = "30d", value_parser = parse_since)]
    since: Since,
    /// What has a line of its own.
    #[arg(long, value_enum, default_value = "country")]
    by: By,
    /// Print JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV (RFC 4180).
    #[arg(long)]
    csv: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    Country,
    Provider,
    Day,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Day(NaiveDate),
    Ago(TimeDelta),
}

/// What was asked for, and what the ledger adds up to.
struct Report {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    by: ReportBy,
    lines: Vec<ReportLine>,
}

pub(super) async fn run(environment: &Environment, sms: Sms) -> anyhow::Result<()> {
    let Sms::Report(arguments) = sms;
    let pool = database::pool(Settings::read_database(environment)?, 1);
    database::require_current(&pool).await?;
    let until = Clock::default().now();
    let since = arguments.since.before(until);
    let by = match arguments.by {
        By::Country => ReportBy::Country,
        By::Provider => ReportBy::Provider,
        By::Day => ReportBy::Day,
    };
    let lines = otp::report(&pool, since, by).await.context("the ledger cannot be read")?;
    pool.close().await;
    let report = Report { since, until, by, lines };
    let text = match (arguments.json, arguments.csv) {
        (true, _) => export::json(&report)?,
        (false, true) => export::csv(&report),
        (false, false) => {
            let is_coloured = std::io::stdout().is_terminal() && !environment.has("NO_COLOR");
            table::draw(&report) + &chart::draw(&report, width(), is_coloured)
        }
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

impl Since {
    fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Day(day) => day.and_time(NaiveTime::MIN).and_utc(),
            Self::Ago(time) => now.checked_sub_signed(time).unwrap_or(DateTime::UNIX_EPOCH),
        }
    }
}

fn parse_since(text: &str) -> Result<Since, &'static str> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(Since::Day(day));
    }
    let ago = humantime::parse_duration(text).ok();
    ago.and_then(|ago| TimeDelta::from_std(ago).ok())
        .map(Since::Ago)
        .ok_or("a day like 2026-11-01, or a time like 7d or 12h, is wanted")
}

impl Report {
    /// The sums: one for each currency.
    fn totals(&self) -> Vec<(&str, Figures)> {
        let mut totals: Vec<(&str, Figures)> = Vec::new();
        for line in &self.lines {
            match totals.iter_mut().find(|(currency, _)| *currency == line.currency) {
                Some((_, total)) => *total = total.plus(line.figures),
                None => totals.push((&line.currency, line.figures)),
            }
        }
        totals.sort_unstable_by_key(|(currency, _)| *currency);
        totals
    }

    /// The group of a line as people read it.
    fn label(&self, line: &ReportLine) -> String {
        let group = if line.group.is_empty() { "(none)" } else { &line.group };
        if self.totals().len() > 1 {
            return format!("{group} {}", line.currency);
        }
        group.to_owned()
    }
}

/// Verified among those who have, or may have, received a message; in thousandths. `None`: nobody
/// has.
fn conversion(figures: &Figures) -> Option<i64> {
    let handed_over = figures.handed_over();
    // To the nearest.
    (handed_over > 0).then(|| (figures.verified * 2000 + handed_over) / (2 * handed_over))
}

/// Millionths with two decimals at least.
fn cost(figures: &Figures) -> String {
    otp::Amount::from_micros(figures.cost_micros)
        .map_or_else(|| format!("{} micros", figures.cost_micros), |amount| amount.to_string())
}

#[cfg(unix)]
pub(super) fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    let columns = size.ok().map(|size| usize::from(size.ws_col));
    columns.filter(|columns| *columns > 0).unwrap_or(USUAL_WIDTH)
}

#[cfg(not(unix))]
pub(super) fn width() -> usize {
    USUAL_WIDTH
}

#[cfg(test)]
mod tests;
