//! Fetching PostgreSQL where the machine has none.
//!
//! `postgresql_embedded` does the fetching, the check of the archive's hash and the unpacking;
//! its own ways of making and running a cluster are not used, as they fail for root and do not
//! survive a crash of ours.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use postgresql_embedded::{PostgreSQL, Settings, VersionReq};

/// What is fetched where no cluster asks for another.
const MAJOR: u32 = 18;

/// Some 20 MB on a slow line.
const BOUND: Duration = Duration::from_mins(10);
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// Why PostgreSQL could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The network, the archive, or no archive for this kind of machine.
    #[error("fetching PostgreSQL {major} failed")]
    Fetch {
        /// Which version.
        major: u32,
        /// The cause.
        #[source]
        source: postgresql_embedded::Error,
    },
    /// It took too long.
    #[error("fetching PostgreSQL {major} took more than {} minutes", BOUND.as_secs() / 60)]
    Slow {
        /// Which version.
        major: u32,
    },
    /// The cache could not be written.
    #[error("PostgreSQL could not be unpacked in {}", .cache.display())]
    Cache {
        /// The cache.
        cache: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

/// Fetches PostgreSQL into `cache` and answers with the directory of its programs. Says what it
/// does at level `info`. Works inside and outside of an asynchronous runtime.
pub(super) fn fetch(cache: &Path, major: Option<u32>) -> Result<PathBuf, DownloadError> {
    let major = major.unwrap_or(MAJOR);
    let unusable = |source| DownloadError::Cache { cache: cache.to_owned(), source };
    fs::create_dir_all(cache).map_err(unusable)?;
    // A thread of its own, as a runtime may not be entered from within another.
    let installed = thread::scope(|scope| {
        let fetching = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(unusable)?
                .block_on(install(cache, major))
        });
        fetching.join().unwrap_or_else(|panic| resume_unwind(panic))
    })?;
    // It is unpacked for ourselves alone; PostgreSQL's user must get in as well.
    fs::set_permissions(cache, Permissions::from_mode(0o755)).map_err(unusable)?;
    let opened = Command::new("chmod")
        .args(["-R", "a+rX"])
        .arg(&installed)
        .stderr(Stdio::null())
        .status()
        .map_err(unusable)?;
    if !opened.success() {
        return Err(unusable(io::ErrorKind::PermissionDenied.into()));
    }
    Ok(installed.join("bin"))
}

async fn install(cache: &Path, major: u32) -> Result<PathBuf, DownloadError> {
    let failed = |source| DownloadError::Fetch { major, source };
    let unusable = |source| DownloadError::Cache { cache: cache.to_owned(), source };
    let version = VersionReq::parse(&format!("={major}")).map_err(|error| failed(error.into()))?;
    // The defaults come with two new directories for a password and for data. The latter is made
    // to look like a cluster, or `setup` would run `initdb`.
    let settings = Settings { installation_dir: cache.to_owned(), version, ..Settings::default() };
    let (data, password) = (settings.data_dir.clone(), settings.password_file.clone());
    fs::write(data.join("postgresql.conf"), "").map_err(unusable)?;

    tracing::info!(cache = %cache.display(), "fetching PostgreSQL {major}, about 20 MB, once");
    let began = Instant::now();
    let mut postgresql = PostgreSQL::new(settings);
    let outcome = {
        let mut setup = pin!(postgresql.setup());
        loop {
            match tokio::time::timeout(REPORT_EVERY, setup.as_mut()).await {
                Ok(outcome) => break outcome.map_err(failed),
                Err(_) if began.elapsed() >= BOUND => break Err(DownloadError::Slow { major }),
                Err(_) => {
                    let seconds = began.elapsed().as_secs();
                    tracing::info!(seconds, "still fetching PostgreSQL {major}");
                }
            }
        }
    };
    for scratch in [Some(data.as_path()), password.parent()].into_iter().flatten() {
        // Empty directories under the temporary one: no loss where one stays.
        let _ = fs::remove_dir_all(scratch);
    }
    outcome?;
    tracing::info!(seconds = began.elapsed().as_secs(), "fetched PostgreSQL {major}");
    Ok(postgresql.settings().installation_dir.clone())
}
