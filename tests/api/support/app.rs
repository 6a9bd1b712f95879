//! An application as it is served, on ground that several of them may share: a database, a clock
//! and, with Sinch, the fake of it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ringfence::app::Application;
use ringfence::config::{Environment, Settings};
use ringfence::database;
use ringfence::foundation::ManualClock;
use ringfence::http;
use serde_json::Value;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::{Answer, Person, Visitor};
use crate::fake_sinch::{FakeConfig, FakeSinch};
use crate::postgres::TestDatabase;
use crate::store;

/// 32 bytes that are nobody's secret.
pub(crate) const SECRET_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// More than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Cheap hashes, since most tests are not about their cost, and limits that nobody meets by chance.
const SETTINGS: [(&str, &str); 8] = [
    ("APP_ENV", "test"),
    ("SECRET_KEY", SECRET_KEY),
    ("VERIFICATION_PROVIDER", "console"),
    ("ARGON2_MEMORY_KIB", "64"),
    ("ARGON2_ITERATIONS", "1"),
    ("RATE_LIMIT_MAX_REQUESTS", "1000000"),
    ("RATE_LIMIT_AUTH_MAX_REQUESTS", "1000000"),
    // Most tests send many codes to one prefix, and enter few.
    ("GUARD", "off"),
];

/// Time enough for a mail server on this machine, and no long wait for one that stalls.
const MAIL_PATIENCE: Duration = Duration::from_secs(2);

/// A served application. Asks itself as a [`Visitor`] from 127.0.0.1.
pub(crate) struct TestApp {
    pub(crate) application: Application,
    /// Who issues its tokens.
    pub(crate) issuer: String,
    ground: Arc<Ground>,
    visitor: Visitor,
    server: JoinHandle<()>,
    /// Hears of ended sessions.
    hearing: JoinHandle<()>,
}

/// What replicas share.
struct Ground {
    settings: BTreeMap<String, String>,
    clock: ManualClock,
    /// The test's own way to the database, to look at it and to set scenes.
    database: PgPool,
    sinch: Option<FakeSinch>,
}

