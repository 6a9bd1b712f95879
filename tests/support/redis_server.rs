//! Redis, or Valkey: the real program, started on a free port of this machine.
//!
//! It is looked for at `RINGFENCE_REDIS`, then in `PATH`. It keeps nothing on disk, and ends with whoever
//! started it however that ends. Include it by `#[path]`.

use std::env;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(crate) const INSTALL: &str = "redis-server is missing: apt-get install redis-server (or \
    valkey-server), or set RINGFENCE_REDIS to the program";

/// Nobody's secret.
pub(crate) const PASSWORD: &str = "xK7mPq2vRt9w";

const DATABASES: &str = "1000";
const TRIES: u32 = 200;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// Where the program is; `None` where it is not installed.
pub(crate) fn program() -> Option<PathBuf> {
    if let Some(named) = env::var_os("RINGFENCE_REDIS") {
        return Some(named.into());
    }
    let path = env::var_os("PATH")?;
    let names = ["redis-server", "valkey-server"];
    let mut programs =
        env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    programs.find(|program| program.is_file())
}

pub(crate) struct RedisServer {
    program: PathBuf,
    port: u16,
    /// Its input is the tie: Redis is killed when nobody can write there any more.
    tied: Option<Child>,
}

impl RedisServer {
    pub(crate) async fn start(program: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut server = Self { program, port, tied: None };
        server.run().await;
        server
    }

    /// For `REDIS_URL`; each of the databases 0 to 999 is empty at first.
    pub(crate) fn url(&self, database: u32) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// Starts it, at the same port as before, with nothing in it.
    pub(crate) async fn run(&mut self) {
        let script = r#""$0" "$@" >/dev/null 2>&1 & read -r _; kill -KILL $!; wait"#;
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).arg(&self.program).stdin(Stdio::piped());
        shell.args(["--bind", "127.0.0.1", "--port", &self.port.to_string()]);
        shell.args(["--databases", DATABASES, "--requirepass", PASSWORD]);
        shell.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        shell.arg("--dir").arg(env::temp_dir()).stderr(Stdio::null());
        self.tied = Some(shell.spawn().unwrap());
        for _ in 0..TRIES {
            if self.ask::<String>(&redis::cmd("PING")).await.is_ok() {
                return;
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        unreachable!("{} does not serve", self.program.display())
    }

    /// Kills it. Returns when it is gone, with all that it had.
    pub(crate) fn kill(&mut self) {
        if let Some(mut tied) = self.tied.take() {
            drop(tied.stdin.take());
            tied.wait().unwrap();
        }
    }

    /// What it answers, over a connection of its own.
    pub(crate) async fn ask<T: redis::FromRedisValue>(
        &self,
        question: &redis::Cmd,
    ) -> redis::RedisResult<T> {
        let client = redis::Client::open(self.url(0))?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        question.query_async(&mut connection).await
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
