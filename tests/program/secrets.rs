//! `ringfence secrets`: another `SECRET_KEY`, while people log in and e-mails wait.

use ringfence::database;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::answers::{Api, EMAIL};
use super::child::Ringfence;
use super::fake_smtp::{FakeSmtp, Fault, Step};
use super::installation::SECRET_KEY;
use super::scene::{Scene, until};

const NEW: &str = "bmV3LXNlY3JldC1rZXktb2YtMzItYnl0ZXMhISEhISE=";
/// More than one batch.
const PEOPLE: usize = 130;
const PASSWORD: &str = "seven quiet herons at dusk";

/// A mail server that takes nothing yet, and an installation on the old key that writes to it.
async fn with_mail() -> (Scene, FakeSmtp) {
    let mut scene = Scene::new().await;
    let smtp = FakeSmtp::start().await;
    smtp.always(Some((Step::Mail, Fault::Answer("451 later"))));
    scene.installation.set("SMTP_URL", smtp.url());
    scene.installation.set("EMAIL_FROM", "Acme <no-reply@example.com>");
    scene.installation.set("RATE_LIMIT_AUTH_MAX_REQUESTS", "100000");
    (scene, smtp)
}

/// Each has an e-mail that waits.
async fn many_register(api: &Api, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let person = json!({
            "email": format!("somebody{number}@example.com"), "password": PASSWORD,
            "phoneNumber": format!("+1415555{:04}", 1000 + number),
        });
        api.post("register", person).await.expect(201);
    }
}

async fn status(scene: &Scene) -> Vec<Value> {
    let status = scene.installation.run(&["secrets", "status", "--json"]).await;
    assert!(status.status.success(), "{}", status.err);
    serde_json::from_str(&status.out).unwrap()
}

/// How many rows of `kind` are kept under the key that writes, and under the others.
fn rows(status: &[Value], kind: &str) -> (i64, i64) {
    let of = |writes: bool| {
        let keys = status.iter().filter(|key| key["writes"] == writes);
        let kept = keys.flat_map(|key| key["kept"].as_array().unwrap());
        kept.filter(|it| it["kind"] == kind).map(|it| it["rows"].as_i64().unwrap()).sum()
    };
    (of(true), of(false))
}

