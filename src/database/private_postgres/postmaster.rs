//! PostgreSQL's first process, as `postmaster.pid` in the data directory tells of it.
//!
//! Owns the judgement of that file: whether the server is ready, and whether a server that an
//! earlier owner left still runs. Never signals a process that is not proven to be a PostgreSQL
//! of this very directory.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use super::child::PAUSE;
use super::error::PrivatePostgresError;

/// How long a fast shutdown may take, and then an immediate one.
const FAST: Duration = Duration::from_secs(10);
const IMMEDIATE: Duration = Duration::from_secs(5);

/// The line of the file that holds the state (PostgreSQL's `LOCK_FILE_LINE_PM_STATUS`): `pg_ctl`
/// waits for the same.
const STATUS_LINE: usize = 8;

/// Whether the server of `data` takes connections.
pub(super) fn is_ready(data: &Path) -> bool {
    fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|file| {
        file.lines().nth(STATUS_LINE - 1).is_some_and(|line| line.trim() == "ready")
    })
}

/// Asks the server that an earlier owner left at `data`, if any, for a fast shutdown.
pub(super) fn interrupt_orphan(data: &Path) -> Result<(), PrivatePostgresError> {
    match running(data) {
        Some(pid) => signal(pid, Signal::INT, data),
        None => Ok(()),
    }
}

/// Ends the server that an earlier owner left at `data`, if any, and clears its traces. The locks
/// must be ours: then a `postmaster.pid` whose process is no PostgreSQL of `data` is stale, also
/// where its number has been given to somebody else (after a restart of a container it always
/// is), which PostgreSQL itself would take for a reason not to start.
pub(super) fn stop_orphan(data: &Path) -> Result<(), PrivatePostgresError> {
    for (request, patience) in [(Signal::INT, FAST), (Signal::QUIT, IMMEDIATE)] {
        let Some(pid) = running(data) else { break };
        tracing::info!(pid = pid.as_raw_pid(), "stopping a PostgreSQL that an earlier run left");
        signal(pid, request, data)?;
        let deadline = Instant::now() + patience;
        while running(data) == Some(pid) && Instant::now() < deadline {
            thread::sleep(PAUSE);
        }
    }
    if let Some(pid) = running(data) {
        let pid = pid.as_raw_pid().cast_unsigned();
        return Err(PrivatePostgresError::StillRunning { pid, data: data.to_owned() });
    }
    let file = data.join("postmaster.pid");
    match fs::remove_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(PrivatePostgresError::file("remove", &file)(error))
        }
        _ => Ok(()),
    }
}

fn signal(pid: Pid, signal: Signal, data: &Path) -> Result<(), PrivatePostgresError> {
    match kill_process(pid, signal) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(PrivatePostgresError::file("stop the server of", data)(error.into())),
    }
}

/// The process that `postmaster.pid` names, where it is a PostgreSQL of `data`.
fn running(data: &Path) -> Option<Pid> {
    let file = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid = file.lines().next()?.trim().parse().ok().filter(|&pid: &i32| pid > 1)?;
    serves(pid, data).then(|| Pid::from_raw(pid)).flatten()
}

/// Whether the process was started as `postgres … -D data …`.
fn serves(pid: i32, data: &Path) -> bool {
    // Linux tells argument by argument, with a zero after each; elsewhere there is `ps`.
    let separated = fs::read(format!("/proc/{pid}/cmdline"));
    let (arguments, separator) = match separated {
        Ok(arguments) => (arguments, 0),
        Err(_) => {
            match Command::new("ps").args(["-ww", "-o", "args=", "-p", &pid.to_string()]).output() {
                Ok(answer) => (answer.stdout, b' '),
                Err(_) => return false,
            }
        }
    };
    let mut first = arguments.split(|&byte| byte == separator);
    let program = first.next().map(|program| Path::new(OsStr::from_bytes(program)));
    let is_postgres = program.and_then(Path::file_name).is_some_and(|name| name == "postgres");
    let option = [b"-D", &[separator][..], data.as_os_str().as_bytes(), &[separator]].concat();
    is_postgres && arguments.windows(option.len()).any(|window| window == option)
}
