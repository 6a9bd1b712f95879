//! An installation for `ringfence doctor` to look at.

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection};

use super::child::{Ended, Ringfence, Scratch};
use super::installation::SECRET_KEY;
use super::postgres::TestDatabase;
use super::walk::documented_grants;

/// The configuration of docs/hardening.md on a database of its own, with secrets and a carrier.
pub(super) struct Patient {
    settings: Vec<(String, String)>,
    directory: Scratch,
    /// As the owner of the schema.
    pub(super) owner: PgConnection,
    pub(super) owner_url: String,
}

impl Patient {
    /// `role` is of the whole cluster: each test has one of its own.
    pub(super) async fn new(role: &str) -> Self {
        let database = TestDatabase::new().await;
        let mut owner = database.options.connect().await.unwrap();
        let create = format!("CREATE ROLE {role} LOGIN");
        let before = [create.as_str(), "REVOKE ALL ON SCHEMA public FROM PUBLIC"];
        let grants = documented_grants(role);
        for statement in before.into_iter().chain(grants.iter().map(String::as_str)) {
            sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut owner).await.unwrap();
        }
        let url = database.url.replace("//ringfence@", &format!("//{role}@"));
        assert_ne!(url, database.url);
        let mut patient = Self {
            settings: documented(),
            directory: Scratch::new(),
            owner,
            owner_url: database.url,
        };
        for (name, value) in [
            ("DATABASE_URL", url.as_str()),
            ("SECRET_KEY", SECRET_KEY),
            ("SMTP_URL", "smtps://ringfence:secret@mail.internal"),
            ("PLIVO_AUTH_ID", "MAXXXXXXXXXXXXXXXXXX"),
            ("PLIVO_AUTH_TOKEN", "token"),
            ("PLIVO_PHONE_NUMBER", "+46700000001"),
        ] {
            patient.set(name, value);
        }
        let made = patient.as_owner(&["audit", "partitions"]).await;
        assert!(made.status.success(), "{}", made.err);
        patient
    }

    fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(at, _)| at != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    pub(super) async fn run(&self, arguments: &[&str], changes: &[(&str, &str)]) -> Ended {
        let mut settings: Vec<(&str, &str)> =
            self.settings.iter().map(|(name, value)| (&**name, &**value)).collect();
        settings.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        // An empty value counts as none.
        settings.extend(changes);
        Ringfence::run(arguments, &self.directory.path, &settings).await
    }

    /// By the owner of the schema.
    pub(super) async fn as_owner(&self, arguments: &[&str]) -> Ended {
        self.run(arguments, &[("DATABASE_URL", &self.owner_url)]).await
    }

    /// What does not hold, as "standard number"; of level 2, or as the arguments say.
    pub(super) async fn fails(&self, changes: &[(&str, &str)], more: &[&str]) -> BTreeSet<String> {
        let ended = self.run(&[&["doctor", "--json"], more].concat(), changes).await;
        let report: Value = serde_json::from_str(&ended.out)
            .unwrap_or_else(|error| panic!("{error}: {}{}", ended.out, ended.err));
        let lines = report["lines"].as_array().unwrap().iter();
        let failing = lines.filter(|line| line["verdict"] == "does_not_hold");
        let is_ill = failing.clone().any(|line| line["canBeMet"] == true);
        assert_eq!(ended.status.code(), Some(i32::from(is_ill)), "{}", ended.err);
        let failing: BTreeSet<String> = failing.map(name).collect();
        assert_eq!(report["allHold"], failing.is_empty());
        failing
    }
}

/// "standard number" of a line.
pub(super) fn name(line: &Value) -> String {
    format!("{} {}", line["standard"].as_str().unwrap(), line["id"].as_str().unwrap())
}

/// The second block of commands in docs/hardening.md: settings, one a line.
fn documented() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/hardening.md");
    let text = std::fs::read_to_string(path).unwrap();
    let block = text.split("\n```sh\n").nth(2).unwrap().split("\n```").next().unwrap().to_owned();
    let settings = block.lines().map(|line| line.split_once('=').unwrap());
    let settings: Vec<_> =
        settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert!(settings.len() > 12, "the configuration is not found: {settings:?}");
    settings
}
