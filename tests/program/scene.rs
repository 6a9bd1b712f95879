//! An installation whose server is to die at a chosen moment, and what makes that moment certain:
//! locks in its database, and carriers that wait to be told before they answer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use ringfence::database;
use serde_json::json;
use sqlx::{PgPool, Postgres, Transaction};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::answers::{Api, EMAIL, PASSWORD};
use super::child::SOON;
use super::fake_plivo::{FakeConfig, FakePlivo};
use super::installation::{Installation, Serving};

/// An installation that sends by Plivo, somebody who has registered, and a look into its database.
pub(crate) struct Scene {
    pub(crate) installation: Installation,
    pub(crate) plivo: FakePlivo,
    /// Where the carrier's answers are held back once it has taken a text.
    pub(crate) gate: Arc<Gate>,
    pub(crate) database: PgPool,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let gate = Arc::new(Gate::default());
        let at_the_gate = Arc::clone(&gate);
        let config = FakeConfig {
            on_sent: Some(Arc::new(move |_| at_the_gate.pass())),
            ..FakeConfig::default()
        };
        let plivo = FakePlivo::start(config.clone()).await.unwrap();
        let mut installation = Installation::new().await;
        installation.set("VERIFICATION_PROVIDER", "plivo");
        installation.set("PLIVO_AUTH_ID", config.auth_id);
        installation.set("PLIVO_AUTH_TOKEN", config.auth_token);
        installation.set("PLIVO_PHONE_NUMBER", format!("+{}", config.phone_number));
        installation.set("PLIVO_BASE_URL", plivo.base_url());
        installation.set("OTP_POLICY", "always");
        installation.set("ARGON2_MEMORY_KIB", "64");
        let database = database::pool(installation.database.options.clone(), 3);
        Self { installation, plivo, gate, database }
    }

    /// A server where somebody has registered, with Plivo at `url`.
    pub(crate) async fn serve_with_plivo_at(&mut self, url: &str) -> Serving {
        self.installation.set("PLIVO_BASE_URL", url);
        let serving = self.installation.serve().await;
        if self.count("SELECT count(*) FROM users").await == 0 {
            serving.api.register().await.expect(201);
        }
        serving
    }

    /// The same, with the fake of Plivo.
    pub(crate) async fn serve(&mut self) -> Serving {
        let url = self.plivo.base_url().to_owned();
        self.serve_with_plivo_at(&url).await
    }

    /// The ledger, oldest first: who was asked, and how that stands.
    pub(crate) async fn rows(&self) -> Vec<(String, String)> {
        let query = "SELECT provider, state FROM messages ORDER BY created_at, id";
        sqlx::query_as(query).fetch_all(&self.database).await.unwrap()
    }

    /// The ledger must have these rows, by then or soon.
    pub(crate) async fn until_rows_are(&self, wanted: &[(&str, &str)]) {
        let seen = async || {
            let rows = self.rows().await;
            rows.iter().map(|(provider, state)| (&**provider, &**state)).eq(wanted.iter().copied())
        };
        until(&format!("{wanted:?}"), seen).await;
    }

    /// The server's statement that begins so must be waiting for a lock, by then or soon.
    pub(crate) async fn until_it_waits_with(&self, statement: &str) {
        let query = "SELECT count(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock' \
                AND ltrim(query, E' \\n') LIKE $1 || '%'";
        let waits = async || {
            let waiting: i64 =
                sqlx::query_scalar(query).bind(statement).fetch_one(&self.database).await.unwrap();
            waiting == 1
        };
        until(&format!("{statement} waits"), waits).await;
    }

    /// Nothing that a dead server has left in the database is still at work, by then or soon.
    pub(crate) async fn until_nobody_works(&self) {
        let query = "SELECT count(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'";
        until("nobody works", async || self.count(query).await == 0).await;
    }

    /// Waits for the end of the housekeeping that a server does when it starts: limits are what it
    /// looks at last.
    pub(crate) async fn housekeeping(&self) {
        let count = "SELECT count(*) FROM otp_windows WHERE subject = 'send:user:long-ago'";
        until("housekeeping", async || self.count(count).await == 0).await;
    }

    /// So much time passes that what is queued was left behind. Also leaves something for the
    /// housekeeping to clear away.
    pub(crate) async fn minutes_pass_for_the_ledger(&self) {
        self.execute("UPDATE messages SET created_at = created_at - interval '3 minutes'").await;
        self.execute(
            "INSERT INTO otp_windows VALUES ('send:user:long-ago', '{2020-01-01}', '2020-01-01')",
        )
        .await;
    }

    /// The wait for the next code passes.
    pub(crate) async fn the_wait_passes(&self) {
        self.execute(
            "UPDATE otp_windows SET events = \
                ARRAY(SELECT event - interval '3 minutes' FROM unnest(events) AS event)",
        )
        .await;
    }

    /// Begins a transaction with this statement, which takes a lock until it is rolled back.
    pub(crate) async fn lock(&self, statement: &'static str) -> Transaction<'static, Postgres> {
        let mut transaction = self.database.begin().await.unwrap();
        sqlx::query(statement).execute(&mut *transaction).await.unwrap();
        transaction
    }

    /// The code of the last text that Plivo took.
    pub(crate) fn code(&self) -> String {
        let text = self.plivo.messages().last().unwrap().text.clone();
        let digits = text.split(|it: char| !it.is_ascii_digit());
        digits.max_by_key(|digits| digits.len()).unwrap().to_owned()
    }

    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.database).await.unwrap()
    }

    async fn execute(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.database).await.unwrap();
    }
}

