//! `ringfence email check`, and e-mails of a server that is killed or told to stop.

use std::time::{Duration, Instant};

use ringfence::database;
use rustix::process::Signal;
use sqlx::PgPool;

use super::answers::EMAIL;
use super::fake_smtp::{FakeSmtp, Fault, Step};
use super::installation::Installation;
use super::scene::until;

/// What container runtimes commonly wait before they kill.
const END: Duration = Duration::from_secs(10);
const PASSWORD: &str = "s3cret-of-smtp";

/// An installation that sends e-mails, the server that takes them, and a look into the database.
async fn with_mail() -> (Installation, FakeSmtp, PgPool) {
    let mut installation = Installation::new().await;
    let smtp = FakeSmtp::start().await;
    smtp.require("ringfence", PASSWORD);
    let url = smtp.url().replace("smtp://", &format!("smtp://ringfence:{PASSWORD}@"));
    installation.set("SMTP_URL", url);
    installation.set("EMAIL_FROM", "Acme <no-reply@example.com>");
    let database = database::pool(installation.database.options.clone(), 1);
    (installation, smtp, database)
}

async fn count(database: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(database).await.unwrap()
}

#[tokio::test]
async fn a_check_tells_whether_the_mail_server_lets_us_in() {
    let (mut installation, smtp, _) = with_mail().await;
    let checked = installation.run(&["email", "check"]).await;
    assert_eq!(checked.status.code(), Some(0), "{}", checked.err);
    assert!(checked.out.contains("accepted"), "{}", checked.out);
    assert!(smtp.mails().is_empty());

    let sent = installation.run(&["email", "check", "--to", "ada@example.com"]).await;
    assert_eq!(sent.status.code(), Some(0), "{}", sent.err);
    let mail = smtp.only_mail_to("ada@example.com");
    let id = mail.header("Message-ID");
    let id = id.trim_start_matches('<').split('@').next().unwrap();
    assert!(sent.out.contains(id), "{}", sent.out);
    assert!(mail.part("text/plain").contains("https://auth.example.com can send e-mails"));

    let refused = installation.run(&["email", "check", "--to", "ada"]).await;
    assert!(refused.complaint().contains("--to ada"), "{}", refused.err);
    smtp.require("ringfence", "another");
    let refused = installation.run(&["email", "check"]).await;
    assert!(refused.complaint().contains("535"), "{}", refused.err);
    assert!(!refused.err.contains(PASSWORD), "{}", refused.err);
    installation.unset("SMTP_URL");
    let refused = installation.run(&["email", "check"]).await;
    assert!(refused.complaint().contains("SMTP_URL: is not set"), "{}", refused.err);
}

#[tokio::test]
async fn the_settings_are_checked_and_the_password_is_never_shown() {
    let (mut installation, ..) = with_mail().await;
    let shown = installation.run(&["config"]).await.out;
    assert!(shown.contains("SMTP_URL") && !shown.contains(PASSWORD), "{shown}");

    installation.unset("EMAIL_FROM");
    installation.set("SMTP_URL", format!("smtp://ringfence:{PASSWORD}@smtp.example.com"));
    let refused = installation.run(&["serve"]).await;
    let complaint = refused.complaint();
    assert!(complaint.contains("SMTP_URL: must be smtps://"), "{complaint}");
    assert!(complaint.contains("EMAIL_FROM: is required with SMTP_URL"), "{complaint}");
    assert!(!refused.err.contains(PASSWORD), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_taking_and_sending_it_sends_later_what_it_has_not() {
    for (step, sent_by_then) in [(Step::Content, 0), (Step::Kept, 1)] {
        let (installation, smtp, database) = with_mail().await;
        smtp.plan(&[(step, Fault::Stall)]);
        let serving = installation.serve().await;
        serving.api.register().await.expect(201);
        let taken = "SELECT count(*) FROM email_outbox WHERE attempts = 1";
        until("an attempt", async || count(&database, taken).await == 1).await;
        until("the step", async || smtp.planned() == 0).await;
        let log = serving.program.err();
        assert!(!log.contains(EMAIL) && !log.contains(PASSWORD), "{log}");
        serving.program.crash();
        assert_eq!(smtp.mails().len(), sent_by_then, "{step:?}");
        let waits = "SELECT count(*) FROM email_outbox WHERE state = 'queued' \
            AND next_attempt_at >= created_at + interval '2 minutes'";
        assert_eq!(count(&database, waits).await, 1, "{step:?}");

        // Two minutes later.
        sqlx::query("UPDATE email_outbox SET next_attempt_at = created_at")
            .execute(&database)
            .await
            .unwrap();
        let serving = installation.serve().await;
        let ended = "SELECT count(*) FROM email_outbox WHERE state = 'sent' AND attempts = 2";
        until("it is sent", async || count(&database, ended).await == 1).await;
        let mails = smtp.mails();
        assert_eq!(mails.len(), sent_by_then + 1, "{step:?}");
        let first = mails[0].header("Message-ID");
        assert!(mails.iter().all(|mail| mail.header("Message-ID") == first), "{mails:?}");
        let log = serving.program.err();
        assert!(!log.contains(EMAIL) && !log.contains(&mails[0].token()), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_does_not_wait_for_a_mail_server_that_stalls() {
    let (installation, smtp, _) = with_mail().await;
    smtp.plan(&[(Step::Content, Fault::Stall)]);
    let serving = installation.serve().await;
    serving.api.register().await.expect(201);
    until("the step", async || smtp.planned() == 0).await;
    let began = Instant::now();
    serving.program.signal(Signal::TERM);
    let ended = serving.program.ended(END).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    assert!(began.elapsed() < END);
}
