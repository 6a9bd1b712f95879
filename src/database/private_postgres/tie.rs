//! What every process of a server is handed, so that the kernel knows when the last has gone.
//!
//! For a durable server that is the lock itself. For a disposable one it is a pipe to a sweeper,
//! a small shell that waits for the pipe to close and then removes the directory; the sweeper
//! holds the lock meanwhile. Nothing is ever written to either.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use super::account::Account;
use super::child::wait_within;
use super::error::PrivatePostgresError;
use super::place::Place;

/// Each directory is renamed first: a start that comes now begins with a new one.
const SWEEP: &str = r#"
cat >/dev/null
for path; do
    rm -rf "$path.gone"
    mv "$path" "$path.gone" && rm -rf "$path.gone"
done
"#;

/// How long the removal may take.
const SWEEPING: Duration = Duration::from_secs(10);

/// What ties the processes of one server together.
#[derive(Debug)]
pub(super) struct Tie {
    held: Option<OwnedFd>,
    sweeper: Option<(Child, PathBuf)>,
}

impl Tie {
    /// For a server whose directory stays.
    pub(super) fn durable(lock: File) -> Self {
        Self { held: Some(lock.into()), sweeper: None }
    }

    /// For a server whose directory goes with it.
    pub(super) fn disposable(lock: File, place: &Place) -> Result<Self, PrivatePostgresError> {
        let shell = Path::new("/bin/sh");
        let spawn = || {
            let (reader, writer) = io::pipe()?;
            let sweeper = Account::Ours
                .command(shell)
                .args(["-c", SWEEP, "ringfence-sweeper"])
                .args(place.leavings())
                .stdin(reader)
                .stdout(lock)
                .stderr(Stdio::null())
                // Out of reach of the terminal's Ctrl-C.
                .process_group(0)
                .spawn()?;
            io::Result::Ok((writer, sweeper))
        };
        let (writer, sweeper) = spawn().map_err(PrivatePostgresError::run(shell))?;
        Ok(Self { held: Some(writer.into()), sweeper: Some((sweeper, place.path().to_owned())) })
    }

    /// A share for one more process, to be given to it as a standard stream that it leaves alone.
    pub(super) fn share(&self) -> io::Result<Stdio> {
        match &self.held {
            Some(held) => held.try_clone().map(Stdio::from),
            None => Ok(Stdio::null()),
        }
    }

    /// Lets go, and waits until the sweeper has done its work.
    pub(super) fn release(&mut self) -> Result<(), PrivatePostgresError> {
        drop(self.held.take());
        let Some((mut sweeper, directory)) = self.sweeper.take() else { return Ok(()) };
        match wait_within(&mut sweeper, SWEEPING) {
            Ok(Some(status)) if status.success() => Ok(()),
            _ => Err(PrivatePostgresError::NotRemoved { directory }),
        }
    }
}

impl Drop for Tie {
    fn drop(&mut self) {
        if let Err(error) = self.release() {
            tracing::warn!(%error, "the private PostgreSQL left its files");
        }
    }
}
