//! An installation as operators have it: a database, a carrier, settings, and `ringfence serve`.

use serde_json::Value;

use super::answers::{Api, PHONE};
use super::child::{Ringfence, Scratch};
use super::fake_sinch::{FakeConfig, FakeSinch};
use super::postgres::TestDatabase;

/// 32 bytes in base64.
pub(crate) const SECRET_KEY: &str = "c2VjcmV0LWtleS1mb3ItdGVzdHMtb2YtdGhlLXByb2c=";

/// Everything around the server.
pub(crate) struct Installation {
    pub(crate) directory: Scratch,
    pub(crate) sinch: FakeSinch,
    pub(crate) database: TestDatabase,
    settings: Vec<(&'static str, String)>,
}

/// A server that takes requests.
pub(crate) struct Serving {
    pub(crate) program: Ringfence,
    pub(crate) api: Api,
}

impl Installation {
    /// With a migrated database.
    pub(crate) async fn new() -> Self {
        Self::on(TestDatabase::new().await).await
    }

    /// With that database.
    pub(crate) async fn on(database: TestDatabase) -> Self {
        // The longest codes there are: none is found by chance in a time or a port of the log.
        let config = FakeConfig { code_length: 10, ..FakeConfig::default() };
        let (app_key, app_secret) = (config.app_key.clone(), config.app_secret.clone());
        let sinch = FakeSinch::start(config).await.unwrap();
        let settings = vec![
            ("PORT", "0".to_owned()),
            ("BASE_URL", "https://auth.example.com".to_owned()),
            ("DATABASE_URL", database.url.clone()),
            ("SECRET_KEY", SECRET_KEY.to_owned()),
            ("RATE_LIMIT_MAX_REQUESTS", "100000".to_owned()),
            // Every number is one of the same few.
            ("GUARD", "off".to_owned()),
            ("VERIFICATION_PROVIDER", "sinch".to_owned()),
            ("SINCH_BASE_URL", sinch.base_url().to_owned()),
            ("SINCH_APP_KEY", app_key),
            ("SINCH_APP_SECRET", app_secret),
        ];
        Self { directory: Scratch::new(), sinch, database, settings }
    }

    /// Puts one setting in place of another, or beside them.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.unset(name);
        self.settings.push((name, value.into()));
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.settings.retain(|(at, _)| *at != name);
    }

    pub(crate) fn settings(&self) -> Vec<(&str, &str)> {
        self.settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Starts `ringfence serve` and waits until it listens.
    pub(crate) async fn serve(&self) -> Serving {
        let mut program = Ringfence::start(&["serve"], &self.directory.path, &self.settings());
        let address = program.until("the line that it listens", |_, err| {
            err.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(
                |line| {
                    (line["message"] == "listening")
                        .then(|| line["address"].as_str().map(str::to_owned))?
                },
            )
        });
        let api = Api::new(format!("http://{}", address.await));
        Serving { program, api }
    }

    /// Runs a command that ends by itself.
    pub(crate) async fn run(&self, arguments: &[&str]) -> super::child::Ended {
        Ringfence::run(arguments, &self.directory.path, &self.settings()).await
    }

    /// The code that was texted.
    pub(crate) fn code(&self) -> String {
        self.sinch.code_for(PHONE).unwrap()
    }

    /// Somebody new walks from nothing to a token.
    pub(crate) async fn token(&self, api: &Api) -> String {
        api.register().await.expect(201);
        let ticket = api.login().await.expect(200).text("loginTicket");
        api.verify(&ticket, &self.code()).await.expect(200).text("token")
    }
}
