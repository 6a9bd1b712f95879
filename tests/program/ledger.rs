//! The server is killed at every step of a send. Whenever that is: no message is sent twice, the
//! ledger has each one that may have been sent, and the user gets another code after the wait.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::answers::{EMAIL, PASSWORD};
use super::fake_plivo::Mode;
use super::fake_sinch;
use super::installation::Serving;
use super::scene::{Scene, Silent, log_in_unanswered, until};

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_hours(1);

/// Inside the wait a login joins the code of the dead server, and nothing is sent.
async fn joins(scene: &Scene, serving: &Serving) -> String {
    let rows = scene.rows().await;
    let login = serving.api.login().await.expect(200);
    assert_eq!(login.body["otpError"], Value::Null, "{}", login.body);
    assert_eq!(scene.rows().await, rows, "nothing is sent");
    login.text("loginTicket")
}

/// After the wait a login sends another code, which is good. `rows`: the ledger by then.
async fn another_can_be_had(scene: &Scene, serving: &Serving, rows: &[(&str, &str)]) {
    let sent_before = scene.plivo.messages().len();
    scene.the_wait_passes().await;
    let login = serving.api.login().await.expect(200);
    assert_eq!(login.body["otpError"], Value::Null, "{}", login.body);
    assert_eq!(scene.plivo.messages().len(), sent_before + 1);
    scene.until_rows_are(rows).await;
    serving.api.verify(&login.text("loginTicket"), &scene.code()).await.expect(200);
}

/// The code that came before the server died is still good.
async fn the_code_is_good(scene: &Scene, serving: &Serving) {
    let ticket = joins(scene, serving).await;
    let token = serving.api.verify(&ticket, &scene.code()).await.expect(200).text("token");
    serving.api.profile(&token).await.expect(200);
    let verified = "SELECT count(*) FROM messages WHERE verified_at IS NOT NULL";
    assert_eq!(scene.count(verified).await, 1);
}

