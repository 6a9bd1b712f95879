//! From pairs of figures to a table: medians, ratios, and whether each target holds.

use std::time::Duration;

/// What a figure is counted in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    PerSecond,
    Milliseconds,
    Microseconds,
    Mebibytes,
}

/// What the ratio of a figure to its reference is to be, or their difference.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
    AddsAtMost(f64),
}

/// One round: the figure, and its reference right before or after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) figure: f64,
    pub(crate) reference: f64,
}

/// A measurement.
#[derive(Debug)]
pub(crate) struct Row {
    name: &'static str,
    reference_name: &'static str,
    unit: Unit,
    target: Target,
    figure: f64,
    reference: f64,
    /// With [`Target::AddsAtMost`] the difference.
    ratio: f64,
}

impl Row {
    /// Medians over all rounds. The ratio is the median of the rounds' own ratios: what disturbs
    /// the machine for a while disturbs both sides of a round.
    pub(crate) fn new(
        (name, reference_name): (&'static str, &'static str),
        unit: Unit,
        target: Target,
        rounds: &[Pair],
    ) -> Self {
        let median_of = |what: fn(&Pair) -> f64| median(rounds.iter().map(what).collect());
        let compared: fn(&Pair) -> f64 = match target {
            Target::AtLeast(_) | Target::AtMost(_) => |round| round.figure / round.reference,
            Target::AddsAtMost(_) => |round| round.figure - round.reference,
        };
        Self {
            name,
            reference_name,
            unit,
            target,
            figure: median_of(|round| round.figure),
            reference: median_of(|round| round.reference),
            ratio: median_of(compared),
        }
    }

    /// Whether the target is met. A figure that is no number meets none.
    pub(crate) fn holds(&self) -> bool {
        match self.target {
            Target::AtLeast(least) => self.ratio >= least,
            Target::AtMost(most) | Target::AddsAtMost(most) => self.ratio <= most,
        }
    }
}

/// Shows the table.
pub(crate) fn print(rows: &[Row]) {
    println!(
        "\n{:<44} {:>12}   {:<34} {:>12}   {:>6}   {:<7} holds?",
        "measurement", "figure", "reference", "", "ratio", "target"
    );
    for row in rows {
        let target = match row.target {
            Target::AtLeast(least) => format!("≥ {least:.2}"),
            Target::AtMost(most) => format!("≤ {most:.2}"),
            Target::AddsAtMost(most) => format!("+ {most:.0}"),
        };
        println!(
            "{:<44} {:>12}   {:<34} {:>12}   {:>6.3}   {target:<7} {}",
            row.name,
            row.unit.show(row.figure),
            row.reference_name,
            row.unit.show(row.reference),
            row.ratio,
            if row.holds() { "yes" } else { "NO" },
        );
    }
}

impl Unit {
    fn show(self, figure: f64) -> String {
        match self {
            Self::PerSecond => format!("{figure:.1} /s"),
            Self::Milliseconds => format!("{figure:.2} ms"),
            Self::Microseconds => format!("{figure:.1} µs"),
            Self::Mebibytes => format!("{figure:.1} MiB"),
        }
    }
}

/// `count` things in `time`, for each second.
pub(crate) fn rate(count: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64()
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
