//! A directory, a server in it, and questions to that server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ringfence::database::private_postgres::{
    Durability, PrivatePostgres, PrivatePostgresError, Settings,
};
use rustix::process::Pid;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

/// A path of our own in the temporary directory, where nothing is yet.
pub(crate) struct Scratch {
    pub(crate) path: PathBuf,
}

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("ringfence-test-{}-{name}", std::process::id());
        Self { path: fs::canonicalize(std::env::temp_dir()).unwrap().join(name) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A disposable server has done so already.
        let _ = fs::remove_dir_all(&self.path);
    }
}

pub(crate) fn start(
    directory: &Path,
    durability: Durability,
) -> Result<PrivatePostgres, PrivatePostgresError> {
    PrivatePostgres::start(&Settings::new(directory, durability))
}

/// The first field of the first row, or nothing where there is no row.
pub(crate) async fn ask(options: &PgConnectOptions, question: &str) -> String {
    let mut connection = options.connect().await.unwrap();
    let answer: Option<String> = sqlx::query_scalar(AssertSqlSafe(question.to_owned()))
        .fetch_optional(&mut connection)
        .await
        .unwrap();
    answer.unwrap_or_default()
}

pub(crate) fn postmaster(server: &PrivatePostgres) -> Pid {
    let file = fs::read_to_string(server.directory().join("data/postmaster.pid")).unwrap();
    Pid::from_raw(file.lines().next().unwrap().parse().unwrap()).unwrap()
}

/// An ended process that nobody has asked after yet (a zombie) is not alive.
pub(crate) fn is_alive(process: Pid) -> bool {
    let pid = process.as_raw_pid().to_string();
    let state = Command::new("ps").args(["-o", "stat=", "-p", &pid]).output().unwrap().stdout;
    !state.is_empty() && !state.starts_with(b"Z")
}
