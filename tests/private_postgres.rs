//! The private PostgreSQL, with real servers: one directory for each test, and for the crashes an
//! owner in a process of its own that is killed for good.
#![cfg(all(unix, feature = "private-postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ringfence::database::private_postgres::{
    BinarySearch, Durability, PrivatePostgres, PrivatePostgresError, Settings,
};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

/// Names the directory for [`owner_in_a_process_of_its_own`]; a durable one, unless the other is
/// set as well.
const OWNED: &str = "RINGFENCE_TEST_OWNED";
const OWNED_DISPOSABLE: &str = "RINGFENCE_TEST_OWNED_DISPOSABLE";

#[tokio::test]
async fn a_started_server_answers_and_listens_on_no_network() {
    let scratch = Scratch::new("answers");
    let server = start(&scratch.path, Durability::Disposable).unwrap();
    assert_eq!(ask(&server.connect_options("postgres"), "SHOW listen_addresses").await, "");
    assert_eq!(ask(&server.connect_options("postgres"), "SHOW server_encoding").await, "UTF8");
    let sockets = fs::metadata(server.directory().join("run")).unwrap();
    assert_eq!(sockets.mode() & 0o777, 0o700);
    server.stop().unwrap();
}

#[tokio::test]
async fn a_second_start_finds_the_data_of_the_first() {
    let scratch = Scratch::new("again");
    let server = start(&scratch.path, Durability::Durable).unwrap();
    server.create_database("ringfence").await.unwrap();
    let first = postmaster(&server);
    ask(&server.connect_options("ringfence"), "CREATE TABLE kept AS SELECT 'kept' AS word").await;
    server.stop().unwrap();
    assert!(!is_alive(first));

    let server = start(&scratch.path, Durability::Durable).unwrap();
    server.create_database("ringfence").await.unwrap();
    assert_eq!(ask(&server.connect_options("ringfence"), "SELECT word FROM kept").await, "kept");
}

#[tokio::test]
async fn the_url_reaches_the_same_database_under_any_name() {
    let scratch = Scratch::new("url");
    let name = r#"odd "name" & a/slash?"#;
    let server = start(&scratch.path, Durability::Disposable).unwrap();
    server.create_database(name).await.unwrap();
    let options: PgConnectOptions = server.url(name).parse().unwrap();
    assert_eq!(ask(&options, "SELECT current_database()::text").await, name);
}

#[tokio::test]
async fn two_who_make_the_same_database_at_once_both_succeed() {
    let scratch = Scratch::new("race");
    let server = start(&scratch.path, Durability::Disposable).unwrap();
    let make = || server.create_database("wanted");
    let (first, second, third) = tokio::join!(make(), make(), make());
    first.and(second).and(third).unwrap();
}

#[test]
fn a_disposable_server_leaves_nothing_behind() {
    let scratch = Scratch::new("disposable");
    let server = start(&scratch.path, Durability::Disposable).unwrap();
    let postmaster = postmaster(&server);
    drop(server);
    assert!(!is_alive(postmaster));
    assert!(!scratch.path.exists());
}

#[test]
fn a_disposable_server_refuses_a_directory_with_the_files_of_others() {
    let scratch = Scratch::new("others");
    fs::create_dir(&scratch.path).unwrap();
    let precious = scratch.path.join("precious");
    fs::write(&precious, "").unwrap();
    let refusal = start(&scratch.path, Durability::Disposable).unwrap_err();
    assert!(matches!(refusal, PrivatePostgresError::NotEmpty { .. }), "{refusal}");
    assert!(precious.exists());
}

#[test]
fn a_second_start_while_the_first_lives_is_refused_by_name() {
    let scratch = Scratch::new("twice");
    let first = start(&scratch.path, Durability::Durable).unwrap();
    let postmaster = postmaster(&first);
    let refusal = start(&scratch.path, Durability::Durable).unwrap_err().to_string();
    assert!(refusal.contains(scratch.path.to_str().unwrap()), "{refusal}");
    assert!(refusal.contains(&std::process::id().to_string()), "{refusal}");
    assert!(is_alive(postmaster));
}

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
    let mut other = Command::new("sleep");
    std::os::unix::process::CommandExt::uid(&mut other, owner.uid());
    let mut other = other.arg("60").spawn().unwrap();
    let (_, rest) = stale.split_once('\n').unwrap();
    fs::write(&file, format!("{}\n{rest}", other.id())).unwrap();
    let started = start(&scratch.path, Durability::Durable);
    let unharmed = other.try_wait().unwrap().is_none();
    other.kill().unwrap();
    other.wait().unwrap();
    started.unwrap();
    assert!(unharmed);
}

