//! The report for programs: JSON and CSV, whose names stay as they are.

use serde::Serialize;

use chrono::{DateTime, Utc};

use crate::otp::Figures;

use super::{Report, conversion, cost};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    by: &'static str,
    lines: Vec<Line<'a>>,
    /// One for each currency.
    totals: Vec<Sums<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    /// `null` for numbers that belong to no country.
    group: Option<&'a str>,
    #[serde(flatten)]
    sums: Sums<'a>,
}

/// Counts are numbers; money is a text, so that no program rounds it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sums<'a> {
    messages: i64,
    sent: i64,
    delivered: i64,
    unknown: i64,
    failed: i64,
    verified: i64,
    /// From 0 to 1; `null` where nothing was sent.
    conversion: Option<f64>,
    cost: String,
    currency: Option<&'a str>,
    prices_told: i64,
}

impl<'a> Sums<'a> {
    fn new(currency: &'a str, figures: &Figures) -> Self {
        let thousandths = conversion(figures).and_then(|it| i32::try_from(it).ok());
        Self {
            messages: figures.messages,
            sent: figures.sent,
            delivered: figures.delivered,
            unknown: figures.unknown,
            failed: figures.failed,
            verified: figures.verified,
            conversion: thousandths.map(|it| f64::from(it) / 1000.0),
            cost: cost(figures),
            currency: some(currency),
            prices_told: figures.prices_told,
        }
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

pub(super) fn json(report: &Report) -> serde_json::Result<String> {
    let lines = report.lines.iter();
    let document = Document {
        since: report.since,
        until: report.until,
        by: report.by.as_str(),
        lines: lines
            .map(|line| Line {
                group: some(&line.group),
                sums: Sums::new(&line.currency, &line.figures),
            })
            .collect(),
        totals: report
            .totals()
            .iter()
            .map(|(currency, total)| Sums::new(currency, total))
            .collect(),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// RFC 4180: a header, lines that end with CR LF. No totals: a spreadsheet adds up by itself.
pub(super) fn csv(report: &Report) -> String {
    let header = [
        report.by.as_str(),
        "messages",
        "sent",
        "delivered",
        "unknown",
        "failed",
        "verified",
        "conversion",
        "cost",
        "currency",
        "prices_told",
    ];
    let mut text = record(&header.map(str::to_owned));
    for line in &report.lines {
        let figures = &line.figures;
        let conversion = conversion(figures);
        text += &record(&[
            line.group.clone(),
            figures.messages.to_string(),
            figures.sent.to_string(),
            figures.delivered.to_string(),
            figures.unknown.to_string(),
            figures.failed.to_string(),
            figures.verified.to_string(),
            conversion.map(|it| format!("{}.{:03}", it / 1000, it % 1000)).unwrap_or_default(),
            cost(figures),
            line.currency.clone(),
            figures.prices_told.to_string(),
        ]);
    }
    text
}

fn record(fields: &[String]) -> String {
    fields.iter().map(|field| quoted(field)).collect::<Vec<_>>().join(",") + "\r\n"
}

fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\r', '\n']) {
        return format!("\"{}\"", field.replace('"', "\"\""));
    }
    field.to_owned()
}
