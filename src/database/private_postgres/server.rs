//! The running server and its watchdog.
//!
//! PostgreSQL is a child of a small shell, which holds the reading end of a pipe whose writing
//! end only we hold. However we end, the kernel closes it, and the shell stops PostgreSQL. When
//! PostgreSQL ends by itself, the shell ends too.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, PipeWriter};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use super::Durability;
use super::binaries::Binaries;
use super::child::{PAUSE, wait_within};
use super::error::PrivatePostgresError;
use super::log::last_lines;
use super::place::{PORT, Place};
use super::postmaster;
use super::tie::Tie;

/// Standard input is the pipe from the owner, kept as descriptor 3 and from PostgreSQL. A request
/// is repeated, as one that comes before PostgreSQL listens for signals is lost; SIGINT asks for
/// a fast shutdown, SIGQUIT for an immediate one. The guard's output is nowhere: its `sleep` may
/// outlive it by a second and must not hold the tie, which is the standard output of the rest.
const WATCHDOG: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
{
    read -r _ <&3
    for request in INT INT INT INT INT INT INT INT INT INT QUIT QUIT QUIT QUIT QUIT KILL; do
        kill -s "$request" "$server" || exit
        sleep 1
    done
} >/dev/null 2>&1 &
guard=$!
wait "$server"
status=$?
kill "$guard" 2>/dev/null
exit "$status"
"#;

/// How long a start may take; longer only with a large crash to recover from.
const START: Duration = Duration::from_secs(30);

/// Longer than all of the watchdog's requests together.
const STOP: Duration = Duration::from_secs(20);

/// No network, modest memory, and enough connections for a test run.
const ALWAYS: [&str; 9] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=200",
    "shared_buffers=32MB",
    "max_wal_size=256MB",
    "timezone=UTC",
    "log_timezone=UTC",
    "logging_collector=off",
    "log_destination=stderr",
];

/// For data that nobody will miss.
const WHEN_DISPOSABLE: [&str; 5] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
];

/// A server under its watchdog.
#[derive(Debug)]
pub(super) struct Server {
    owner_lives: Option<PipeWriter>,
    watchdog: Child,
    data: PathBuf,
    sockets: PathBuf,
}

impl Server {
    /// Starts PostgreSQL and returns when it takes connections.
    pub(super) fn start(
        place: &Place,
        binaries: &Binaries,
        durability: Durability,
        tie: &Tie,
        log: &File,
    ) -> Result<Self, PrivatePostgresError> {
        let sockets = place.make_sockets()?;
        let shell = Path::new("/bin/sh");
        let spawn = || {
            let (reader, writer) = io::pipe()?;
            let mut command = place.account().command(shell);
            command
                .args(["-c", WATCHDOG, "ringfence-watchdog"])
                .arg(binaries.postgres())
                .arg("-D")
                .arg(place.data())
                .arg("-k")
                .arg(quoted(&sockets))
                .args(["-p", &PORT.to_string()])
                .args(ALWAYS.iter().flat_map(|setting| ["-c", setting]));
            if durability == Durability::Disposable {
                command.args(WHEN_DISPOSABLE.iter().flat_map(|setting| ["-c", setting]));
            }
            // Its own process group keeps the terminal's Ctrl-C away: we decide when it stops.
            command.stdin(reader).stdout(tie.share()?).stderr(log.try_clone()?).process_group(0);
            io::Result::Ok((writer, command.spawn()?))
        };
        let (writer, watchdog) = spawn().map_err(PrivatePostgresError::run(shell))?;
        let mut server = Self { owner_lives: Some(writer), watchdog, data: place.data(), sockets };
        server.wait_until_ready(log)?;
        Ok(server)
    }

    fn wait_until_ready(&mut self, log: &File) -> Result<(), PrivatePostgresError> {
        let deadline = Instant::now() + START;
        while !postmaster::is_ready(&self.data) {
            let ended = self.watchdog.try_wait();
            if !matches!(ended, Ok(None)) {
                return Err(PrivatePostgresError::EndedAtStart { last_lines: last_lines(log) });
            }
            if Instant::now() >= deadline {
                let last_lines = last_lines(log);
                return Err(PrivatePostgresError::NotReady {
                    seconds: START.as_secs(),
                    last_lines,
                });
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Stops PostgreSQL and waits for its end. Doing it twice is harmless.
    pub(super) fn stop(&mut self) -> Result<(), PrivatePostgresError> {
        drop(self.owner_lives.take());
        match wait_within(&mut self.watchdog, STOP) {
            Ok(Some(_)) => {
                // Where that fails, the next start clears it.
                let _ = fs::remove_dir_all(&self.sockets);
                Ok(())
            }
            _ => Err(PrivatePostgresError::StillRunning {
                pid: self.watchdog.id(),
                data: self.data.clone(),
            }),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "the private PostgreSQL did not stop in time");
        }
    }
}

/// The setting is a list; quoted, a path may hold a comma, a blank or a quotation mark.
fn quoted(path: &Path) -> OsString {
    let mut quoted = vec![b'"'];
    for &byte in path.as_os_str().as_bytes() {
        if byte == b'"' {
            quoted.push(b'"');
        }
        quoted.push(byte);
    }
    quoted.push(b'"');
    OsString::from_vec(quoted)
}