#[test]
fn without_binaries_one_sentence_says_what_to_do() {
    let scratch = Scratch::new("none");
    let empty = BinarySearch { directories: vec![scratch.path.clone()], cache: None };
    let settings =
        Settings { binaries: empty, ..Settings::new(&scratch.path, Durability::Disposable) };
    let refusal = PrivatePostgres::start(&settings).unwrap_err();
    assert!(matches!(refusal, PrivatePostgresError::NoBinaries { .. }), "{refusal}");
    let sentence = refusal.to_string();
    assert!(sentence.contains("apt install postgresql"), "{sentence}");
    assert!(sentence.contains("DATABASE_URL"), "{sentence}");
    assert!(!sentence.contains('\n'), "{sentence}");
}

#[test]
fn data_of_another_version_are_left_alone_and_named() {
    let scratch = Scratch::new("version");
    let data = scratch.path.join("data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let refusal = start(&scratch.path, Durability::Durable).unwrap_err().to_string();
    assert!(refusal.contains("made by PostgreSQL 9"), "{refusal}");
    assert!(refusal.contains(data.to_str().unwrap()), "{refusal}");
    assert!(data.join("PG_VERSION").exists());
}

#[test]
fn a_server_that_cannot_start_is_quoted() {
    let scratch = Scratch::new("quoted");
    let server = start(&scratch.path, Durability::Durable).unwrap();
    let settings = server.directory().join("data/postgresql.auto.conf");
    server.stop().unwrap();
    fs::write(&settings, "no_such_setting = 1\n").unwrap();
    let refusal = start(&scratch.path, Durability::Durable).unwrap_err().to_string();
    assert!(refusal.contains("no_such_setting"), "{refusal}");
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_works_even_with_odd_characters() {
    let scratch = Scratch::new("long");
    let directory = scratch.path.join(r#"a, "b" c"#).join("d".repeat(120));
    let server = start(&directory, Durability::Disposable).unwrap();
    let options: PgConnectOptions = server.url("postgres").parse().unwrap();
    let sockets = PathBuf::from(ask(&options, "SHOW unix_socket_directories").await);
    server.stop().unwrap();
    assert!(!sockets.exists());
    assert!(!directory.exists());

    let directory = scratch.path.join(r#"a, "b" c"#);
    let server = start(&directory, Durability::Disposable).unwrap();
    assert_eq!(ask(&server.connect_options("postgres"), "SELECT 'here'").await, "here");
}

#[tokio::test]
async fn a_directory_that_only_we_can_reach_works_and_is_found_again() {
    let scratch = Scratch::new("private");
    fs::create_dir(&scratch.path).unwrap();
    fs::set_permissions(&scratch.path, fs::Permissions::from_mode(0o700)).unwrap();
    let directory = scratch.path.join("postgres");
    for durability in [Durability::Disposable, Durability::Durable] {
        let server = start(&directory, durability).unwrap();
        let place = server.directory().to_owned();
        server.create_database("ringfence").await.unwrap();
        server.stop().unwrap();
        if durability == Durability::Durable {
            let server = start(&directory, durability).unwrap();
            assert_eq!(server.directory(), place);
            let found = ask(&server.connect_options("ringfence"), "SELECT 'found'").await;
            assert_eq!(found, "found");
            server.stop().unwrap();
            fs::remove_dir_all(&place).unwrap();
        } else {
            assert!(!place.exists());
            assert!(!directory.exists());
        }
    }
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
            .args(["--ignored", "--exact", "owner_in_a_process_of_its_own"])
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

/// A path of our own in the temporary directory, where nothing is yet.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn new(name: &str) -> Self {
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

fn start(
    directory: &Path,
    durability: Durability,
) -> Result<PrivatePostgres, PrivatePostgresError> {
    PrivatePostgres::start(&Settings::new(directory, durability))
}

/// The first field of the first row, or nothing where there is no row.
async fn ask(options: &PgConnectOptions, question: &str) -> String {
    let mut connection = options.connect().await.unwrap();
    let answer: Option<String> = sqlx::query_scalar(AssertSqlSafe(question.to_owned()))
        .fetch_optional(&mut connection)
        .await
        .unwrap();
    answer.unwrap_or_default()
}

fn postmaster(server: &PrivatePostgres) -> Pid {
    let file = fs::read_to_string(server.directory().join("data/postmaster.pid")).unwrap();
    Pid::from_raw(file.lines().next().unwrap().parse().unwrap()).unwrap()
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

/// An ended process that nobody has asked after yet (a zombie) is not alive.
fn is_alive(process: Pid) -> bool {
    let pid = process.as_raw_pid().to_string();
    let state = Command::new("ps").args(["-o", "stat=", "-p", &pid]).output().unwrap().stdout;
    !state.is_empty() && !state.starts_with(b"Z")
}

fn within(bound: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + bound;
    while !holds() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
