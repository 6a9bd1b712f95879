//! The report as bars: how many messages, and how many of them led to a right code.

use std::fmt::Write as _;

use super::Report;

/// Of a cell, from one eighth to all of it.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
const REST: char = '░';
const GREEN: &str = "\x1b[32m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";
/// A bar that is shorter tells nothing.
const CELLS_MIN: usize = 10;

pub(super) fn draw(report: &Report, width: usize, is_coloured: bool) -> String {
    if report.lines.is_empty() {
        return String::new();
    }
    let (green, dim, plain) = if is_coloured { (GREEN, DIM, PLAIN) } else { ("", "", "") };
    let bars: Vec<_> = report
        .lines
        .iter()
        .map(|line| (report.label(line), line.figures.handed_over(), line.figures.verified))
        .collect();
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let labels = widest(&mut bars.iter().map(|(label, ..)| label.chars().count()));
    let numbers = widest(&mut bars.iter().map(|(_, most, _)| most.to_string().len()));
    let cells = width.saturating_sub(labels + numbers + 4).max(CELLS_MIN);
    let most = bars.iter().map(|(_, handed_over, _)| *handed_over).max().unwrap_or(0);
    let mut text = String::from("\n");
    for (label, handed_over, verified) in &bars {
        let full = scaled(*handed_over, most, cells).div_ceil(8);
        let eighths = scaled((*verified).min(*handed_over), most, cells);
        let solid = solid(eighths);
        let rest = REST.to_string().repeat(full.saturating_sub(solid.chars().count()));
        let padding = " ".repeat(cells - full.min(cells));
        let _ = writeln!(
            text,
            "{label:<labels$}  {green}{solid}{plain}{dim}{rest}{plain}{padding}  {handed_over:>numbers$}"
        );
    }
    let _ = writeln!(text, "\n█ verified  ░ sent or unknown, and not verified");
    text
}

/// `part` of `whole` in eighths of cells. What there is at all can be seen.
fn scaled(part: i64, whole: i64, cells: usize) -> usize {
    let (Ok(part), Ok(whole)) = (usize::try_from(part), usize::try_from(whole)) else { return 0 };
    match (part, whole) {
        (0, _) | (_, 0) => 0,
        _ => (part * cells * 8 / whole).max(1),
    }
}

fn solid(eighths: usize) -> String {
    let whole = EIGHTHS[7].to_string().repeat(eighths / 8);
    match eighths % 8 {
        0 => whole,
        rest => format!("{whole}{}", EIGHTHS[rest - 1]),
    }
}
