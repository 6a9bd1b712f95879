//! The processes of a private PostgreSQL that the program has started.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::child::SOON;

/// The first process of the server whose data are under `directory`, and all that belong to it.
pub(crate) struct Postgres(Vec<u32>);

impl Postgres {
    /// The one that runs there now.
    pub(crate) fn of(directory: &Path) -> Self {
        let file = directory.join(".ringfence/postgres/data/postmaster.pid");
        let file = fs::read_to_string(file).unwrap();
        let first: u32 = file.lines().next().unwrap().parse().unwrap();
        let family: Vec<u32> = listed("pid=,ppid=")
            .into_iter()
            .filter(|(pid, parent)| *pid == first || *parent == first.to_string())
            .map(|(pid, _)| pid)
            .collect();
        assert!(family.len() > 3, "PostgreSQL has a process for each of its tasks: {family:?}");
        Self(family)
    }

    /// Waits until none of them is left.
    pub(crate) async fn gone(&self) {
        let began = Instant::now();
        while let Some(pid) = self.0.iter().find(|pid| is_alive(**pid)) {
            assert!(began.elapsed() < SOON, "process {pid} of PostgreSQL is left");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// An ended process that nobody has asked after yet (a zombie) is not alive.
fn is_alive(pid: u32) -> bool {
    listed("pid=,stat=").iter().any(|(at, state)| *at == pid && !state.starts_with('Z'))
}

/// Every process of this machine: its number, and one more column.
fn listed(columns: &str) -> Vec<(u32, String)> {
    let listed = Command::new("ps").args(["-A", "-o", columns]).output().unwrap();
    let read = |line: &str| {
        let (pid, column) = line.trim().split_once(' ')?;
        Some((pid.parse().ok()?, column.trim().to_owned()))
    };
    String::from_utf8(listed.stdout).unwrap().lines().filter_map(read).collect()
}
