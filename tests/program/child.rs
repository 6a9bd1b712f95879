//! A child process: the program in a directory of its own, with the settings given and no others.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// Long enough for a cluster to be made on a busy machine.
pub(crate) const START: Duration = Duration::from_mins(2);
/// For everything that the program does at once.
pub(crate) const SOON: Duration = Duration::from_secs(15);

static SCRATCHES: AtomicU32 = AtomicU32::new(0);

/// An empty directory, gone with the value.
pub(crate) struct Scratch {
    pub(crate) path: PathBuf,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let number = SCRATCHES.fetch_add(1, Ordering::Relaxed);
        let name = format!("ringfence-program-{}-{number}", std::process::id());
        let path = fs::canonicalize(std::env::temp_dir()).unwrap().join(name);
        fs::create_dir(&path).unwrap();
        Self { path }
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A database that lived in it may need a moment to end.
        let began = Instant::now();
        while fs::remove_dir_all(&self.path).is_err() && began.elapsed() < SOON {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The program at work, in a process group of its own as a shell would have it. Killed with the
/// value, should it still run then.
pub(crate) struct Ringfence {
    child: Child,
    out: Stream,
    err: Stream,
}

/// What an ended program leaves.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ringfence {
    /// Starts `ringfence` with `arguments` in `directory`.
    pub(crate) fn start(arguments: &[&str], directory: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start_reading(arguments, directory, settings, Stdio::null())
    }

    fn start_reading(
        arguments: &[&str],
        directory: &Path,
        settings: &[(&str, &str)],
        input: Stdio,
    ) -> Self {
        let inherited = ["PATH", "HOME", "TMPDIR", "LLVM_PROFILE_FILE"];
        let inherited = inherited.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut child = Command::new(env!("CARGO_BIN_EXE_ringfence"))
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .envs(inherited)
            .envs(settings.iter().copied())
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let out = Stream::follow(child.stdout.take().unwrap());
        let err = Stream::follow(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    /// Runs it to its end.
    pub(crate) async fn run(
        arguments: &[&str],
        directory: &Path,
        settings: &[(&str, &str)],
    ) -> Ended {
        Self::start(arguments, directory, settings).ended(START).await
    }

    /// Runs it to its end, with that file as standard input.
    pub(crate) async fn run_reading(
        arguments: &[&str],
        directory: &Path,
        settings: &[(&str, &str)],
        input: &Path,
    ) -> Ended {
        let input = fs::File::open(input).unwrap().into();
        Self::start_reading(arguments, directory, settings, input).ended(START).await
    }

    /// Standard output so far.
    pub(crate) fn out(&self) -> String {
        self.out.read()
    }

    /// Standard error so far.
    pub(crate) fn err(&self) -> String {
        self.err.read()
    }

    /// Waits until `look` finds something in what was printed: standard output, standard error.
    pub(crate) async fn until<T>(
        &mut self,
        what: &str,
        look: impl Fn(&str, &str) -> Option<T>,
    ) -> T {
        let began = Instant::now();
        loop {
            // Whether it has ended is asked before what it printed, so that nothing is missed.
            let ended = self.child.try_wait().unwrap();
            let (out, err) = (self.out(), self.err());
            if let Some(found) = look(&out, &err) {
                return found;
            }
            assert!(
                ended.is_none() && began.elapsed() < START,
                "{what}: not seen; ended: {ended:?}\n--- stdout\n{out}\n--- stderr\n{err}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends a signal to the whole group, as a terminal does.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process_group(self.pid(), signal).unwrap();
    }

    /// Kills it for good, and nothing else.
    pub(crate) fn crash(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self, bound: Duration) -> Ended {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Ended { status, out: self.out.read_all(), err: self.err.read_all() };
            }
            assert!(
                began.elapsed() < bound,
                "did not end in {bound:?}\n--- stdout\n{}\n--- stderr\n{}",
                self.out(),
                self.err()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Ringfence {
    fn drop(&mut self) {
        // It may have ended; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The complaint of a program that refused to go on: one line, or as many as there are faults.
    pub(crate) fn complaint(&self) -> &str {
        assert_eq!(self.status.code(), Some(1), "{}{}", self.out, self.err);
        let at = self.err.find("ringfence: ").unwrap_or_else(|| panic!("{}", self.err));
        self.err[at..].trim_end()
    }
}

/// What comes out of a pipe, gathered by a thread of its own so that the writer never waits.
struct Stream {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Stream {
    fn follow(pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::<Mutex<String>>::default();
        let gathered = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines() {
                let mut text = gathered.lock().unwrap();
                text.push_str(&line.unwrap());
                text.push('\n');
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn read(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    fn read_all(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.read()
    }
}
