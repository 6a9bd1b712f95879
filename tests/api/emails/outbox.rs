//! What is written down and when, and what an e-mail looks like.

use chrono::{DateTime, TimeDelta};
use ringfence::emails::{Email, Occasion};
use serde_json::Value;

use super::{FROM, Post};
use crate::fake_smtp::Mail;
use crate::log::Log;
use crate::support::{Person, TestApp};

#[tokio::test]
async fn a_sign_up_brings_an_e_mail_that_is_well_formed() {
    let post = Post::new().await;
    post.app.register(&Person::ada()).await.is(201);
    assert_eq!(post.smtp.mails().len(), 0, "the request itself sends nothing");
    assert_eq!(post.post_due().await, 1);

    let mail = post.smtp.only_mail_to("ada@example.com");
    let row = post.only_row().await;
    assert_eq!(mail.from, "no-reply@example.com");
    assert_eq!(mail.header("From"), FROM);
    assert_eq!(mail.header("To"), "ada@example.com");
    assert_eq!(mail.header("Subject"), "Confirm your e-mail address");
    let id = row["id"].as_str().unwrap();
    assert_eq!(mail.header("Message-ID"), format!("<{id}@example.com>"));
    let date = DateTime::parse_from_rfc2822(&mail.header("Date")).unwrap();
    assert_eq!(date.timestamp(), post.app.now().timestamp());
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert!(mail.header("Content-Type").starts_with("multipart/alternative"));

    let link = format!("{}/email/verify#{}", post.app.issuer, mail.token());
    assert_eq!(mail.token().len(), 43, "256 bits in base64url");
    assert!(mail.part("text/plain").contains(&link));
    assert!(mail.part("text/html").contains(&format!("<a href=\"{link}\">{link}</a>")));
    assert_eq!(post.post_due().await, 0, "it is sent once");
}

#[tokio::test]
async fn the_words_are_in_the_language_of_signing_up() {
    let post = Post::new().await;
    let german = post.app.with_header("accept-language", "de-AT, en;q=0.5");
    german.register(&Person::ada()).await.is(201);
    post.app.register(&Person::bob()).await.is(201);
    assert_eq!(post.post_due().await, 2);
    assert_eq!(post.smtp.connections(), 1, "one connection takes both");
    let text = |mail: Mail| mail.part("text/plain");
    let to_ada = text(post.smtp.only_mail_to("ada@example.com"));
    assert!(to_ada.contains("Um sie zu bestätigen, öffnen Sie"), "{to_ada}");
    assert!(text(post.smtp.only_mail_to("bob@example.org")).contains("To confirm it, open"));
}

#[tokio::test]
async fn an_e_mail_is_written_with_what_it_tells_or_not_at_all() {
    let post = Post::new().await;
    let state = &post.app.application.state;
    let email = Email {
        user: None,
        to: "ada@example.com",
        locale: None,
        occasion: Occasion::PasswordChanged { at: post.app.now() },
        at_most_daily: false,
    };
    let mut transaction = state.database.begin().await.unwrap();
    state.emails.enqueue(&mut transaction, &email, post.app.now()).await.unwrap();
    assert_eq!(post.post_due().await, 0, "nothing is sent of what may not come to be");
    transaction.rollback().await.unwrap();
    assert_eq!(post.rows().await, Vec::<Value>::new());

    post.app.register(&Person::ada()).await.is(201);
    let again = Person { email: "other@example.com".to_owned(), ..Person::ada() };
    post.app.register(&again).await.refused(409, "phone_taken");
    assert_eq!(post.rows().await.len(), 1, "who was refused is sent nothing");
    sqlx::query("DELETE FROM users").execute(post.app.database()).await.unwrap();
    assert_eq!(post.rows().await, Vec::<Value>::new(), "nobody is written to who is gone");
}

#[tokio::test]
async fn without_a_mail_server_nothing_is_written_down_and_nothing_breaks() {
    let app = TestApp::with(&[("USER_ENUMERATION", "strict")]).await;
    app.verified(&Person::ada()).await;
    app.register(&Person::ada()).await.is(201);
    assert_eq!(super::post_due(&app).await, 0);
    assert_eq!(app.count("SELECT count(*) FROM email_outbox").await, 0);
    assert_eq!(app.count("SELECT count(*) FROM email_confirmations").await, 0);
}

