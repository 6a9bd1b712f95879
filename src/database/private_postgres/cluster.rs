//! The cluster: making one with `initdb`, and telling which version made it.
//!
//! A cluster is made beside its final name and renamed when whole, so that a killed `initdb`
//! never leaves something that looks like one.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::Durability;
use super::ROLE;
use super::binaries::Binaries;
use super::child::wait_within;
use super::error::PrivatePostgresError;
use super::log::last_lines;
use super::place::Place;
use super::tie::Tie;

/// `initdb` takes one or two seconds; a slow disk may make that ten.
const INITDB: Duration = Duration::from_mins(2);

/// Removes what a killed `initdb` left and, as a disposable server begins empty, its last cluster.
pub(super) fn clear_leftovers(
    place: &Place,
    durability: Durability,
) -> Result<(), PrivatePostgresError> {
    remove(&place.unfinished_data())?;
    match durability {
        Durability::Durable => Ok(()),
        Durability::Disposable => remove(&place.data()),
    }
}

/// The major version of the cluster at `data`; `None` where there is no cluster.
pub(super) fn major(data: &Path) -> Result<Option<u32>, PrivatePostgresError> {
    let file = data.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(version) => match version.trim().parse() {
            Ok(major) => Ok(Some(major)),
            Err(_) => Err(PrivatePostgresError::Damaged { data: data.to_owned() }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound && !data.exists() => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(PrivatePostgresError::Damaged { data: data.to_owned() })
        }
        Err(error) => Err(PrivatePostgresError::file("read", &file)(error)),
    }
}

/// Makes a cluster: UTF-8, and sorted by code point, as every machine sorts alike.
pub(super) fn make(
    place: &Place,
    binaries: &Binaries,
    durability: Durability,
    tie: &Tie,
    log: &File,
) -> Result<(), PrivatePostgresError> {
    tracing::info!(directory = %place.path().display(), "making the data directory of PostgreSQL");
    let unfinished = place.unfinished_data();
    place.make_private(&unfinished)?;
    let program = binaries.initdb();
    let run = || {
        let mut command = place.account().command(&program);
        command
            .args(["--username", ROLE, "--encoding=UTF8", "--locale=C", "--auth=trust"])
            .args(["--no-instructions", "--pgdata"])
            .arg(&unfinished)
            .stdin(tie.share()?)
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?);
        if durability == Durability::Disposable {
            command.arg("--no-sync");
        }
        let mut initdb = command.spawn()?;
        let status = wait_within(&mut initdb, INITDB)?;
        if status.is_none() {
            initdb.kill()?;
            initdb.wait()?;
        }
        io::Result::Ok(status.is_some_and(|status| status.success()))
    };
    if !run().map_err(PrivatePostgresError::run(&program))? {
        return Err(PrivatePostgresError::Initdb { last_lines: last_lines(log) });
    }
    let data = place.data();
    fs::rename(&unfinished, &data).map_err(PrivatePostgresError::file("make", &data))
}

fn remove(path: &Path) -> Result<(), PrivatePostgresError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(PrivatePostgresError::file("remove", path)(error))
        }
        _ => Ok(()),
    }
}
