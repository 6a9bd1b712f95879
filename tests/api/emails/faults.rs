//! What becomes of an e-mail when the mail server is not well.

use chrono::TimeDelta;
use serde_json::Value;

use super::Post;
use crate::fake_smtp::{Fault, Step};
use crate::support::Person;

const STEPS: [Step; 6] =
    [Step::Greeting, Step::Mail, Step::Rcpt, Step::Data, Step::Content, Step::Kept];

#[tokio::test]
async fn what_is_put_off_at_any_step_is_sent_later_under_the_same_id() {
    for step in STEPS {
        let post = Post::new().await;
        post.app.register(&Person::ada()).await.is(201);
        post.smtp.plan(&[(step, Fault::Answer("451 4.3.0 later, ada@example.com"))]);
        assert_eq!(post.post_due().await, 0, "{step:?}");
        let row = post.only_row().await;
        let wanted = if step == Step::Greeting { "unusable" } else { "smtp_451" };
        assert_eq!((&row["state"], &row["failure"]), (&"queued".into(), &wanted.into()));
        assert_eq!(row["attempts"], 1);

        post.app.advance(TimeDelta::seconds(119));
        assert_eq!(post.post_due().await, 0, "{step:?}: not before its time");
        assert_eq!(post.only_row().await["attempts"], 1);
        post.app.advance(TimeDelta::seconds(1));
        assert_eq!(post.post_due().await, 1, "{step:?}");
        let row = post.only_row().await;
        assert_eq!((&row["state"], &row["failure"]), (&"sent".into(), &Value::Null));
        let mails = post.smtp.mails();
        let wanted = format!("<{}@example.com>", row["id"].as_str().unwrap());
        assert!(mails.iter().all(|mail| mail.header("Message-ID") == wanted), "{mails:?}");
        assert_eq!(mails.len(), if step == Step::Kept { 2 } else { 1 }, "{step:?}");
    }
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_and_the_others_are_sent() {
    let post = Post::new().await;
    post.app.register(&Person::ada()).await.is(201);
    post.app.advance(TimeDelta::seconds(1));
    post.app.register(&Person::bob()).await.is(201);
    post.smtp.plan(&[(Step::Rcpt, Fault::Answer("550 5.1.1 nobody like ada@example.com"))]);
    assert_eq!(post.post_due().await, 1);
    post.smtp.only_mail_to("bob@example.org");
    let failed = &post.rows().await[0];
    assert_eq!((&failed["state"], &failed["failure"]), (&"failed".into(), &"smtp_550".into()));
    assert_eq!(failed["recipient"], Value::Null, "{failed}");
    post.app.advance(TimeDelta::days(2));
    assert_eq!(post.post_due().await, 0, "it is not tried again");
}

#[tokio::test]
async fn a_server_that_stalls_is_left_alone_and_its_late_answers_count_for_nothing() {
    for step in [Step::Greeting, Step::Mail, Step::Content, Step::Kept] {
        let post = Post::new().await;
        post.app.register(&Person::ada()).await.is(201);
        post.app.advance(TimeDelta::seconds(1));
        post.app.register(&Person::bob()).await.is(201);
        post.smtp.plan(&[(step, Fault::Stall)]);
        assert_eq!(post.post_due().await, 0, "{step:?}");
        let rows = post.rows().await;
        assert_eq!(rows[0]["failure"], "timed_out", "{step:?}");
        assert_eq!((&rows[1]["attempts"], &rows[1]["failure"]), (&0.into(), &Value::Null));
        assert_eq!(post.smtp.connections(), 1);
        // Bob's was not begun, so it is due still.
        assert_eq!(post.post_due().await, 1, "{step:?}");
        post.app.advance(TimeDelta::minutes(2));
        assert_eq!(post.post_due().await, 1, "{step:?}");
        post.smtp.only_mail_to("bob@example.org");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_not_used_again() {
    for step in STEPS {
        let post = Post::new().await;
        post.app.register(&Person::ada()).await.is(201);
        post.smtp.plan(&[(step, Fault::HangUp)]);
        assert_eq!(post.post_due().await, 0, "{step:?}");
        let wanted = if step == Step::Greeting { "unusable" } else { "broken" };
        assert_eq!(post.only_row().await["failure"], wanted, "{step:?}");
        post.app.advance(TimeDelta::minutes(2));
        assert_eq!(post.post_due().await, 1, "{step:?}");
        assert_eq!(post.smtp.connections(), 2);
    }
}

#[tokio::test]
async fn a_wrong_password_of_ours_costs_no_e_mail() {
    let post = Post::new().await;
    post.smtp.require("ringfence", "not what we have");
    post.app.register(&Person::ada()).await.is(201);
    assert_eq!(post.post_due().await, 0);
    let row = post.only_row().await;
    assert_eq!((&row["state"], &row["failure"]), (&"queued".into(), &"smtp_530".into()));

    let url = post.smtp.url().replace("smtp://", "smtp://ringfence:right%40@");
    let replica = post.app.replica(&[("SMTP_URL", &url)]).await;
    post.app.advance(TimeDelta::minutes(2));
    assert_eq!(super::post_due(&replica).await, 0);
    assert_eq!(post.only_row().await["failure"], "unusable", "535 is about us");
    post.smtp.require("ringfence", "right@");
    post.app.advance(TimeDelta::minutes(4));
    assert_eq!(super::post_due(&replica).await, 1);
    post.smtp.only_mail_to("ada@example.com");
}

#[tokio::test]
async fn the_waits_double_and_after_a_day_an_e_mail_is_given_up() {
    let post = Post::new().await;
    post.app.register(&Person::ada()).await.is(201);
    post.smtp.always(Some((Step::Rcpt, Fault::Answer("450 4.2.1 full"))));
    let (mut waits, mut passed) = (Vec::new(), 0);
    loop {
        let before = post.smtp.connections();
        assert_eq!(post.post_due().await, 0);
        if post.smtp.connections() > before {
            waits.push(passed);
            passed = 0;
        }
        if post.only_row().await["state"] != "queued" {
            break;
        }
        assert!(waits.len() < 20 && passed < 400, "{waits:?}");
        post.app.advance(TimeDelta::minutes(1));
        passed += 1;
    }
    assert_eq!(waits, [0, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]);
    let row = post.only_row().await;
    assert_eq!((&row["state"], &row["failure"]), (&"failed".into(), &"smtp_450".into()));
    assert_eq!(row["recipient"], Value::Null);
}

#[tokio::test]
async fn what_no_key_reads_is_given_up_and_the_others_are_sent() {
    let post = Post::new().await;
    post.app.register(&Person::ada()).await.is(201);
    sqlx::query("UPDATE email_outbox SET key_id = '00000000'")
        .execute(post.app.database())
        .await
        .unwrap();
    post.app.advance(TimeDelta::seconds(1));
    post.app.register(&Person::bob()).await.is(201);
    assert_eq!(post.post_due().await, 1);
    post.smtp.only_mail_to("bob@example.org");
    let row = &post.rows().await[0];
    assert_eq!((&row["state"], &row["failure"]), (&"failed".into(), &"unreadable".into()));
}
