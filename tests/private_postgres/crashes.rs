//! Ends that nobody wanted: owners, in a process of their own, that are killed for good, servers
//! that end by themselves, and what either leaves for the next start.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ringfence::database::private_postgres::Durability;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Scratch, is_alive, postmaster, start};

/// Names the directory for [`owner_in_a_process_of_its_own`]; a durable one, unless the other is
/// set as well.
const OWNED: &str = "RINGFENCE_TEST_OWNED";
const OWNED_DISPOSABLE: &str = "RINGFENCE_TEST_OWNED_DISPOSABLE";

#[test]
fn a_killed_owner_leaves_no_server_behind() {
    let scratch = Scratch::new("killed");
    let mut owner = Owner::start(&scratch.path, Durability::Durable);
    let postmaster = owner.postmaster();
    owner.kill();
    within(Duration::from_secs(15), "the server ends", || !is_alive(postmaster));
    start(&scratch.path, Durability::Durable).unwrap();
}

#[test]
fn a_start_right_after_the_owner_was_killed_takes_over() {
    let scratch = Scratch::new("takes-over");
    let mut owner = Owner::start(&scratch.path, Durability::Durable);
    let before = owner.postmaster();
    owner.kill();
    let server = start(&scratch.path, Durability::Durable).unwrap();
    assert!(!is_alive(before));
    assert_ne!(postmaster(&server), before);
}

#[test]
fn a_killed_owner_of_a_disposable_server_leaves_nothing_at_all() {
    let scratch = Scratch::new("killed-disposable");
    let mut owner = Owner::start(&scratch.path, Durability::Disposable);
    let postmaster = owner.postmaster();
    owner.kill();
    within(Duration::from_secs(15), "the server ends", || !is_alive(postmaster));
    within(Duration::from_secs(15), "the directory goes", || !scratch.path.exists());
}

#[test]
fn an_orphan_whose_watchdog_was_killed_too_is_taken_over() {
    for durability in [Durability::Durable, Durability::Disposable] {
        let scratch = Scratch::new("orphan");
        let mut owner = Owner::start(&scratch.path, durability);
        let orphan = owner.postmaster();
        for watcher in watchers(orphan) {
            kill_process(watcher, Signal::KILL).unwrap();
        }
        owner.kill();
        thread::sleep(Duration::from_millis(500));
        assert!(is_alive(orphan), "nobody is left to stop it");
        let lock = fs::File::open(scratch.path.join("ringfence.lock")).unwrap();
        assert!(lock.try_lock().is_err(), "the orphan still holds the directory");
        drop(lock);

        let server = start(&scratch.path, durability).unwrap();
        assert!(!is_alive(orphan));
        assert_ne!(postmaster(&server), orphan);
    }
}

#[test]
fn a_server_that_ended_by_itself_is_no_fault_at_the_end() {
    let scratch = Scratch::new("ended");
    let server = start(&scratch.path, Durability::Disposable).unwrap();
    let postmaster = postmaster(&server);
    kill_process(postmaster, Signal::QUIT).unwrap();
    within(Duration::from_secs(10), "the server ends", || !is_alive(postmaster));
    server.stop().unwrap();
    assert!(!scratch.path.exists());
}

#[test]
fn a_half_made_cluster_is_made_anew() {
    let scratch = Scratch::new("half");
    let half = scratch.path.join("data.new");
    fs::create_dir_all(half.join("base")).unwrap();
    fs::write(half.join("PG_VERSION"), "15").unwrap();
    start(&scratch.path, Durability::Durable).unwrap().stop().unwrap();
    assert!(!half.exists());
}

#[test]
fn a_stale_process_number_that_now_belongs_to_somebody_else_is_no_obstacle() {
    let scratch = Scratch::new("stale");
    let server = start(&scratch.path, Durability::Durable).unwrap();
    let file = server.directory().join("data/postmaster.pid");
    let owner = fs::metadata(&file).unwrap();
    let stale = fs::read_to_string(&file).unwrap();
    server.stop().unwrap();

    // A process of the same user, or PostgreSQL itself would see through it.
    let mut other = Command::new("sleep").uid(owner.uid()).arg("60").spawn().unwrap();
    let (_, rest) = stale.split_once('\n').unwrap();
    fs::write(&file, format!("{}\n{rest}", other.id())).unwrap();
    let started = start(&scratch.path, Durability::Durable);
    let unharmed = other.try_wait().unwrap().is_none();
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(unharmed);
    assert_ne!(postmaster(&started.unwrap()).as_raw_pid().cast_unsigned(), other.id());
}

/// Not a test: the process that others start and kill. Ends at once where nobody asked for it.
#[test]
#[ignore = "started by other tests as a process of its own"]
fn owner_in_a_process_of_its_own() {
    let Some(directory) = std::env::var_os(OWNED) else { return };
    let durability = match std::env::var_os(OWNED_DISPOSABLE) {
        Some(_) => Durability::Disposable,
        None => Durability::Durable,
    };
    let server = start(Path::new(&directory), durability).unwrap();
    fs::write(ready_file(Path::new(&directory)), postmaster(&server).as_raw_pid().to_string())
        .unwrap();
    thread::sleep(Duration::from_mins(2));
}

/// This test program once more, as the owner of a server.
struct Owner {
    process: Child,
    directory: PathBuf,
}

impl Owner {
    fn start(directory: &Path, durability: Durability) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--ignored", "--exact", "crashes::owner_in_a_process_of_its_own"])
            .env(OWNED, directory)
            .stdout(Stdio::null());
        if durability == Durability::Disposable {
            command.env(OWNED_DISPOSABLE, "");
        }
        Self { process: command.spawn().unwrap(), directory: directory.to_owned() }
    }

    /// Waits for the server and answers with its first process.
    fn postmaster(&mut self) -> Pid {
        let ready = ready_file(&self.directory);
        let mut number = String::new();
        within(Duration::from_mins(1), "the owner starts a server", || {
            assert!(self.process.try_wait().unwrap().is_none(), "the owner has failed");
            number = fs::read_to_string(&ready).unwrap_or_default();
            !number.is_empty()
        });
        fs::remove_file(&ready).unwrap();
        Pid::from_raw(number.parse().unwrap()).unwrap()
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Beside the directory, as a disposable one goes.
fn ready_file(directory: &Path) -> PathBuf {
    directory.with_extension("ready")
}

/// The other processes of the postmaster's group: the watchdog and its guard.
fn watchers(postmaster: Pid) -> Vec<Pid> {
    let processes = Command::new("ps").args(["-A", "-o", "pid=,pgid="]).output().unwrap();
    let processes: Vec<(i32, i32)> = String::from_utf8(processes.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let (pid, group) = line.trim().split_once(' ').unwrap();
            (pid.parse().unwrap(), group.trim().parse().unwrap())
        })
        .collect();
    let postmaster = postmaster.as_raw_pid();
    let group = processes.iter().find(|(pid, _)| *pid == postmaster).unwrap().1;
    let watchers: Vec<Pid> = processes
        .iter()
        .filter(|(pid, of)| *of == group && *pid != postmaster)
        .map(|(pid, _)| Pid::from_raw(*pid).unwrap())
        .collect();
    assert_eq!(watchers.len(), 2, "a watchdog and its guard");
    watchers
}

fn within(bound: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + bound;
    while !holds() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
