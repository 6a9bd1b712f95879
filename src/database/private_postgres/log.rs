//! The server's log file: where `initdb` and PostgreSQL write, and what an error quotes of it.
//!
//! One file a start; the one before it is kept beside it, no more.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};

use rustix::fs::OFlags;

use super::error::PrivatePostgresError;
use super::place::Place;

/// How much of the end is looked at, and how many lines of it an error quotes.
const END_BYTES: u64 = 4096;
const END_LINES: usize = 8;

/// Sets the last log aside and opens a new one.
pub(super) fn begin(place: &Place) -> Result<File, PrivatePostgresError> {
    let path = place.log();
    let failed = PrivatePostgresError::file("write", &path);
    // There is none at the first start.
    let _ = fs::rename(&path, path.with_extension("log.previous"));
    let open = || {
        let file = private_file().append(true).truncate(false).open(&path)?;
        place.account().own_file(&file)?;
        io::Result::Ok(file)
    };
    open().map_err(failed)
}

/// How every file of ours in the directory is opened: for its owner only, and, as root may find
/// itself in somebody else's directory, not through a symbolic link.
pub(super) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    let nofollow = OFlags::NOFOLLOW.bits().cast_signed();
    options.read(true).create(true).mode(0o600).custom_flags(nofollow);
    options
}

/// The end of the log, on one line.
pub(super) fn last_lines(log: &File) -> String {
    let read = || {
        let length = log.metadata()?.len();
        let from = length.saturating_sub(END_BYTES);
        let mut end = vec![0; usize::try_from(length - from).unwrap_or_default()];
        log.read_exact_at(&mut end, from)?;
        io::Result::Ok(String::from_utf8_lossy(&end).into_owned())
    };
    match read() {
        Ok(end) => {
            let lines: Vec<&str> =
                end.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            let last = &lines[lines.len().saturating_sub(END_LINES)..];
            if last.is_empty() { "it said nothing".to_owned() } else { last.join(" | ") }
        }
        Err(error) => format!("its log cannot be read: {error}"),
    }
}
