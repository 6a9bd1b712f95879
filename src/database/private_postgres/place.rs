//! Where things are: the directory as wanted, the place it really is at, and what lies in it.
//!
//! ```text
//! ringfence.owner       locked while the process that started the server lives
//! ringfence.lock        locked while anything of the server lives
//! postgres.log          the server's log, and postgres.log.previous
//! data/                 the cluster
//! data.new/             a cluster that `initdb` has not finished
//! run/                  the unix socket
//! elsewhere             only where PostgreSQL's user cannot get here: a link to all of the above
//! ```

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};

use super::Durability;
use super::account::Account;
use super::error::PrivatePostgresError;

/// No port is opened; the number only names the socket.
pub(super) const PORT: u16 = 5432;

/// By this name a directory is known to be ours.
const OWNER_LOCK: &str = "ringfence.owner";
const ELSEWHERE: &str = "elsewhere";

/// `sun_path` holds 104 bytes on macOS and the BSDs (108 on Linux), the last of them a zero.
const SOCKET_PATH_BYTES: usize = 103;

/// Open to every user and short; what we put there is checked to be ours.
const TEMPORARY: &str = "/tmp";
const LASTING: &str = "/var/lib";
const PREFIX: &str = "ringfence-";

/// The directory of one server.
#[derive(Debug)]
pub(super) struct Place {
    wanted: PathBuf,
    path: PathBuf,
    account: Account,
}

impl Place {
    /// Finds the place for `wanted`, and makes it where it is missing.
    pub(super) fn find(
        wanted: &Path,
        durability: Durability,
    ) -> Result<Self, PrivatePostgresError> {
        let wanted = std::path::absolute(wanted)
            .map_err(PrivatePostgresError::file("understand", wanted))?;
        make_directory(&wanted)?;
        let wanted =
            fs::canonicalize(&wanted).map_err(PrivatePostgresError::file("open", &wanted))?;
        if durability == Durability::Disposable && holds_something_else(&wanted)? {
            return Err(PrivatePostgresError::NotEmpty { directory: wanted });
        }
        let path = moved_to(&wanted).unwrap_or_else(|| wanted.clone());
        let data = path.join("data");
        let account = Account::for_cluster(&data)?;
        if account.reaches(&path)? {
            return Ok(Self { wanted, path, account });
        }
        if data.exists() && durability == Durability::Durable {
            return Err(PrivatePostgresError::Unreachable { directory: path, uid: account.uid() });
        }
        let path = elsewhere(&wanted, durability)?;
        Ok(Self { wanted, path, account })
    }

    /// Makes the directory again, where it has been swept away since.
    pub(super) fn renew(&self) -> Result<(), PrivatePostgresError> {
        make_directory(&self.path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn account(&self) -> Account {
        self.account
    }

    pub(super) fn owner_lock(&self) -> PathBuf {
        self.path.join(OWNER_LOCK)
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.path.join("ringfence.lock")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("postgres.log")
    }

    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    pub(super) fn unfinished_data(&self) -> PathBuf {
        self.path.join("data.new")
    }

    /// The directory of the socket: in the place, or where that path is too long, a short one.
    pub(super) fn sockets(&self) -> PathBuf {
        let near = self.path.join("run");
        let socket = near.join(format!(".s.PGSQL.{PORT}"));
        if socket.as_os_str().len() <= SOCKET_PATH_BYTES {
            return near;
        }
        Path::new(TEMPORARY).join(format!("{PREFIX}run-{}", fingerprint(&self.path)))
    }

    /// Makes the directory of the socket, empty, for PostgreSQL's user alone. What an earlier
    /// server left in it would otherwise stop this one when its number has been given away.
    pub(super) fn make_sockets(&self) -> Result<PathBuf, PrivatePostgresError> {
        let path = self.sockets();
        if let Ok(found) = fs::symlink_metadata(&path) {
            let ours = [self.account.uid(), Account::Ours.uid()].contains(&found.uid());
            if !found.is_dir() || !ours {
                return Err(PrivatePostgresError::Squatted { path });
            }
            fs::remove_dir_all(&path).map_err(PrivatePostgresError::file("clear", &path))?;
        }
        self.make_private(&path)?;
        Ok(path)
    }

    /// Makes a directory that only PostgreSQL's user (and root) can enter.
    pub(super) fn make_private(&self, path: &Path) -> Result<(), PrivatePostgresError> {
        DirBuilder::new()
            .mode(0o700)
            .create(path)
            .and_then(|()| self.account.own(path))
            .map_err(PrivatePostgresError::file("make", path))
    }

    /// The directories that a disposable server leaves, the one with the locks last.
    pub(super) fn leavings(&self) -> Vec<PathBuf> {
        let mut leavings = vec![self.sockets(), self.wanted.clone()];
        leavings.retain(|directory| !directory.starts_with(&self.path));
        leavings.push(self.path.clone());
        leavings
    }
}

fn make_directory(path: &Path) -> Result<(), PrivatePostgresError> {
    if path.is_dir() {
        return Ok(());
    }
    // Root's is made passable, for the sake of PostgreSQL's user; what is in it is private.
    let mode = if Account::Ours.uid() == 0 { 0o711 } else { 0o700 };
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)))
        .map_err(PrivatePostgresError::file("make", path))
}

fn holds_something_else(wanted: &Path) -> Result<bool, PrivatePostgresError> {
    let mut entries = fs::read_dir(wanted).map_err(PrivatePostgresError::file("read", wanted))?;
    let is_ours = wanted.join(OWNER_LOCK).exists() || wanted.join(ELSEWHERE).is_symlink();
    Ok(!is_ours && entries.next().is_some())
}

/// Where the link of an earlier start leads. Only a directory that we made counts: a disposable
/// server removes it.
fn moved_to(wanted: &Path) -> Option<PathBuf> {
    let target = fs::read_link(wanted.join(ELSEWHERE)).ok()?;
    let name = target.file_name()?.to_str()?;
    let is_ours = [LASTING, TEMPORARY].iter().any(|parent| target == Path::new(parent).join(name))
        && name.starts_with(PREFIX)
        && is_our_directory(&target);
    is_ours.then_some(target)
}

fn is_our_directory(path: &Path) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|found| found.is_dir() && found.uid() == Account::Ours.uid())
}

/// A place that every user can reach, and a link to it from the wanted one.
fn elsewhere(wanted: &Path, durability: Durability) -> Result<PathBuf, PrivatePostgresError> {
    let parent = match durability {
        Durability::Durable => LASTING,
        Durability::Disposable => TEMPORARY,
    };
    let path = Path::new(parent).join(format!("{PREFIX}{}", fingerprint(wanted)));
    make_directory(&path)?;
    if !is_our_directory(&path) {
        return Err(PrivatePostgresError::Squatted { path });
    }
    let link = wanted.join(ELSEWHERE);
    // Where there is one, it leads nowhere good.
    let _ = fs::remove_file(&link);
    symlink(&path, &link).map_err(PrivatePostgresError::file("make", &link))?;
    tracing::info!(
        wanted = %wanted.display(), place = %path.display(),
        "PostgreSQL's user cannot reach the wanted directory; its data are elsewhere"
    );
    Ok(path)
}

/// Names a path shortly, and the same way at every start.
fn fingerprint(path: &Path) -> String {
    let digest = digest(&SHA256, path.as_os_str().as_bytes());
    let beginning = digest.as_ref().first_chunk().copied().map_or(0, u64::from_be_bytes);
    format!("{beginning:016x}")
}
