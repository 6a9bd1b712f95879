//! PostgreSQL's programs: where they are looked for, and which are good enough.
//!
//! The machine's own come first, then ones that an earlier start has fetched, then fetching.

use std::cmp::Reverse;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::account::Account;
use super::child::wait_within;
use super::download;
use super::error::PrivatePostgresError;
use super::place::Place;

/// The oldest major version that Ringfence supports.
const OLDEST_MAJOR: u32 = 14;

/// Where packages put several versions side by side: the parent, and what the names begin with.
/// Debian; Red Hat's and SUSE's from postgresql.org; Homebrew on Apple silicon, on Intel and on
/// Linux; Postgres.app.
const SHELVES: [(&str, &str); 6] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@"),
    ("/Applications/Postgres.app/Contents/Versions", ""),
];

/// How long `postgres --version` may take.
const VERSION: Duration = Duration::from_secs(10);

/// Where PostgreSQL's programs are looked for.
#[derive(Clone, Debug)]
pub struct BinarySearch {
    /// Directories that may hold `postgres` and `initdb`, best first.
    pub directories: Vec<PathBuf>,
    /// Where fetched versions are kept, for all projects of this user; `None`: never fetch.
    pub cache: Option<PathBuf>,
}

impl BinarySearch {
    /// The `PATH`, the usual places of packages, newest first, and the user's cache. Root's cache
    /// is `/var/cache`, as PostgreSQL's user must be able to read it.
    pub fn of_this_machine() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut directories: Vec<PathBuf> =
            std::env::split_paths(&path).filter(|directory| directory.is_absolute()).collect();
        for (shelf, prefix) in SHELVES {
            directories.extend(versions(Path::new(shelf), prefix));
        }
        let home = match Account::Ours.uid() {
            0 => Some(PathBuf::from("/var/cache")),
            _ => std::env::home_dir().map(|home| home.join(".cache")),
        };
        Self { directories, cache: home.map(|home| home.join("ringfence-postgresql")) }
    }
}

/// The programs of one installation.
#[derive(Debug)]
pub(super) struct Binaries {
    directory: PathBuf,
}

impl Binaries {
    /// Finds programs that `place`'s user can run: of the version `major` where a cluster of it
    /// exists, else of any version that is new enough.
    pub(super) fn find(
        search: &BinarySearch,
        major: Option<u32>,
        place: &Place,
    ) -> Result<Self, PrivatePostgresError> {
        let account = place.account();
        let fetched = search.cache.iter().flat_map(|cache| versions(cache, ""));
        let mut found = Vec::new();
        for directory in search.directories.iter().cloned().chain(fetched) {
            let Some(version) = version(&directory, account) else { continue };
            if suits(version, major) {
                return Ok(Self { directory });
            }
            found.push(version);
        }
        let fetchable = major.is_none_or(|major| major >= OLDEST_MAJOR);
        let source = match search.cache.as_deref().filter(|_| fetchable) {
            None => None,
            Some(cache) => match download::fetch(cache, major) {
                Ok(directory) => return Ok(Self { directory }),
                Err(error) => Some(error),
            },
        };
        Err(match major {
            None => PrivatePostgresError::NoBinaries { source },
            Some(major) => {
                PrivatePostgresError::OtherVersion { data: place.data(), major, found, source }
            }
        })
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }
}

fn suits(version: u32, wanted: Option<u32>) -> bool {
    version >= OLDEST_MAJOR && wanted.is_none_or(|wanted| wanted == version)
}

/// The `bin` directories of the versions on a shelf, newest first.
fn versions(shelf: &Path, prefix: &str) -> Vec<PathBuf> {
    let names = fs::read_dir(shelf).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut versions: Vec<(Vec<u32>, PathBuf)> = names
        .filter_map(|name| {
            let numbers = name.to_str()?.strip_prefix(prefix)?.split('.').map(str::parse);
            // What is not a version is something else: `latest`, a half-fetched one.
            let version = numbers.collect::<Result<_, _>>().ok()?;
            Some((version, shelf.join(&name).join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| Reverse(version.clone()));
    versions.into_iter().map(|(_, directory)| directory).collect()
}

/// The major version of the programs in `directory`, as far as `account` can run them.
fn version(directory: &Path, account: Account) -> Option<u32> {
    let postgres = directory.join("postgres");
    if !postgres.is_file() || !directory.join("initdb").is_file() {
        return None;
    }
    let ask = || {
        let mut command = account.command(&postgres);
        command.arg("--version").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        if wait_within(&mut child, VERSION)?.is_none() {
            child.kill()?;
            child.wait()?;
        }
        let mut answer = String::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(256).read_to_string(&mut answer)?;
        }
        io::Result::Ok(answer)
    };
    major_of(&ask().ok()?)
}

/// Of `postgres (PostgreSQL) 15.18 (Debian …)` the 15; of `… 19beta1` the 19.
fn major_of(answer: &str) -> Option<u32> {
    let version = answer.strip_prefix("postgres (PostgreSQL) ")?;
    let end = version.find(|character: char| !character.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_every_form_of_the_answer() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major_of("postgres (PostgreSQL) 9.6.24\n"), Some(9));
        assert_eq!(major_of("psql (PostgreSQL) 15.18\n"), None);
        assert_eq!(major_of(""), None);
    }

    #[test]
    fn versions_side_by_side_are_tried_newest_first() {
        let shelf = std::env::temp_dir().join(format!("ringfence-shelf-{}", std::process::id()));
        for name in ["pg@9", "pg@14.2", "pg@14.10", "pg@17", "pg@latest", "other@18"] {
            fs::create_dir_all(shelf.join(name)).unwrap();
        }
        let found = versions(&shelf, "pg@");
        fs::remove_dir_all(&shelf).unwrap();
        let wanted = ["pg@17", "pg@14.10", "pg@14.2", "pg@9"];
        assert_eq!(found, wanted.map(|name| shelf.join(name).join("bin")));
    }
}
