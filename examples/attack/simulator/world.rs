//! The simulated world: the real server on a loopback port with a database of its own, a carrier, and a
//! clock that the agenda moves.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::DateTime;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use ringfence::app::Application;
use ringfence::config::{Environment, Settings};
use ringfence::foundation::ManualClock;
use ringfence::{database, http};
use serde_json::Value;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::Guard;
use super::agenda::Agenda;
use super::carrier::Carrier;
use super::postgres::TestDatabase;
use super::proof;

/// When every simulation begins: a working day.
const BEGIN: &str = "2026-03-04T05:00:00Z";
/// More than any answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Cheap hashes, since passwords are not what is measured. The limits that each process counts for itself
/// go by the machine's clock, which no simulation can speed up: each address has the default's room of a
/// whole day at once, so that what is measured is what the server holds without them.
const SETTINGS: [(&str, &str); 9] = [
    ("APP_ENV", "test"),
    ("SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    // One key for a whole simulated year.
    ("JWT_SECRET", "nobody's secret, and 32 bytes long"),
    ("TRUSTED_PROXIES", "127.0.0.1"),
    ("ARGON2_MEMORY_KIB", "64"),
    ("ARGON2_ITERATIONS", "1"),
    ("RATE_LIMIT_WINDOW_MS", "86400000"),
    ("RATE_LIMIT_MAX_REQUESTS", "9600"),
    ("RATE_LIMIT_AUTH_MAX_REQUESTS", "1920"),
];

/// A server and everything around it.
pub(crate) struct World {
    /// Who acts when.
    pub(crate) agenda: Arc<Agenda>,
    /// Who carries the texts.
    pub(crate) carrier: Carrier,
    /// The simulator's own way to the database, to set scenes and to count.
    pub(crate) database: PgPool,
    /// The server itself.
    pub(crate) application: Application,
    client: reqwest::Client,
    base_url: String,
    server: JoinHandle<()>,
}

/// What the server answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// `null` where the body is not JSON.
    pub(crate) json: Value,
}

impl World {
    /// A world in which nobody acts yet.
    pub(crate) async fn new(guard: Guard, settings: &[(&str, &str)]) -> anyhow::Result<Arc<Self>> {
        let carrier = Carrier::start().await?;
        let ground = TestDatabase::new().await;
        let begin = ManualClock::new(DateTime::parse_from_rfc3339(BEGIN)?.to_utc());
        let of_world = [("DATABASE_URL", &*ground.url), ("GUARD", guard.setting())];
        let pairs = SETTINGS.iter().chain(&of_world).chain(settings);
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment = Environment::of_pairs(carrier.settings().into_iter().chain(pairs));
        let (settings, _) =
            Settings::read(&environment).map_err(|faults| anyhow::anyhow!("{faults}"))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let pool = database::pool(settings.database.clone(), settings.pool_size);
        let application =
            Box::pin(Application::build(settings, pool, begin.clock(), base_url.clone())).await?;
        let server = http::serve(listener, application.router(), std::future::pending());
        Ok(Arc::new(Self {
            agenda: Agenda::new(begin),
            carrier,
            database: database::pool(ground.options, 2),
            application,
            client: reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?,
            base_url,
            server: tokio::spawn(server),
        }))
    }

    /// Asks once, as the client at `address` behind a proxy.
    ///
    /// # Errors
    /// There was no answer, or the server broke: neither is what an attack may bring about.
    pub(crate) async fn ask(
        &self,
        address: IpAddr,
        path: &str,
        body: &Value,
        proof: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let url = format!("{}/api/v1/auth/{path}", self.base_url);
        let request = self.client.post(url).header("X-Forwarded-For", address.to_string());
        let request = match proof {
            Some(proof) => request.header(proof::HEADER, proof),
            None => request,
        };
        let response = request.json(body).send().await.with_context(|| path.to_owned())?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        anyhow::ensure!(status < 500 || status == 503, "{path} is answered {status}: {text}");
        Ok(Answer { status, headers, json: serde_json::from_str(&text).unwrap_or_default() })
    }

    /// The same, by somebody who works for a proof where one is asked for.
    ///
    /// # Errors
    /// As of [`World::ask`].
    pub(crate) async fn ask_and_prove(
        &self,
        address: IpAddr,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Answer> {
        let answer = self.ask(address, path, body, None).await?;
        match proof::solve(&answer).await? {
            Some(proof) => self.ask(address, path, body, Some(&proof)).await,
            None => Ok(answer),
        }
    }

    /// The one number that `query` answers about the person at `number`.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn count(&self, query: &'static str, number: &str) -> anyhow::Result<i64> {
        Ok(sqlx::query_scalar(query).bind(number).fetch_one(&self.database).await?)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Answer {
    /// The stable name of the problem; the empty string where there is none.
    pub(crate) fn code(&self) -> &str {
        self.text("code")
    }

    /// A member of the body; the empty string where it is not there.
    pub(crate) fn text(&self, member: &str) -> &str {
        self.json[member].as_str().unwrap_or_default()
    }

    /// After how many seconds to ask again, as the header or, in a login whose code could not be sent, the
    /// body says.
    pub(crate) fn retry_after(&self) -> Option<i64> {
        let header =
            self.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        header.or_else(|| self.json["otpError"]["retryAfter"].as_i64())
    }
}
