//! Which user PostgreSQL runs as: ourselves, or, as it refuses root, somebody lesser.
//!
//! Owns every start of a PostgreSQL program, so that none runs with our privileges or sees our
//! environment (and the secrets in it). Never makes or changes an account.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown, lchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::PrivatePostgresError;

/// Tried in this order; the second is the name that macOS gives it.
const NAMES: [&str; 3] = ["postgres", "_postgres", "nobody"];

/// Without these some installations find neither their tools nor their libraries.
const KEPT_VARIABLES: [&str; 2] = ["PATH", "LD_LIBRARY_PATH"];

/// The user that PostgreSQL runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// The one we run as.
    Ours,
    /// Another, because we are root.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// The user for the cluster at `data`: for root the one who owns it, or else the first of the
    /// usual accounts that exists.
    pub(super) fn for_cluster(data: &Path) -> Result<Self, PrivatePostgresError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Ours);
        }
        if let Ok(owned) = fs::metadata(data)
            && owned.uid() != 0
        {
            return Ok(Self::Other { uid: owned.uid(), gid: owned.gid() });
        }
        NAMES.into_iter().find_map(named).ok_or(PrivatePostgresError::NoAccount)
    }

    /// A command that runs as this user, in `/`, with an almost empty environment: PostgreSQL's
    /// own variables (`PGPORT`, `PGDATA`, …) must not decide, and `LC_ALL` makes messages English.
    pub(super) fn command(self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir("/").env("HOME", "/").env("LC_ALL", "C");
        command.stdin(Stdio::null());
        for name in KEPT_VARIABLES {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if let Self::Other { uid, gid } = self {
            // This also drops root's supplementary groups.
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Whether this user can get into `directory`. Asked of the kernel, which knows access lists
    /// and mounts, rather than reckoned from modes.
    pub(super) fn reaches(self, directory: &Path) -> Result<bool, PrivatePostgresError> {
        if self == Self::Ours {
            return Ok(true);
        }
        self.command("/bin/sh")
            .args(["-c", "cd \"$1\"", "sh"])
            .arg(directory)
            .stderr(Stdio::null())
            .status()
            .map(|status| status.success())
            .map_err(PrivatePostgresError::run(Path::new("/bin/sh")))
    }

    /// Gives `path` to this user.
    pub(super) fn own(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Ours => Ok(()),
            Self::Other { uid, gid } => lchown(path, Some(uid), Some(gid)),
        }
    }

    /// Gives an open file to this user.
    pub(super) fn own_file(self, file: &File) -> io::Result<()> {
        match self {
            Self::Ours => Ok(()),
            Self::Other { uid, gid } => fchown(file, Some(uid), Some(gid)),
        }
    }

    /// The numeric user.
    pub(super) fn uid(self) -> u32 {
        match self {
            Self::Ours => rustix::process::geteuid().as_raw(),
            Self::Other { uid, .. } => uid,
        }
    }
}

/// The account of that name. `id` asks whatever directory the machine uses.
fn named(name: &str) -> Option<Account> {
    let id = |what| {
        let answer = Command::new("id").args([what, name]).stderr(Stdio::null()).output().ok()?;
        str::from_utf8(&answer.stdout).ok()?.trim().parse().ok()
    };
    Some(Account::Other { uid: id("-u")?, gid: id("-g")? })
}
