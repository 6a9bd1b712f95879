//! `ringfence guard report`.

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::users::{print, print_json, table};
use crate::guard::{ReportBy, ReportLine, State};

use super::{Desk, TIME};

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// What has a line of its own.
    #[arg(long, value_enum, default_value = "country")]
    by: By,
    /// So many days back.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=35))]
    days: u16,
    /// At most so many lines: those with the most codes that were not entered.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    Country,
    Prefix,
    Block,
    Provider,
}

/// The report for programs; the names stay as they are.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    by: &'a str,
    since: DateTime<Utc>,
    lines: Vec<Line<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    group: &'a str,
    sent: i64,
    verified: i64,
    doubted: i64,
    refused: i64,
    state: Option<&'a str>,
}

pub(super) async fn run(desk: &Desk, arguments: &Arguments) -> anyhow::Result<()> {
    let by = match arguments.by {
        By::Country => ReportBy::Country,
        By::Prefix => ReportBy::Prefix,
        By::Block => ReportBy::Block,
        By::Provider => ReportBy::Provider,
    };
    let since = desk.clock.now() - TimeDelta::days(i64::from(arguments.days));
    let lines = desk.guard.report(&desk.database, by, since, i64::from(arguments.limit)).await;
    let lines = lines.context("the database cannot be asked")?;
    if arguments.json {
        let lines = lines.iter().map(Line::of).collect();
        return print_json(&Report { by: by.as_str(), since, lines });
    }
    print(&in_words(by, since, &lines))
}

fn in_words(by: ReportBy, since: DateTime<Utc>, lines: &[ReportLine]) -> String {
    let since = since.format(TIME);
    if lines.is_empty() {
        return format!("No codes since {since} UTC.\n");
    }
    let headings = [by.as_str(), "sent", "entered", "conversion", "doubted", "refused", "state"];
    let rows = lines.iter().map(|line| {
        let group = if line.group.is_empty() { "(none)" } else { &line.group };
        vec![
            group.to_owned(),
            line.sent.to_string(),
            line.verified.to_string(),
            conversion(line),
            line.doubted.to_string(),
            line.refused.to_string(),
            line.state.map(State::as_str).unwrap_or_default().to_owned(),
        ]
    });
    let table = table(&headings, rows.collect());
    format!("Codes by {} since {since} UTC; refusals of the last day\n\n{table}", by.as_str())
}

/// In thousandths, to the nearest.
fn conversion(line: &ReportLine) -> String {
    if line.sent == 0 {
        return "–".to_owned();
    }
    let thousandths = (line.verified * 2000 + line.sent) / (2 * line.sent);
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

impl<'a> Line<'a> {
    fn of(line: &'a ReportLine) -> Self {
        Self {
            group: &line.group,
            sent: line.sent,
            verified: line.verified,
            doubted: line.doubted,
            refused: line.refused,
            state: line.state.map(State::as_str),
        }
    }
}
