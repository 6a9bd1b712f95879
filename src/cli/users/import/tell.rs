//! What an import tells: what is wrong, how far it is, and the sums.

use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;

use super::intake::Place;
use super::person::Fault;

/// Between two looks of the line that tells how far it is.
const PERIOD: Duration = Duration::from_millis(200);
const BAR_WIDTH: u64 = 24;
/// Back to the first column, and delete what stands there.
const CLEAR: &str = "\r\x1b[K";

/// Where faults are told: standard error, or a file for programs.
pub(in crate::cli) struct Errors(Option<BufWriter<File>>);

#[derive(Serialize)]
struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<&'a str>,
    field: Option<&'a str>,
    reason: &'a str,
}

impl Errors {
    pub(in crate::cli) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let create = |path: &Path| {
            File::create(path).with_context(|| format!("--errors {}", path.display()))
        };
        Ok(Self(path.map(create).transpose()?.map(BufWriter::new)))
    }

    pub(in crate::cli) fn tell(
        &mut self,
        place: &Place,
        faults: &[Fault],
        progress: &mut Progress,
    ) -> anyhow::Result<()> {
        for Fault { field, reason } in faults {
            let Some(file) = &mut self.0 else {
                progress.clear();
                let field = field.map(|field| format!("{field}: ")).unwrap_or_default();
                writeln!(std::io::stderr(), "{place}: {field}{reason}")?;
                continue;
            };
            let (line, row) = match place {
                Place::Line(line) => (Some(*line), None),
                Place::Row(key) => (None, Some(key.as_str())),
            };
            let told = serde_json::to_string(&Told { line, row, field: *field, reason })?;
            writeln!(file, "{told}").context("--errors")?;
        }
        Ok(())
    }

    /// Nothing is lost in a buffer without a word.
    pub(in crate::cli) fn finish(&mut self) -> anyhow::Result<()> {
        self.0.as_mut().map_or(Ok(()), Write::flush).context("--errors")
    }
}

/// The sums.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Sums {
    pub(super) dry_run: bool,
    pub(super) read: usize,
    /// In a dry run: those who would have been.
    pub(super) imported: usize,
    pub(super) already_there: usize,
    pub(super) refused: usize,
}

impl Sums {
    pub(super) fn tell(&self, as_json: bool) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if as_json {
            writeln!(out, "{}", serde_json::to_string_pretty(self)?)?;
            return Ok(());
        }
        let Self { dry_run, read, imported, already_there, refused } = self;
        let imported = match dry_run {
            true => format!("{imported} would be imported"),
            false => format!("{imported} imported"),
        };
        writeln!(out, "{read} read: {imported}, {already_there} already there, {refused} refused")?;
        Ok(())
    }
}

/// One line that is written over again, on a terminal only.
pub(in crate::cli) struct Progress {
    is_shown: bool,
    /// Of the whole file, where that is known.
    bytes: Option<u64>,
    done: u64,
    began: Instant,
    last: Option<Instant>,
}

impl Progress {
    pub(in crate::cli) fn new(bytes: Option<u64>) -> Self {
        let is_shown = std::io::stderr().is_terminal();
        Self { is_shown, bytes, done: 0, began: Instant::now(), last: None }
    }

    pub(super) fn show(&mut self, sums: &Sums, bytes: u64) {
        self.done += bytes;
        let is_due = self.last.is_none_or(|last| last.elapsed() >= PERIOD);
        if !self.is_shown || !is_due {
            return;
        }
        self.last = Some(Instant::now());
        let seconds = self.began.elapsed().as_secs().max(1);
        let rate = u64::try_from(sums.read).unwrap_or(u64::MAX) / seconds;
        let bar = self.bytes.map(|bytes| bar(self.done, bytes)).unwrap_or_default();
        let line = format!("{CLEAR}{bar}{} read, {} refused, {rate}/s", sums.read, sums.refused);
        // Whoever has closed standard error does not want to see it.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    pub(super) fn clear(&mut self) {
        if self.last.take().is_some() {
            let _ = std::io::stderr().write_all(CLEAR.as_bytes());
        }
    }
}

fn bar(done: u64, all: u64) -> String {
    let of_all = |width: u64| done.saturating_mul(width) / all.max(1);
    let filled = of_all(BAR_WIDTH).min(BAR_WIDTH);
    let (filled, empty) = ("█".repeat(to_usize(filled)), "░".repeat(to_usize(BAR_WIDTH - filled)));
    format!("{filled}{empty} {:3} %  ", of_all(100).min(100))
}

fn to_usize(width: u64) -> usize {
    usize::try_from(width).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_never_longer_than_it_is() {
        assert_eq!(bar(0, 0), format!("{}   0 %  ", "░".repeat(24)));
        assert_eq!(bar(50, 100), format!("{}{}  50 %  ", "█".repeat(12), "░".repeat(12)));
        assert_eq!(bar(200, 100), format!("{} 100 %  ", "█".repeat(24)));
        assert_eq!(bar(u64::MAX, u64::MAX), bar(u64::MAX, u64::MAX));
    }
}