/// Somebody logs in, and the server dies before it can answer.
pub(crate) fn log_in_unanswered(api: &Api) -> JoinHandle<()> {
    let url = format!("{}/api/v1/auth/login", api.base);
    let request = api.client.post(url).json(&json!({"email": EMAIL, "password": PASSWORD}));
    tokio::spawn(async move { assert!(request.send().await.is_err(), "it was answered") })
}

/// Looks again and again until it is so. For what must come about by itself.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < SOON, "not seen: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Holds whoever comes by, once it is shut.
#[derive(Default)]
pub(crate) struct Gate {
    is_shut: Mutex<bool>,
    opened: Condvar,
    has_arrived: AtomicBool,
}

impl Gate {
    pub(crate) fn shut(&self) {
        *self.is_shut.lock().unwrap() = true;
    }

    pub(crate) fn open(&self) {
        *self.is_shut.lock().unwrap() = false;
        self.opened.notify_all();
    }

    /// Whether somebody has come by.
    pub(crate) fn has_arrived(&self) -> bool {
        self.has_arrived.load(Ordering::SeqCst)
    }

    fn pass(&self) {
        self.has_arrived.store(true, Ordering::SeqCst);
        tokio::task::block_in_place(|| {
            let is_shut = self.is_shut.lock().unwrap();
            drop(self.opened.wait_while(is_shut, |is_shut| *is_shut).unwrap());
        });
    }
}

/// A carrier that takes connections, hears what it is asked, and says nothing unless it is told to.
pub(crate) struct Silent {
    pub(crate) url: String,
    asked: Arc<AtomicUsize>,
    last: Arc<Mutex<Option<TcpStream>>>,
    listening: JoinHandle<()>,
}

impl Silent {
    pub(crate) async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, last) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<_>>::default());
        let (count, keep) = (Arc::clone(&asked), Arc::clone(&last));
        let listening = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                // A connection on which nothing is asked is not a request.
                if stream.read(&mut [0; 16 * 1024]).await.is_ok_and(|bytes| bytes > 0) {
                    *keep.lock().unwrap() = Some(stream);
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Self { url, asked, last, listening }
    }

    /// How many requests have come.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Answers the last request.
    pub(crate) async fn answer(&self, answer: &str) {
        let mut stream = self.last.lock().unwrap().take().unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.listening.abort();
    }
}
