//! E-mails: what is written down, what is sent, and what comes back. Over a real SMTP socket.

mod confirming;
mod faults;
mod notices;
mod outbox;
mod races;

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::fake_smtp::FakeSmtp;
use crate::support::{Person, TestApp};

pub(crate) const FROM: &str = "Acme <no-reply@example.com>";
/// More than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// An application that sends e-mails.
struct Post {
    app: TestApp,
    smtp: FakeSmtp,
}

impl Post {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(settings: &[(&str, &str)]) -> Self {
        let smtp = FakeSmtp::start().await;
        let url = smtp.url();
        let ours = [("SMTP_URL", url.as_str()), ("EMAIL_FROM", FROM)];
        let app = TestApp::with(&[ours.as_slice(), settings].concat()).await;
        Self { app, smtp }
    }

    /// Sends what is due; how many were sent.
    async fn post_due(&self) -> u64 {
        post_due(&self.app).await
    }

    /// Waits until so many owners of taken addresses are to be told, which no answer waits for, and nobody is at
    /// it any more.
    async fn until_told(&self, times: i64) {
        let told = "SELECT count(*) FROM email_outbox WHERE template = 'sign_up_attempted'";
        let deadline = Instant::now() + PATIENCE;
        while self.app.count(told).await < times {
            assert!(Instant::now() < deadline, "nobody is told");
            sleep(Duration::from_millis(2)).await;
        }
        let pool = &self.app.application.state.database;
        let is_idle = || pool.num_idle() == usize::try_from(pool.size()).unwrap();
        self.app.until("the end of what runs by itself", is_idle).await;
    }

    /// Registers and sends the first e-mail: its token.
    async fn token_of(&self, person: &Person) -> String {
        self.app.register(person).await.is(201);
        assert_eq!(self.post_due().await, 1);
        self.smtp.only_mail_to(&person.email).token()
    }

    /// The rows of the outbox, oldest first.
    async fn rows(&self) -> Vec<Value> {
        let query = "SELECT to_jsonb(o)::text FROM email_outbox o ORDER BY created_at, id";
        let rows: Vec<String> =
            sqlx::query_scalar(query).fetch_all(self.app.database()).await.unwrap();
        rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
    }

    /// The only row.
    #[track_caller]
    fn only(rows: Vec<Value>) -> Value {
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.into_iter().next().unwrap()
    }

    async fn only_row(&self) -> Value {
        Self::only(self.rows().await)
    }
}

async fn post_due(app: &TestApp) -> u64 {
    let state = &app.application.state;
    state.emails.post_due(&state.database).await.unwrap()
}