/// The server that comes after gives up on what it finds queued, and says so.
async fn left_behind(scene: &Scene) {
    let query = "SELECT count(*) FROM messages WHERE state = 'unknown' AND failure = 'left_behind'";
    until("it is left behind", async || scene.count(query).await == 1).await;
    scene.housekeeping().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_reservation_commits_nothing_has_happened() {
    let mut scene = Scene::new().await;
    let serving = scene.serve().await;
    let lock = scene.lock("LOCK TABLE messages IN SHARE MODE").await;
    let login = log_in_unanswered(&serving.api);
    scene.until_it_waits_with("INSERT INTO messages").await;
    serving.program.crash();
    login.await.unwrap();
    lock.rollback().await.unwrap();
    scene.until_nobody_works().await;
    for nothing in [
        "SELECT count(*) FROM messages",
        "SELECT count(*) FROM otp_challenges",
        "SELECT count(*) FROM otp_windows",
    ] {
        assert_eq!(scene.count(nothing).await, 0, "{nothing}");
    }

    let serving = scene.serve().await;
    assert_eq!(scene.plivo.received(), 0);
    // Nothing was counted, so there is no wait.
    let ticket = serving.api.login().await.expect(200).text("loginTicket");
    assert_eq!(scene.plivo.messages().len(), 1);
    scene.until_rows_are(&[("plivo", "sent")]).await;
    serving.api.verify(&ticket, &scene.code()).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_carrier_does_not_answer_it_may_have_been_sent_and_is_not_sent_again() {
    let mut scene = Scene::new().await;
    let silent = Silent::listen().await;
    let serving = scene.serve_with_plivo_at(&silent.url).await;
    let login = log_in_unanswered(&serving.api);
    until("the carrier is asked", async || silent.asked() == 1).await;
    scene.until_rows_are(&[("plivo", "queued")]).await;
    serving.program.crash();
    login.await.unwrap();
    scene.minutes_pass_for_the_ledger().await;

    let serving = scene.serve_with_plivo_at(&silent.url).await;
    left_behind(&scene).await;
    joins(&scene, &serving).await;
    drop(serving);
    let serving = scene.serve().await;
    another_can_be_had(&scene, &serving, &[("plivo", "unknown"), ("plivo", "sent")]).await;
    assert_eq!(silent.asked(), 1, "over all servers");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_answer_is_under_way_the_message_is_out_and_its_code_stays_good() {
    let mut scene = Scene::new().await;
    let serving = scene.serve().await;
    scene.plivo.once(Mode::Delay(FOR_EVER));
    let login = log_in_unanswered(&serving.api);
    until("the carrier takes it", async || scene.plivo.messages().len() == 1).await;
    serving.program.crash();
    login.await.unwrap();
    assert_eq!(scene.rows().await, [("plivo".to_owned(), "queued".to_owned())]);
    scene.minutes_pass_for_the_ledger().await;

    let serving = scene.serve().await;
    left_behind(&scene).await;
    the_code_is_good(&scene, &serving).await;
    assert_eq!(scene.plivo.received(), 1, "over both servers");
    another_can_be_had(&scene, &serving, &[("plivo", "unknown"), ("plivo", "sent")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_answer_is_noted_the_message_is_out_and_its_code_stays_good() {
    let mut scene = Scene::new().await;
    let serving = scene.serve().await;
    scene.gate.shut();
    let login = log_in_unanswered(&serving.api);
    until("the carrier takes it", async || scene.gate.has_arrived()).await;
    let lock = scene.lock("SELECT FROM messages FOR UPDATE").await;
    scene.gate.open();
    scene.until_it_waits_with("UPDATE messages").await;
    serving.program.crash();
    login.await.unwrap();
    lock.rollback().await.unwrap();
    scene.until_nobody_works().await;
    assert_eq!(scene.rows().await, [("plivo".to_owned(), "queued".to_owned())]);
    scene.minutes_pass_for_the_ledger().await;

    let serving = scene.serve().await;
    left_behind(&scene).await;
    the_code_is_good(&scene, &serving).await;
    assert_eq!(scene.plivo.received(), 1, "over both servers");
    another_can_be_had(&scene, &serving, &[("plivo", "unknown"), ("plivo", "sent")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_it_is_noted_only_the_reply_is_lost() {
    let mut scene = Scene::new().await;
    let serving = scene.serve().await;
    let address = serving.api.base.strip_prefix("http://").unwrap();
    let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    // A client that asks and never hears.
    let mut client = TcpStream::connect(address).unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\n\
        Content-Type: application/json\r\nContent-Length:";
    write!(client, "{head} {}\r\n\r\n{body}", body.len()).unwrap();
    scene.until_rows_are(&[("plivo", "sent")]).await;
    serving.program.crash();
    drop(client);
    scene.minutes_pass_for_the_ledger().await;

    let serving = scene.serve().await;
    scene.housekeeping().await;
    scene.until_rows_are(&[("plivo", "sent")]).await;
    the_code_is_good(&scene, &serving).await;
    assert_eq!(scene.plivo.received(), 1, "over both servers");
    another_can_be_had(&scene, &serving, &[("plivo", "sent"), ("plivo", "sent")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_it_is_noted_that_a_carrier_failed_nobody_else_has_been_asked() {
    let mut scene = Scene::new().await;
    let first = Silent::listen().await;
    scene.installation.set("VERIFICATION_PROVIDER", "sinch,plivo");
    scene.installation.set("SINCH_BASE_URL", &first.url);
    let serving = scene.serve().await;
    let login = log_in_unanswered(&serving.api);
    until("the first carrier is asked", async || first.asked() == 1).await;
    let lock = scene.lock("SELECT FROM messages FOR UPDATE").await;
    first.answer("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n").await;
    scene.until_it_waits_with("UPDATE messages").await;
    serving.program.crash();
    login.await.unwrap();
    lock.rollback().await.unwrap();
    scene.until_nobody_works().await;
    assert_eq!(scene.rows().await, [("sinch".to_owned(), "queued".to_owned())]);
    scene.minutes_pass_for_the_ledger().await;

    scene.installation.set("VERIFICATION_PROVIDER", "plivo");
    let serving = scene.serve().await;
    left_behind(&scene).await;
    assert_eq!((first.asked(), scene.plivo.received()), (1, 0));
    another_can_be_had(&scene, &serving, &[("sinch", "unknown"), ("plivo", "sent")]).await;
    assert_eq!(first.asked(), 1, "over both servers");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_middle_of_failing_over_neither_carrier_is_asked_again() {
    let mut scene = Scene::new().await;
    let second = Silent::listen().await;
    let broken = fake_sinch::Mode::Error { http: 500, code: 50000 };
    scene.installation.sinch.set_mode(fake_sinch::Operation::Start, broken);
    scene.installation.set("VERIFICATION_PROVIDER", "sinch,plivo");
    let serving = scene.serve_with_plivo_at(&second.url).await;
    let login = log_in_unanswered(&serving.api);
    until("the second carrier is asked", async || second.asked() == 1).await;
    scene.until_rows_are(&[("sinch", "unknown"), ("plivo", "queued")]).await;
    serving.program.crash();
    login.await.unwrap();
    scene.minutes_pass_for_the_ledger().await;

    let serving = scene.serve_with_plivo_at(&second.url).await;
    left_behind(&scene).await;
    scene.until_rows_are(&[("sinch", "unknown"), ("plivo", "unknown")]).await;
    joins(&scene, &serving).await;
    assert_eq!(scene.installation.sinch.received(fake_sinch::Operation::Start), 1);
    drop(serving);
    scene.installation.set("VERIFICATION_PROVIDER", "plivo");
    let serving = scene.serve().await;
    let rows = [("sinch", "unknown"), ("plivo", "unknown"), ("plivo", "sent")];
    another_can_be_had(&scene, &serving, &rows).await;
    assert_eq!(scene.installation.sinch.received(fake_sinch::Operation::Start), 1);
    assert_eq!(second.asked(), 1, "over all servers");
}
