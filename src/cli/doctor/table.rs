//! The judgement as a table for people: what does not hold stands out, and comes again at the end.

use std::fmt::Write as _;

use super::Line;
use super::requirement::Verdict;

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";
/// No line is longer, however wide the terminal: eyes lose their place.
const WIDTH_MAX: usize = 100;
/// No line is shorter, or there would be one word on each.
const WIDTH_MIN: usize = 40;
/// Where the words begin: behind mark, number and level.
const INDENT: usize = 20;
/// … and where the mends do in the summary: behind mark, standard and number.
const MENDS_INDENT: usize = 28;

/// A text with the colours that it may have.
struct Page {
    text: String,
    width: usize,
    is_coloured: bool,
}

pub(super) fn draw(
    lines: &[Line],
    why_unasked: Option<&str>,
    level: u8,
    width: usize,
    is_coloured: bool,
) -> String {
    let width = width.clamp(WIDTH_MIN, WIDTH_MAX);
    let mut page = Page { text: String::new(), width, is_coloured };
    let mut standard = "";
    for line in lines {
        if line.standard.key != standard {
            standard = line.standard.key;
            page.heading(line.standard.title);
        }
        page.line(line);
    }
    page.summary(lines, level);
    if let Some(why) = why_unasked {
        page.wrapped("", 0, &format!("The database could not be asked: {why}."));
    }
    page.text
}

impl Page {
    fn coloured(&self, colour: &str, text: &str) -> String {
        if self.is_coloured && !colour.is_empty() {
            format!("{colour}{text}{PLAIN}")
        } else {
            text.to_owned()
        }
    }

    fn heading(&mut self, title: &str) {
        let before = if self.text.is_empty() { "" } else { "\n" };
        let title = self.coloured(BOLD, title);
        let _ = writeln!(self.text, "{before}{title}\n");
    }

    fn line(&mut self, line: &Line) {
        let requirement = line.requirement;
        let (mark, colour) = match line.verdict {
            Verdict::Holds(_) => ("✓", GREEN),
            Verdict::DoesNotHold { .. } => ("✗", RED),
            Verdict::NotApplicable(_) => ("–", DIM),
        };
        let mark = self.coloured(colour, mark);
        let _ = write!(self.text, " {mark} {:<14}L{} ", requirement.id, requirement.level);
        self.flow("", INDENT, requirement.words);
        self.wrapped(DIM, INDENT, line.verdict.why());
        if let Some(mend) = line.verdict.mend() {
            self.wrapped(RED, INDENT, &format!("→ {mend}"));
        }
    }

    fn summary(&mut self, lines: &[Line], level: u8) {
        let count = |key: &str| lines.iter().filter(|line| line.verdict.key() == key).count();
        self.heading("Summary");
        let (holds, fails) = (count("holds"), count("does_not_hold"));
        let words = format!(
            "Up to level {level}: {holds} hold, {fails} do not hold, {} are not applicable.",
            count("not_applicable")
        );
        self.wrapped("", 0, &words);
        if fails == 0 {
            return;
        }
        self.text.push('\n');
        for line in lines.iter().filter(|line| line.verdict.mend().is_some()) {
            let mark = self.coloured(RED, "✗");
            let (standard, id) = (line.standard.key, line.requirement.id);
            let _ = write!(self.text, " {mark} {standard:<10}{id:<14} ");
            let mend = line.verdict.mend().unwrap_or_default();
            self.flow("", MENDS_INDENT, mend);
        }
    }

    fn wrapped(&mut self, colour: &str, indent: usize, words: &str) {
        self.text.push_str(&" ".repeat(indent));
        self.flow(colour, indent, words);
    }

    /// Words behind what stands on the line already, up to column `indent`, where further lines begin.
    fn flow(&mut self, colour: &str, indent: usize, words: &str) {
        let mut rows = vec![String::new()];
        let room = self.width.saturating_sub(indent);
        for word in words.split_whitespace() {
            let length = word.chars().count();
            let last = rows.last().map_or(0, |row| row.chars().count());
            if last > 0 && last + 1 + length > room {
                rows.push(word.to_owned());
            } else if let Some(row) = rows.last_mut() {
                if last > 0 {
                    row.push(' ');
                }
                row.push_str(word);
            }
        }
        let between = format!("\n{}", " ".repeat(indent));
        let rows = rows.iter().map(|row| self.coloured(colour, row));
        let text = rows.collect::<Vec<_>>().join(&between);
        let _ = writeln!(self.text, "{text}");
    }
}
