//! The audit log: what is written down, how it is chained, how long it is kept.

mod beside;
mod chain;
mod keeping;
mod sealing;
mod story;

use std::collections::BTreeSet;

use ringfence::audit::{self, Finding, Report};
use serde_json::Value;
use tokio::time::{Duration, Instant, sleep};

use crate::support::{Person, TestApp};

/// More than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Every event, as JSON.
async fn events(app: &TestApp) -> Vec<Value> {
    let query = "SELECT to_jsonb(e)::text FROM audit_events e ORDER BY created_at, id";
    let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(app.database()).await.unwrap();
    rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
}

/// The only event of that name.
async fn only(app: &TestApp, name: &str) -> Value {
    let mut found: Vec<Value> = events(app).await;
    found.retain(|event| event["event"] == name);
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    found.remove(0)
}

/// Seals what waits; how many events it were.
async fn seal(app: &TestApp) -> usize {
    let state = &app.application.state;
    state.sealer.seal(&state.database, false, app.now()).await.unwrap()
}

/// Some events of Ada: their number, none of them sealed.
async fn some_events(app: &TestApp) -> usize {
    let ada = Person::ada();
    app.verified(&ada).await;
    let wrong = Person { password: "not hers at all".to_owned(), ..ada };
    app.login(&wrong).await.refused(401, "invalid_credentials");
    let events = events(app).await.len();
    assert!(events >= 5, "{events}");
    events
}

async fn verify(app: &TestApp) -> Report {
    let state = &app.application.state;
    audit::verify(&state.database, state.sealer.keyring(), &[], app.now()).await.unwrap()
}

/// What is found, at most a hundred.
async fn findings(app: &TestApp) -> Vec<Finding> {
    verify(app).await.findings
}

/// Changes what the triggers would refuse: only a superuser can.
async fn tamper(app: &TestApp, statement: &'static str) {
    let mut transaction = app.database().begin().await.unwrap();
    let off = "SET LOCAL session_replication_role = replica";
    sqlx::query(off).execute(&mut *transaction).await.unwrap();
    let done = sqlx::query(statement).execute(&mut *transaction).await.unwrap();
    assert!(done.rows_affected() > 0, "{statement}");
    transaction.commit().await.unwrap();
}

/// What has happened since it was last asked.
struct Story<'a> {
    app: &'a TestApp,
    told: Vec<String>,
    names: BTreeSet<String>,
}

impl<'a> Story<'a> {
    fn of(app: &'a TestApp) -> Self {
        Self { app, told: Vec::new(), names: BTreeSet::new() }
    }

    /// Since then exactly these have been written down, once each. Some are, behind the answer.
    #[track_caller]
    fn goes_on<'b>(&'b mut self, wanted: &'b [&'b str]) -> impl Future<Output = ()> + use<'a, 'b> {
        let at = std::panic::Location::caller();
        async move {
            let deadline = Instant::now() + PATIENCE;
            let mut seen = names(self.app).await;
            while seen.len() < self.told.len() + wanted.len() && Instant::now() < deadline {
                sleep(Duration::from_millis(5)).await;
                seen = names(self.app).await;
            }
            // Both are sorted, and nothing goes: what is left over is new.
            let mut told = self.told.iter().peekable();
            let mut new = seen.clone();
            new.retain(|name| told.next_if(|told| *told == name).is_none());
            self.told = seen;
            let mut wanted = wanted.to_vec();
            wanted.sort_unstable();
            assert_eq!(new, wanted, "{at}");
            self.names.extend(new);
        }
    }
}

/// The names of all events, sorted.
async fn names(app: &TestApp) -> Vec<String> {
    let query = "SELECT event FROM audit_events";
    let mut names: Vec<String> = sqlx::query_scalar(query).fetch_all(app.database()).await.unwrap();
    names.sort_unstable();
    names
}