#[tokio::test]
async fn a_mail_server_that_is_away_does_not_make_the_server_unready() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("smtp://{nobody}");
    let app = TestApp::with(&[("SMTP_URL", &url), ("EMAIL_FROM", FROM)]).await;
    app.register(&Person::ada()).await.is(201);
    assert_eq!(super::post_due(&app).await, 0);
    app.get("/readyz").await.is(200);
    let waits = "SELECT count(*) FROM email_outbox WHERE state = 'queued' AND failure = 'unusable'";
    assert_eq!(app.count(waits).await, 1);
}

#[tokio::test]
async fn neither_row_nor_log_tells_a_secret_and_nothing_is_kept_of_what_was_sent() {
    let (log, _listening) = Log::listen();
    let post = Post::new().await;
    post.app.register(&Person::ada()).await.is(201);
    let queued = post.only_row().await;
    assert_eq!(queued["state"], "queued");
    assert_eq!(queued["recipient"], "ada@example.com");
    assert_eq!(post.post_due().await, 1);
    let token = post.smtp.only_mail_to("ada@example.com").token();
    // PostgreSQL writes bytes as hexadecimal digits.
    let in_hex = token.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    for secret in [&token, &in_hex] {
        assert!(!queued.to_string().contains(secret), "{queued}");
    }
    let sent = post.only_row().await;
    assert_eq!(sent["state"], "sent");
    for gone in ["recipient", "variables", "key_id"] {
        assert_eq!(sent[gone], Value::Null, "{sent}");
    }
    let log = log.text();
    assert!(log.contains("e-mail sent"), "the log is not listened to");
    assert!(!log.contains(&token) && !log.contains("ada@example.com"), "{log}");

    post.app.advance(TimeDelta::hours(24));
    let state = &post.app.application.state;
    state.emails.keep_house(&state.database, post.app.now()).await.unwrap();
    assert_eq!(post.rows().await, Vec::<Value>::new());
    assert_eq!(post.app.count("SELECT count(*) FROM email_confirmations").await, 0);
}

#[tokio::test]
async fn with_strict_the_owner_is_told_once_a_day_and_nobody_else() {
    let post = Post::with(&[("USER_ENUMERATION", "strict")]).await;
    post.token_of(&Person::ada()).await;
    let by_email = Person { phone: "+46701234567".to_owned(), ..Person::ada() };
    let by_phone = Person { email: "eve@example.net".to_owned(), ..Person::ada() };
    for attempt in [&by_email, &by_phone, &by_email] {
        post.app.register(attempt).await.is(201);
        post.until_told(1).await;
    }
    assert_eq!(post.post_due().await, 1, "told once");
    let mails = post.smtp.mails();
    let told = mails.last().unwrap();
    assert_eq!(told.to, ["ada@example.com"]);
    assert_eq!(told.header("Subject"), "You already have an account");
    let text = told.part("text/plain");
    assert!(text.contains("2026-03-04 05:06 UTC"), "{text}");
    assert!(!text.contains("eve@example.net") && !text.contains("+46"), "{text}");

    post.app.advance(TimeDelta::days(1));
    post.app.register(&by_phone).await.is(201);
    post.until_told(2).await;
    assert_eq!(post.post_due().await, 1, "told again the next day");
}

#[tokio::test]
async fn words_and_addresses_of_strangers_end_no_header_and_name_no_other_recipient() {
    let post = Post::new().await;
    let state = &post.app.application.state;
    let now = post.app.now();
    let mut connection = state.database.acquire().await.unwrap();
    let device = "Phone\r\nBcc: eve@example.net\r\n\r\n.\r\nMAIL FROM:<x@example.net><b>";
    let addresses = [
        "ada@example.com",
        "ada@example.com>\r\nRCPT TO:<eve@example.net",
        "ada@example.com\r\nBcc: eve@example.net",
        "ada@example.com, eve@example.net",
        "Eve <eve@example.net>",
    ];
    for to in addresses {
        let occasion = Occasion::NewDevice { at: now, device: device.to_owned() };
        let email = Email { user: None, to, locale: None, occasion, at_most_daily: false };
        state.emails.enqueue(&mut connection, &email, now).await.unwrap();
    }
    assert_eq!(post.post_due().await, 1);
    let mail = post.smtp.only_mail_to("ada@example.com");
    assert_eq!(post.smtp.mails().len(), 1);
    for header in ["Bcc", "Cc"] {
        assert_eq!(mail.headers(header), Vec::<String>::new());
    }
    assert_eq!(mail.header("To"), "ada@example.com");
    assert!(mail.part("text/html").contains("&lt;x@example.net&gt;&lt;b&gt;"));
    let failed = "SELECT count(*) FROM email_outbox WHERE state = 'failed' AND failure = 'address'";
    assert_eq!(post.app.count(failed).await, 4);
}
