//! A PostgreSQL server of our own, for `ringfence dev` and for the tests.
//!
//! Owns the life of that server: finding or fetching its programs, choosing the user it runs as,
//! making its cluster, starting it, and stopping it when its owner ends, in whatever way it ends.
//! It never listens on the network, never touches a server it did not start, and is no place for
//! data that must outlive a developer's machine.
//!
//! Three things hold it together, all of them kept by the kernel and none by bookkeeping:
//! - **locks** on the directory (`lock.rs`), one of them shared by every process that belongs to
//!   the server: while any of them lives, nobody else gets the directory;
//! - a **pipe** from us to a small watchdog (`server.rs`): it closes when we end, even by
//!   `kill -9`, and the watchdog then stops PostgreSQL;
//! - for a disposable server a **second pipe**, the other way round (`tie.rs`): it closes when the
//!   last process of the server has gone, and a sweeper then removes the directory.

mod account;
mod binaries;
mod child;
mod cluster;
mod download;
mod error;
mod lock;
mod log;
mod place;
mod postmaster;
mod server;
mod tie;

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

pub use binaries::BinarySearch;
pub use download::DownloadError;
pub use error::PrivatePostgresError;

use binaries::Binaries;
use lock::{Locks, OwnerLock};
use place::{PORT, Place};
use server::Server;
use tie::Tie;

/// The superuser of the cluster, and the only role in it at first.
const ROLE: &str = "ringfence";

/// SQLSTATEs `duplicate_database` and `unique_violation`: somebody made it between our look and
/// our `CREATE`, or at the very same moment.
const MADE_BY_ANOTHER: [&str; 2] = ["42P04", "23505"];

/// What a private server is to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A directory for this server alone; made if missing. A relative path counts from the
    /// working directory.
    pub directory: PathBuf,
    /// What becomes of the data.
    pub durability: Durability,
    /// Where its programs are looked for.
    pub binaries: BinarySearch,
}

impl Settings {
    /// A server in `directory`, with the programs of this machine or fetched ones.
    pub fn new(directory: impl Into<PathBuf>, durability: Durability) -> Self {
        let binaries = BinarySearch::of_this_machine();
        Self { directory: directory.into(), durability, binaries }
    }
}

/// What becomes of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Kept, and safe against crashes: the next start finds it.
    Durable,
    /// Fast and forgotten: nothing is flushed to disk, a start begins empty, and the directory is
    /// removed at the end, also when we crash.
    Disposable,
}

/// A running private server. It stops when this is dropped, or when this process ends.
#[derive(Debug)]
pub struct PrivatePostgres {
    // The order matters on drop: the server ends, what it left is swept up, the directory is free.
    server: Server,
    tie: Tie,
    place: Place,
    _owner: OwnerLock,
}

impl PrivatePostgres {
    /// Starts a server, making its cluster where there is none, and returns when it is ready.
    ///
    /// Blocks: for a fraction of a second where the cluster exists, some seconds where it must be
    /// made, and up to ten minutes where PostgreSQL must be fetched first. Call it through
    /// `tokio::task::spawn_blocking` from asynchronous code.
    ///
    /// # Errors
    /// Each is one sentence that says what is in the way and, where we know it, the mend.
    pub fn start(settings: &Settings) -> Result<Self, PrivatePostgresError> {
        let durability = settings.durability;
        let place = Place::find(&settings.directory, durability)?;
        let Locks { owner, server: lock } = lock::acquire(&place)?;
        let tie = match durability {
            Durability::Durable => Tie::durable(lock),
            Durability::Disposable => Tie::disposable(lock, &place)?,
        };
        postmaster::stop_orphan(&place.data())?;
        cluster::clear_leftovers(&place, durability)?;
        let major = cluster::major(&place.data())?;
        let binaries = Binaries::find(&settings.binaries, major, &place)?;
        let log = log::begin(&place)?;
        if major.is_none() {
            cluster::make(&place, &binaries, durability, &tie, &log)?;
        }
        let server = Server::start(&place, &binaries, durability, &tie, &log)?;
        tracing::debug!(directory = %place.path().display(), "the private PostgreSQL is ready");
        Ok(Self { server, tie, place, _owner: owner })
    }

    /// How `sqlx` reaches `database` on this server, as its superuser.
    pub fn connect_options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(self.place.sockets())
            .port(PORT)
            .username(ROLE)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
    }

    /// How everybody else reaches it: good for `psql`, `sqlx` and `DATABASE_URL`.
    pub fn url(&self, database: &str) -> String {
        let database = percent_encoded(database.as_bytes());
        let sockets = percent_encoded(self.place.sockets().as_os_str().as_bytes());
        format!("postgres://{ROLE}@localhost:{PORT}/{database}?host={sockets}")
    }

    /// Where the data and the server's log (`postgres.log`) are. This is the wanted directory,
    /// unless the user that PostgreSQL runs as cannot get there.
    pub fn directory(&self) -> &Path {
        self.place.path()
    }

    /// Makes `database`, empty, unless it is there.
    ///
    /// # Errors
    /// [`PrivatePostgresError::Query`] where the server refuses.
    pub async fn create_database(&self, database: &str) -> Result<(), PrivatePostgresError> {
        let failed = |source| PrivatePostgresError::Query { database: database.to_owned(), source };
        let mut connection = self.connect_options("postgres").connect().await.map_err(failed)?;
        let exists: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
                .bind(database)
                .fetch_one(&mut connection)
                .await
                .map_err(failed)?;
        if !exists {
            // A name cannot be a parameter here; a quoted identifier takes any other character.
            let name = database.replace('"', "\"\"");
            let create = AssertSqlSafe(format!("CREATE DATABASE \"{name}\""));
            match sqlx::query(create).execute(&mut connection).await {
                Err(sqlx::Error::Database(refusal))
                    if refusal.code().is_some_and(|code| MADE_BY_ANOTHER.contains(&&*code)) => {}
                Err(error) => return Err(failed(error)),
                Ok(_) => {}
            }
        }
        connection.close().await.map_err(failed)
    }

    /// Stops the server (a fast shutdown: open connections are cut) and waits for its end, about
    /// a tenth of a second as a rule and half a minute at most. Dropping does the same, silently.
    ///
    /// # Errors
    /// [`PrivatePostgresError::StillRunning`] and [`PrivatePostgresError::NotRemoved`] where that
    /// was not enough.
    pub fn stop(mut self) -> Result<(), PrivatePostgresError> {
        self.server.stop()?;
        self.tie.release()
    }
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn percent_encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len()), |mut encoded, &byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}
