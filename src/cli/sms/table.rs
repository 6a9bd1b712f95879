//! The report as a table for people.

use std::fmt::Write as _;

use crate::otp::Figures;

use super::{Report, conversion, cost};

const HEADINGS: [&str; 8] =
    ["sent", "delivered", "unknown", "failed", "verified", "conversion", "cost", ""];

pub(super) fn draw(report: &Report) -> String {
    let since = report.since.format("%Y-%m-%d %H:%M");
    let by = report.by.as_str();
    if report.lines.is_empty() {
        return format!("No messages since {since} UTC.\n");
    }
    let mut rows = vec![row(by, HEADINGS.map(str::to_owned))];
    for line in &report.lines {
        let label = if line.group.is_empty() { "(none)" } else { &line.group };
        rows.push(row(label, cells(&line.figures, &line.currency)));
    }
    let totals = report.totals();
    for (currency, total) in &totals {
        rows.push(row("total", cells(total, currency)));
    }
    let mut text = format!("Messages by {by} since {since} UTC\n\n");
    let last = rows.len() - totals.len();
    let widths = widths(&rows);
    for (at, row) in rows.iter().enumerate() {
        if at == last {
            let rule = widths.iter().sum::<usize>() + 2 * (widths.len() - 1);
            let _ = writeln!(text, "{}", "─".repeat(rule));
        }
        let _ = writeln!(text, "{}", aligned(row, &widths));
    }
    text.push('\n');
    text + &told(&totals)
}

fn row(label: &str, cells: [String; 8]) -> Vec<String> {
    std::iter::once(label.to_owned()).chain(cells).collect()
}

fn cells(figures: &Figures, currency: &str) -> [String; 8] {
    let conversion = conversion(figures);
    [
        figures.sent.to_string(),
        figures.delivered.to_string(),
        figures.unknown.to_string(),
        figures.failed.to_string(),
        figures.verified.to_string(),
        conversion.map_or("–".to_owned(), |it| format!("{}.{} %", it / 10, it % 10)),
        cost(figures),
        currency.to_owned(),
    ]
}

fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    (0..columns).map(|column| width(column).unwrap_or(0)).collect()
}

/// Words to the left, numbers to the right.
fn aligned(row: &[String], widths: &[usize]) -> String {
    let last = row.len() - 1;
    let cells = row.iter().zip(widths).enumerate().map(|(at, (cell, &width))| match at {
        0 => format!("{cell:<width$}"),
        at if at == last => cell.clone(),
        _ => format!("{cell:>width$}"),
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// How far the cost is to be believed.
fn told(totals: &[(&str, Figures)]) -> String {
    let all = totals.iter().fold(Figures::default(), |sum, (_, total)| sum.plus(*total));
    match all.prices_told {
        0 => "Costs are those of the price table: estimates.\n".to_owned(),
        told if told == all.messages => "Costs are what the carriers said.\n".to_owned(),
        told => format!(
            "The carriers told the price of {told} of {} messages; the others are estimates.\n",
            all.messages
        ),
    }
}