impl TestApp {
    /// With the console provider and the usual settings.
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With the console provider and other settings.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::on(Ground::new(settings, None, &clock()).await).await
    }

    /// With a fake of Sinch.
    pub(crate) async fn sinch(settings: &[(&str, &str)]) -> Self {
        let clock = clock();
        let told = clock.clock();
        let config = FakeConfig { clock: Arc::new(move || told.now()), ..FakeConfig::default() };
        let fake = FakeSinch::start(config.clone()).await.unwrap();
        let url = fake.base_url().to_owned();
        let of_sinch = [
            ("VERIFICATION_PROVIDER", "sinch"),
            ("SINCH_BASE_URL", &url),
            ("SINCH_APP_KEY", &config.app_key),
            ("SINCH_APP_SECRET", &config.app_secret),
        ];
        let settings = [of_sinch.as_slice(), settings].concat();
        Self::on(Ground::new(&settings, Some(fake), &clock).await).await
    }

    /// Another instance on the same database, the same clock and the same fake of Sinch.
    pub(crate) async fn replica(&self, settings: &[(&str, &str)]) -> Self {
        let ground = &*self.ground;
        Self::on_with(Arc::clone(&self.ground), merged(&ground.settings, settings)).await
    }

    async fn on(ground: Ground) -> Self {
        let settings = ground.settings.clone();
        Self::on_with(Arc::new(ground), settings).await
    }

    async fn on_with(ground: Arc<Ground>, settings: BTreeMap<String, String>) -> Self {
        let (mut settings, _) = Settings::read(&Environment::of_pairs(settings))
            .unwrap_or_else(|faults| panic!("{faults}"));
        if let Some(email) = &mut settings.email {
            email.patience = MAIL_PATIENCE;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let pool = database::pool(settings.database.clone(), settings.pool_size);
        let issuer = settings.base_url(address.port());
        let application = Application::build(settings, pool, ground.clock.clock(), issuer.clone());
        let application = application.await.unwrap();
        let server = serve(listener, &application);
        let hearing = hear(&application);
        let visitor = Visitor::new(format!("http://{address}"));
        let app = Self { application, issuer, ground, visitor, server, hearing };
        app.until_listening().await;
        app
    }

    /// Waits until the application hears of ended sessions.
    pub(crate) async fn until_listening(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.application.state.sessions.revocations().is_listening() {
            assert!(Instant::now() < deadline, "it does not listen");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Has it hear of ended sessions no more; its database is asked from then on.
    pub(crate) async fn stop_listening(&self) {
        self.hearing.abort();
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.application.state.sessions.revocations().is_listening() {
            assert!(Instant::now() < deadline, "what nobody feeds is believed");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// The only fake of Sinch there is.
    pub(crate) fn fake(&self) -> &FakeSinch {
        self.ground.sinch.as_ref().unwrap()
    }

    pub(crate) fn database(&self) -> &PgPool {
        &self.ground.database
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.ground.clock.clock().now()
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        self.ground.clock.advance(by);
    }

    /// How many hashes have been made so far.
    pub(crate) fn hashes(&self) -> u64 {
        self.application.state.hasher.hashes_done()
    }

    /// Every message that the console has, or every start that Sinch accepted, to `person`.
    pub(crate) fn sends_to(&self, person: &Person) -> usize {
        match &self.ground.sinch {
            Some(fake) => fake.starts().iter().filter(|it| it.number == person.phone).count(),
            None => self.messages_to(person).len(),
        }
    }

    /// The newest code that `person` has received.
    #[track_caller]
    pub(crate) fn code_for(&self, person: &Person) -> String {
        let code = match &self.ground.sinch {
            Some(fake) => fake.code_for(&person.phone),
            None => {
                self.messages_to(person).first().map(|it| it["code"].as_str().unwrap().to_owned())
            }
        };
        assert!(code.is_some(), "{person:?} has no code");
        code.unwrap_or_default()
    }

    /// What the console has for `person`, newest first.
    pub(crate) fn messages_to(&self, person: &Person) -> Vec<Value> {
        let Some(console) = &self.application.console else {
            return Vec::new();
        };
        let messages = console.messages().into_iter().map(|it| serde_json::to_value(it).unwrap());
        messages.filter(|it| it["to"] == person.phone.as_str()).collect()
    }

    /// Registers `person` and logs in: the ticket of a login whose code is on its way.
    pub(crate) async fn pending(&self, person: &Person) -> String {
        self.register(person).await.is(201);
        self.login(person).await.is(200).text("loginTicket")
    }

    /// Walks `person` from sign-up to the first token.
    pub(crate) async fn verified(&self, person: &Person) -> String {
        self.signed_in(person).await.text("token")
    }

    /// Walks `person` from sign-up to the first tokens.
    pub(crate) async fn signed_in(&self, person: &Person) -> Answer {
        let ticket = self.pending(person).await;
        self.verify(&ticket, &self.code_for(person)).await.is(200)
    }

    /// The one row of `sessions`.
    pub(crate) async fn session_row(&self) -> Value {
        let query = "SELECT to_jsonb(s)::text FROM sessions s";
        let row: String = sqlx::query_scalar(query).fetch_one(self.database()).await.unwrap();
        serde_json::from_str(&row).unwrap()
    }

    /// Has a code for a new password sent to `person`: the ticket, once the code is there.
    pub(crate) async fn forgotten(&self, person: &Person) -> String {
        let before = self.sends_to(person);
        let ticket = self.forgot(person).await.is(202).text("resetTicket");
        self.until("a code for a new password", || self.sends_to(person) > before).await;
        // It can be entered once the carrier's answer is noted, too.
        let queued = "SELECT count(*) FROM messages
            WHERE purpose = 'password_reset' AND state = 'queued'";
        let deadline = Instant::now() + PATIENCE;
        while self.count(queued).await > 0 {
            assert!(Instant::now() < deadline, "the code is never noted as sent");
            sleep(Duration::from_millis(2)).await;
        }
        ticket
    }

    /// Waits for what the server does without letting anybody wait for it.
    pub(crate) async fn until(&self, what: &str, is_there: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_there() {
            assert!(Instant::now() < deadline, "{what} never comes");
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// The row of `person` in `users`.
    pub(crate) async fn user_row(&self, person: &Person) -> Value {
        let query = "SELECT to_jsonb(u)::text FROM users u WHERE phone_number = $1";
        let row: String =
            sqlx::query_scalar(query).bind(&person.phone).fetch_one(self.database()).await.unwrap();
        serde_json::from_str(&row).unwrap()
    }

    /// How many guesses the live code of `person` for a login has left.
    pub(crate) async fn guesses_left(&self, person: &Person) -> i16 {
        self.guesses_left_for(person, "login").await
    }

    /// The same for another purpose.
    pub(crate) async fn guesses_left_for(&self, person: &Person, purpose: &str) -> i16 {
        store::guesses_left(&self.ground.settings, self.database(), person, purpose).await
    }

    /// The one number that `query` answers.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(self.database()).await.unwrap()
    }
}

impl Ground {
    async fn new(settings: &[(&str, &str)], sinch: Option<FakeSinch>, clock: &ManualClock) -> Self {
        let TestDatabase { options, url } = TestDatabase::new().await;
        let usual = merged(&BTreeMap::new(), &SETTINGS);
        let of_store = store::settings().await;
        let of_store: Vec<_> = of_store.iter().map(|(name, value)| (*name, &**value)).collect();
        let ground = [("DATABASE_URL", &*url)];
        let settings = merged(&usual, &[&of_store, ground.as_slice(), settings].concat());
        Self { settings, clock: clock.clone(), database: database::pool(options, 2), sinch }
    }
}

impl Deref for TestApp {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.server.abort();
        self.hearing.abort();
    }
}

fn serve(listener: TcpListener, application: &Application) -> JoinHandle<()> {
    // Nobody tells it to stop.
    tokio::spawn(http::serve(listener, application.router(), std::future::pending()))
}

fn hear(application: &Application) -> JoinHandle<()> {
    let state = application.state.clone();
    tokio::spawn(async move {
        state.sessions.revocations().follow(&state.database, &state.clock, &state.entropy).await;
    })
}

fn merged(
    settings: &BTreeMap<String, String>,
    others: &[(&str, &str)],
) -> BTreeMap<String, String> {
    let mut settings = settings.clone();
    settings.extend(others.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    settings
}

/// A time that has microseconds, and that is nobody's birthday.
fn clock() -> ManualClock {
    let start = "2026-03-04T05:06:07.890123Z";
    ManualClock::new(DateTime::parse_from_rfc3339(start).unwrap().to_utc())
}
