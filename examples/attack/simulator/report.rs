//! What a simulation found: a table for the terminal, for the docs, or for a program.

use std::fmt::Write as _;

use serde::Serialize;

use super::honest::Counts;

/// A figure, and what it is to be.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    scenario: String,
    /// What was measured.
    pub(crate) measure: String,
    /// What came out.
    pub(crate) figure: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holds: Option<bool>,
}

/// The rows of one scenario.
pub(crate) struct Findings {
    scenario: String,
    rows: Vec<Row>,
}

impl Findings {
    /// Nothing found yet.
    pub(crate) fn of(scenario: impl Into<String>) -> Self {
        Self { scenario: scenario.into(), rows: Vec::new() }
    }

    /// A figure without a target.
    pub(crate) fn tell(&mut self, measure: &str, figure: impl Into<String>) {
        self.push(measure, figure.into(), None);
    }

    /// A figure that is to be at most `most`, as `show` writes both.
    pub(crate) fn at_most(
        &mut self,
        measure: &str,
        figure: f64,
        most: f64,
        show: fn(f64) -> String,
    ) {
        self.push(measure, show(figure), Some((format!("≤ {}", show(most)), figure <= most)));
    }

    /// How the honest people fared.
    pub(crate) fn honest(&mut self, counts: &Counts) {
        let Counts { sign_ups, completed, logins, hindered, reasons } = counts;
        if *sign_ups > 0 {
            let share = f64::from(*completed) / f64::from(*sign_ups);
            let figure = format!("{completed} of {sign_ups}, {}", percent(share));
            let target = ("≥ 99 %".to_owned(), share >= 0.99);
            self.push("honest sign-ups completing", figure, Some(target));
        }
        self.tell("honest logins hindered", format!("{hindered} of {logins}"));
        if !reasons.is_empty() {
            let reasons = reasons.iter().map(|(reason, count)| format!("{reason}: {count}"));
            self.tell("by", reasons.collect::<Vec<_>>().join(", "));
        }
    }

    fn push(&mut self, measure: &str, figure: String, target: Option<(String, bool)>) {
        let (target, holds) = target.unzip();
        let (scenario, measure) = (self.scenario.clone(), measure.to_owned());
        self.rows.push(Row { scenario, measure, figure, target, holds });
    }

    /// All of them.
    pub(crate) fn into_rows(self) -> Vec<Row> {
        self.rows
    }
}

impl Row {
    /// `false`: its target is missed.
    pub(crate) fn holds(&self) -> bool {
        self.holds != Some(false)
    }

    fn cells(&self) -> [&str; 5] {
        let holds = match self.holds {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        let target = self.target.as_deref().unwrap_or_default();
        [&self.scenario, &self.measure, &self.figure, target, holds]
    }
}

const HEAD: [&str; 5] = ["attack", "measure", "figure", "target", "holds"];

/// A table for the terminal.
pub(crate) fn table(rows: &[Row]) -> String {
    let lines: Vec<_> = std::iter::once(HEAD).chain(rows.iter().map(Row::cells)).collect();
    let widths: [usize; 5] = std::array::from_fn(|at| {
        lines.iter().map(|cells| cells[at].chars().count()).max().unwrap_or_default()
    });
    lines.iter().fold(String::new(), |mut table, cells| {
        for (cell, width) in cells.iter().zip(widths) {
            // Writing to a `String` cannot fail.
            let _ = write!(table, "{cell:width$}  ");
        }
        table.truncate(table.trim_end().len());
        table + "\n"
    })
}

/// A table for a page.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let line = |cells: [&str; 5]| format!("| {} |\n", cells.join(" | "));
    let head = line(HEAD) + "|---|---|---|---|---|\n";
    rows.iter().fold(head, |table, row| table + &line(row.cells()))
}

/// A share.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// An amount of money.
pub(crate) fn dollars(amount: f64) -> String {
    format!("{amount:.2} USD")
}

/// A chance, as one in so many.
pub(crate) fn one_in(chance: f64) -> String {
    if chance > 0.0 { format!("1 in {:.0}", 1.0 / chance) } else { "0".to_owned() }
}

/// A plain figure.
pub(crate) fn plain(figure: f64) -> String {
    format!("{figure:.4}")
}
