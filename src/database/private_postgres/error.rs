//! Why there is no private PostgreSQL: each case is one sentence for the person at the terminal.

use std::io;
use std::path::{Path, PathBuf};

use super::DownloadError;

/// Why a private server could not be started, used or stopped.
#[derive(Debug, thiserror::Error)]
pub enum PrivatePostgresError {
    /// Nothing to run, and nothing to fetch it with or from.
    #[error(
        "no PostgreSQL (14 or newer) is on this machine and none could be fetched: install one \
         (Debian and Ubuntu: apt install postgresql; Fedora: dnf install postgresql-server; \
         macOS: brew install postgresql) or set DATABASE_URL to a running server"
    )]
    NoBinaries {
        /// Why fetching failed; `None` where it was not to be tried.
        #[source]
        source: Option<DownloadError>,
    },
    /// The cluster was made by a major version that is not to be had.
    #[error(
        "the data in {} was made by PostgreSQL {major}, which is not on this machine{}: install \
         PostgreSQL {major}, or remove that directory to begin anew", .data.display(), seen(.found)
    )]
    OtherVersion {
        /// The data directory.
        data: PathBuf,
        /// What made it.
        major: u32,
        /// What is there instead.
        found: Vec<u32>,
        /// Why fetching the right one failed; `None` where it was not to be tried.
        #[source]
        source: Option<DownloadError>,
    },
    /// `PG_VERSION` does not hold a version.
    #[error("{} is no PostgreSQL data directory any more: remove it to begin anew", .data.display())]
    Damaged {
        /// The data directory.
        data: PathBuf,
    },
    /// Another process has it.
    #[error(
        "{} is in use by a private PostgreSQL{}: stop that one first, or choose another directory",
        .directory.display(), .owner.map_or_else(String::new, |pid| format!(" of process {pid}"))
    )]
    InUse {
        /// The directory.
        directory: PathBuf,
        /// The process that started it, where the lock tells.
        owner: Option<u32>,
    },
    /// A disposable server would in the end remove what is not its own.
    #[error(
        "{} holds files that are not of a private PostgreSQL, and would be removed at the end: \
         choose an empty directory", .directory.display()
    )]
    NotEmpty {
        /// The directory.
        directory: PathBuf,
    },
    /// We are root, and there is nobody to run PostgreSQL as.
    #[error(
        "PostgreSQL refuses to run as root, and neither of the users postgres and nobody exists: \
         make one, run as an ordinary user, or set DATABASE_URL"
    )]
    NoAccount,
    /// The data are where their owner cannot get.
    #[error(
        "user {uid}, who owns the data in {}, cannot reach that directory: open its parents to \
         them (chmod o+x), or remove it to begin anew", .directory.display()
    )]
    Unreachable {
        /// The directory.
        directory: PathBuf,
        /// The owner of the data.
        uid: u32,
    },
    /// A name of ours in a directory for everybody belongs to somebody else.
    #[error("{} belongs to somebody else: remove it, or choose another directory", .path.display())]
    Squatted {
        /// The path.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("cannot {action} {}", .path.display())]
    File {
        /// What was to be done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A program could not be run.
    #[error("cannot run {}", .program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// `initdb` failed, for instance on a full disk.
    #[error("PostgreSQL could not make its data directory: {last_lines}")]
    Initdb {
        /// The end of what it said.
        last_lines: String,
    },
    /// The server ended before it was ready.
    #[error("the private PostgreSQL ended while starting: {last_lines}")]
    EndedAtStart {
        /// The end of its log.
        last_lines: String,
    },
    /// The server took too long.
    #[error("the private PostgreSQL was not ready after {seconds} seconds: {last_lines}")]
    NotReady {
        /// How long we waited.
        seconds: u64,
        /// The end of its log.
        last_lines: String,
    },
    /// A server did not end when asked to.
    #[error("PostgreSQL (process {pid}) of {} does not stop: end it by hand", .data.display())]
    StillRunning {
        /// Its process, or that of its watchdog.
        pid: u32,
        /// Its data directory.
        data: PathBuf,
    },
    /// The files of a disposable server are still there.
    #[error("the private PostgreSQL has ended, but {} could not be removed in time", .directory.display())]
    NotRemoved {
        /// The directory.
        directory: PathBuf,
    },
    /// The server refused to make a database.
    #[error("cannot create the database {database}")]
    Query {
        /// The database.
        database: String,
        /// The cause.
        #[source]
        source: sqlx::Error,
    },
}

impl PrivatePostgresError {
    /// For `map_err` on what the file system answers.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    /// For `map_err` on what starting a program answers.
    pub(super) fn run(program: &Path) -> impl FnOnce(io::Error) -> Self {
        let program = program.to_owned();
        move |source| Self::Run { program, source }
    }
}

fn seen(found: &[u32]) -> String {
    if found.is_empty() {
        return String::new();
    }
    let list: Vec<String> = found.iter().map(u32::to_string).collect();
    format!(" (found: {})", list.join(", "))
}