fn old_can_go(status: &[Value]) -> bool {
    let old = status.iter().find(|key| key["writes"] == false && !key["keyId"].is_null());
    old.unwrap()["canGo"] == true
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_old_key_goes() {
    let (mut scene, smtp) = with_mail().await;
    let serving = scene.serve().await;
    let log_in = async |api: &Api| api.login().await.expect(200).text("loginTicket");
    let ticket = log_in(&serving.api).await;
    let answer = serving.api.verify(&ticket, &scene.code()).await.expect(200);
    let refresh = json!({ "refreshToken": answer.text("refreshToken") });
    let refreshed = serving.api.post("refresh", refresh).await.expect(200);
    scene.the_wait_passes().await;
    let ticket = log_in(&serving.api).await;
    let code = scene.code();
    drop(serving);

    scene.installation.set("SECRET_KEY", format!("{NEW},{SECRET_KEY}"));
    let before = status(&scene).await;
    for kind in ["signing-keys", "emails", "codes", "sessions"] {
        assert_eq!(rows(&before, kind), (0, 1), "{kind}: {before:?}");
    }
    assert!(!old_can_go(&before), "{before:?}");
    let rotated = scene.installation.run(&["secrets", "rotate"]).await;
    assert!(rotated.status.success(), "{}", rotated.err);
    let told = "1 signing keys encrypted anew\n0 seeds of apps encrypted anew\n1 e-mails";
    assert!(rotated.out.starts_with(told), "{}", rotated.out);
    let rotated = status(&scene).await;
    assert_eq!(rows(&rotated, "signing-keys"), (1, 0));
    assert_eq!(rows(&rotated, "emails"), (1, 0));
    assert_eq!(rows(&rotated, "codes"), (0, 1), "those run out by themselves");
    assert!(!old_can_go(&rotated), "{rotated:?}");

    let serving = scene.serve().await;
    let second = serving.api.verify(&ticket, &code).await.expect(200).text("refreshToken");
    let refresh = json!({ "refreshToken": refreshed.text("refreshToken") });
    let refreshed = serving.api.post("refresh", refresh).await.expect(200);
    serving.api.post("refresh", json!({ "refreshToken": second })).await.expect(200);
    let after = status(&scene).await;
    assert!(old_can_go(&after), "{after:?}");
    drop(serving);

    scene.installation.set("SECRET_KEY", NEW);
    smtp.always(None);
    the_next_attempt_is_due(&scene.database).await;
    let serving = scene.serve().await;
    serving.api.profile(&answer.text("token")).await.expect(200);
    let refresh = json!({ "refreshToken": refreshed.text("refreshToken") });
    serving.api.post("refresh", refresh).await.expect(200);
    until("the e-mail", async || smtp.mails().len() == 1).await;
    let link = json!({ "token": smtp.only_mail_to(EMAIL).token() });
    serving.api.post("email/verify", link).await.expect(200);
}

/// Somebody's sign-in, by its first refresh token.
async fn sign_in(scene: &Scene, api: &Api) -> String {
    let ticket = api.login().await.expect(200).text("loginTicket");
    api.verify(&ticket, &scene.code()).await.expect(200).text("refreshToken")
}

/// Sessions that the old key is needed for, since no key is noted for their first token.
fn first_tokens(status: &[Value]) -> i64 {
    let (of_new, of_old) = rows(status, "first-tokens");
    assert_eq!(of_new, 0, "what the key that writes has marked is no reason to keep another");
    of_old
}

/// Two hours pass for the sessions that there are, and for what was sealed.
async fn hours_pass(database: &PgPool) {
    let statements = "BEGIN; \
        UPDATE sessions SET created_at = created_at - interval '2 hours', \
            authenticated_at = authenticated_at - interval '2 hours', \
            last_seen_at = last_seen_at - interval '2 hours'; \
        SET LOCAL session_replication_role = replica; \
        UPDATE audit_chain SET sealed_at = sealed_at - interval '2 hours'; \
        COMMIT";
    sqlx::raw_sql(statements).execute(database).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_refresh_token_keeps_the_old_key_until_it_is_exchanged() {
    let (mut scene, _smtp) = with_mail().await;
    let serving = scene.serve().await;
    let of_old = sign_in(&scene, &serving.api).await;
    drop(serving);

    scene.installation.set("SECRET_KEY", format!("{NEW},{SECRET_KEY}"));
    let serving = scene.serve().await;
    let rotated = scene.installation.run(&["secrets", "rotate"]).await;
    assert!(rotated.status.success(), "{}", rotated.err);
    scene.the_wait_passes().await;
    // Where another replica might not have been restarted yet, this one would be of the old key.
    let of_the_change = sign_in(&scene, &serving.api).await;
    assert_eq!(first_tokens(&status(&scene).await), 2);
    let unsealed = "SELECT count(*) FROM audit_events \
        WHERE id NOT IN (SELECT event_id FROM audit_chain)";
    until("every event is sealed", async || scene.count(unsealed).await == 0).await;
    hours_pass(&scene.database).await;
    scene.the_wait_passes().await;
    let of_new = sign_in(&scene, &serving.api).await;
    let before = status(&scene).await;
    assert_eq!(first_tokens(&before), 2, "{before:?}");
    assert!(!old_can_go(&before), "{before:?}");

    let mut last = vec![of_new];
    for (refresh, left) in [(of_old, 1), (of_the_change, 0)] {
        let refreshed = serving.api.post("refresh", json!({ "refreshToken": refresh })).await;
        last.push(refreshed.expect(200).text("refreshToken"));
        let status = status(&scene).await;
        assert_eq!(first_tokens(&status), left, "{status:?}");
        assert_eq!(old_can_go(&status), left == 0, "{status:?}");
    }
    drop(serving);
    scene.installation.set("SECRET_KEY", NEW);
    let serving = scene.serve().await;
    for refresh in last {
        serving.api.post("refresh", json!({ "refreshToken": refresh })).await.expect(200);
    }
}

async fn the_next_attempt_is_due(database: &PgPool) {
    sqlx::query("UPDATE email_outbox SET next_attempt_at = created_at")
        .execute(database)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_killed_goes_on_beside_a_server_at_work() {
    let (mut scene, smtp) = with_mail().await;
    let serving = scene.serve().await;
    many_register(&serving.api, 0..PEOPLE).await;
    drop(serving);
    scene.installation.set("SECRET_KEY", format!("{NEW},{SECRET_KEY}"));

    // The last row is of the second batch, which has to wait for it.
    let held = scene
        .lock("SELECT FROM email_outbox WHERE id = (SELECT max(id::text)::uuid FROM email_outbox) FOR UPDATE")
        .await;
    let settings = scene.installation.settings();
    let path = &scene.installation.directory.path;
    let rotating = Ringfence::start(&["secrets", "rotate"], path, &settings);
    scene.until_it_waits_with("UPDATE email_outbox SET variables").await;
    rotating.crash();
    // A statement that waits for a lock does not notice by itself that nobody waits for it.
    let waiting = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    sqlx::query(waiting).execute(&scene.database).await.unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until("nobody waits", async || scene.count(waiting).await == 0).await;
    drop(held);
    let killed = status(&scene).await;
    assert_eq!(rows(&killed, "emails"), (100, 31), "{killed:?}");

    // E-mails are sent, and more are written, while the rest is encrypted anew.
    smtp.always(None);
    the_next_attempt_is_due(&scene.database).await;
    let serving = scene.serve().await;
    let (rotated, ()) = tokio::join!(
        scene.installation.run(&["secrets", "rotate"]),
        many_register(&serving.api, PEOPLE..PEOPLE + 20),
    );
    assert!(rotated.status.success(), "{}", rotated.err);
    assert_eq!(rows(&status(&scene).await, "emails").1, 0);
    drop(serving);
    scene.installation.set("SECRET_KEY", NEW);
    the_next_attempt_is_due(&scene.database).await;
    let _serving = scene.serve().await;
    until("every e-mail", async || {
        scene.count("SELECT count(*) FROM email_outbox WHERE state <> 'sent'").await == 0
    })
    .await;
    let mails = smtp.mails();
    let people: std::collections::BTreeSet<_> = mails.iter().map(|mail| &mail.to).collect();
    assert_eq!(people.len(), PEOPLE + 20 + 1, "everybody has got one that could be read");
}

#[tokio::test]
async fn what_cannot_be_read_is_told_and_stays() {
    let (mut scene, _smtp) = with_mail().await;
    scene.serve().await;
    scene.installation.set("SECRET_KEY", NEW);
    let refused = scene.installation.run(&["secrets", "rotate"]).await;
    assert!(refused.complaint().contains("2 could not be read"), "{}", refused.err);
    assert!(refused.out.contains("NOT IN SECRET_KEY: what is under it is lost"), "{}", refused.out);
    scene.installation.set("SECRET_KEY", SECRET_KEY);
    let people = scene.installation.run(&["secrets", "status"]).await.out;
    assert!(people.contains("  writes\n") && people.contains("1  e-mails that wait"), "{people}");
    let database = database::pool(scene.installation.database.options.clone(), 1);
    let failed = "SELECT count(*) FROM email_outbox WHERE state <> 'queued'";
    let failed: i64 = sqlx::query_scalar(failed).fetch_one(&database).await.unwrap();
    assert_eq!(failed, 0);
}
