//! The locks on a server's directory.
//!
//! There are two, as there are two questions. `ringfence.owner` is held by the process that
//! started the server, and by no other: whoever finds it taken is refused. `ringfence.lock` is
//! handed on to all that is started for the server (`initdb`, PostgreSQL, the sweeper; see
//! [`super::tie`]): whoever gets it knows that nothing of an earlier server is left, whatever the
//! process numbers in stale files say. A lock belongs to an open file and the kernel frees it, so
//! a crash leaves none behind.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::error::PrivatePostgresError;
use super::log::private_file;
use super::place::Place;
use super::postmaster;

/// How long what a crashed owner left may take to end.
const LEFTOVERS: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);

/// Both locks on one directory.
#[derive(Debug)]
pub(super) struct Locks {
    /// To be kept to ourselves.
    pub(super) owner: OwnerLock,
    /// To be shared with the processes of the server.
    pub(super) server: File,
}

/// The lock of the owner, free as soon as this is dropped.
#[derive(Debug)]
pub(super) struct OwnerLock(File);

impl Drop for OwnerLock {
    fn drop(&mut self) {
        // Closing alone would not do: a child that another thread is just starting has a copy of
        // the descriptor until it runs its own program.
        let _ = self.0.unlock();
    }
}

/// Takes the locks. A living owner is a refusal at once; what a dead one left is asked to stop,
/// and waited for.
pub(super) fn acquire(place: &Place) -> Result<Locks, PrivatePostgresError> {
    let deadline = Instant::now() + LEFTOVERS;
    loop {
        place.renew()?;
        match attempt(&place.owner_lock(), place)? {
            Attempt::Held(file) => return Err(in_use(place, owner(&file))),
            Attempt::Taken(owner) => match attempt(&place.lock(), place)? {
                Attempt::Taken(server) => return signed(OwnerLock(owner), server, place),
                Attempt::Held(_) => postmaster::interrupt_orphan(&place.data())?,
                Attempt::SweptAway => {}
            },
            Attempt::SweptAway => {}
        }
        if Instant::now() >= deadline {
            return Err(in_use(place, None));
        }
        thread::sleep(PAUSE);
    }
}

enum Attempt {
    Taken(File),
    Held(File),
    /// The directory was removed beneath us, and with it the file that we opened.
    SweptAway,
}

fn attempt(path: &Path, place: &Place) -> Result<Attempt, PrivatePostgresError> {
    let failed = PrivatePostgresError::file("lock", path);
    let file = match private_file().write(true).truncate(false).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Attempt::SweptAway),
        Err(error) => return Err(failed(error)),
    };
    place.account().own_file(&file).map_err(PrivatePostgresError::file("give away", path))?;
    match file.try_lock() {
        Ok(()) if is_at(&file, path) => Ok(Attempt::Taken(file)),
        Ok(()) => Ok(Attempt::SweptAway),
        Err(TryLockError::WouldBlock) => Ok(Attempt::Held(file)),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => identity(&open) == identity(&named),
        _ => false,
    }
}

/// Writes down who we are, for the refusal of others.
fn signed(owner: OwnerLock, server: File, place: &Place) -> Result<Locks, PrivatePostgresError> {
    let text = format!("{}\n", std::process::id());
    owner
        .0
        .set_len(0)
        .and_then(|()| owner.0.write_all_at(text.as_bytes(), 0))
        .map_err(PrivatePostgresError::file("write", &place.owner_lock()))?;
    Ok(Locks { owner, server })
}

fn owner(file: &File) -> Option<u32> {
    let mut text = [0; 16];
    let length = file.read_at(&mut text, 0).ok()?;
    str::from_utf8(&text[..length]).ok()?.trim().parse().ok()
}

fn in_use(place: &Place, owner: Option<u32>) -> PrivatePostgresError {
    PrivatePostgresError::InUse { directory: place.path().to_owned(), owner }
}
