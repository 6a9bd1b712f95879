//! `ringfence users import`: people from a file, checked like those who sign up, their hashes as they are.
//!
//! One thread reads and checks while the database writes. Who is there already is passed over, by the unique indexes:
//! so a run that was killed is simply repeated, and nothing needs to be remembered between the two.

pub(in crate::cli) mod intake;
mod lines;
pub(in crate::cli) mod person;
pub(in crate::cli) mod tell;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use sqlx::PgPool;
use tokio::sync::mpsc::{self, Sender};

use crate::foundation::{Clock, Country, Entropy};

use intake::Intake;
pub use intake::{Batch, Place};
pub use person::{Checker, Fault};
use tell::{Errors, Progress};

/// Batches that may wait for the database.
const WAITING: usize = 2;
const BUFFER_BYTES: usize = 1 << 18;

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// The file: .ndjson (or .jsonl) or .csv; - for standard input.
    #[arg(value_name = "FILE.ndjson|FILE.csv")]
    file: PathBuf,
    /// What the file is, where its name does not tell. Standard input is NDJSON unless this says otherwise.
    #[arg(long, value_enum)]
    format: Option<Format>,
    #[command(flatten)]
    manner: Manner,
}

/// How people are taken in, wherever they come from.
#[derive(Args)]
pub(in crate::cli) struct Manner {
    /// Check everything and write nothing.
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Write what is wrong to this file, as NDJSON, instead of standard error.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) errors: Option<PathBuf>,
    /// Print the sums as JSON.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// What is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// RFC 4180 with a header.
    Csv,
}

pub(super) async fn run(
    database: &PgPool,
    region: Option<Country>,
    arguments: &Arguments,
) -> anyhow::Result<()> {
    let format = arguments.format.or_else(|| Format::of(&arguments.file));
    let format = format.context("--format is wanted: the name of the file tells none")?;
    let (source, bytes) = open(&arguments.file)?;
    let errors = Errors::open(arguments.manner.errors.as_deref())?;
    let checker = Checker::new(region, Clock::default(), Entropy::default());
    let (sender, mut batches) = mpsc::channel::<Batch>(WAITING);
    let reading = tokio::task::spawn_blocking(move || read(source, format, &checker, &sender));
    let progress = Progress::new(bytes);
    let mut intake = Intake::new(database, &arguments.manner, errors, progress);
    while let Some(batch) = batches.recv().await {
        intake.take(batch).await?;
    }
    // Whoever reads has gone, by itself or with an error.
    reading.await.context("the file is read no more")??;
    intake.finish()
}

/// Reads all of `source`, checks every line and sends what came of them, batch by batch. An error is the fault of the
/// file as a whole. Blocks the thread: not to be called in an asynchronous task.
pub fn read(
    source: impl Read,
    format: Format,
    checker: &Checker,
    sender: &Sender<Batch>,
) -> anyhow::Result<()> {
    match format {
        Format::Ndjson => lines::read_ndjson(source, checker, sender),
        Format::Csv => lines::read_csv(source, checker, sender),
    }
}

/// The file, and how many bytes it has, where that is known.
fn open(path: &Path) -> anyhow::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(std::io::stdin()), None));
    }
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let bytes = file.metadata().ok().map(|metadata| metadata.len());
    Ok((Box::new(BufReader::with_capacity(BUFFER_BYTES, file)), bytes))
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        if path == Path::new("-") {
            return Some(Self::Ndjson);
        }
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_tells_what_is_in_it() {
        for (name, format) in [
            ("users.ndjson", Some(Format::Ndjson)),
            ("users.JSONL", Some(Format::Ndjson)),
            ("/a/b.d/users.csv", Some(Format::Csv)),
            ("-", Some(Format::Ndjson)),
            ("users.json", None),
            ("users", None),
        ] {
            assert_eq!(Format::of(Path::new(name)), format, "{name}");
        }
    }
}
