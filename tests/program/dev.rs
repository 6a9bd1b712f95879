//! `ringfence dev`: everything without any setting, and nothing left behind.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use rustix::process::Signal;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use super::banner::Dev;
use super::child::{Ringfence, SOON, Scratch};
use super::processes::Postgres;

#[tokio::test]
async fn the_banner_tells_the_truth_and_its_walk_leads_to_a_profile() {
    let directory = Scratch::new();
    let dev = Dev::start(&directory).await;
    for page in [&dev.demo, &dev.docs, &dev.inbox] {
        let page = dev.api.client.get(page).send().await.unwrap();
        assert_eq!(page.status(), 200);
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    }

    let walked = dev.paste_walk(&directory.path);
    let [registered, login, profile] = &walked[..] else { panic!("{walked:?}") };
    assert_eq!(login["requiresOtp"], true, "{login}");
    assert_eq!(profile["id"], registered["userId"], "{profile}");
    assert_eq!(profile["isVerified"], true, "{profile}");

    let mut database = PgConnection::connect(&dev.database).await.unwrap();
    let email: String =
        sqlx::query_scalar("SELECT email FROM users").fetch_one(&mut database).await.unwrap();
    assert_eq!(profile["email"], email);
    database.close().await.unwrap();

    // Ctrl-C ends the server and its database; the next start finds everything again.
    let postgres = Postgres::of(&directory.path);
    dev.program.signal(Signal::INT);
    let ended = dev.program.ended(SOON).await;
    assert!(ended.status.success(), "{}", ended.err);
    postgres.gone().await;
    assert_stopped_cleanly(&directory.path);

    let again = Dev::start(&directory).await;
    let login = json!({"email": email, "password": "correct horse battery"});
    let login = again.api.post("login", login).await.expect(200);
    assert_eq!(login.body["requiresOtp"], false, "the phone is still verified");
    let profile = again.api.profile(&login.text("token")).await.expect(200);
    assert_eq!(profile.body["email"], email);
    again.program.signal(Signal::INT);
    assert!(again.program.ended(SOON).await.status.success());
}

#[tokio::test]
async fn after_kill_9_no_database_is_left_and_the_next_start_finds_its_data() {
    let directory = Scratch::new();
    let dev = Dev::start(&directory).await;
    dev.api.register().await.expect(201);
    let postgres = Postgres::of(&directory.path);
    dev.program.crash();
    postgres.gone().await;

    let again = Dev::start(&directory).await;
    again.api.login().await.expect(200);
    let postgres = Postgres::of(&directory.path);
    again.program.signal(Signal::TERM);
    assert!(again.program.ended(SOON).await.status.success());
    postgres.gone().await;
}

#[tokio::test]
async fn production_is_refused_before_anything_is_made() {
    let directory = Scratch::new();
    for arguments in [&[][..], &["dev"]] {
        let refused =
            Ringfence::run(arguments, &directory.path, &[("APP_ENV", "production")]).await;
        let complaint = refused.complaint();
        assert!(complaint.contains("refuses to run with APP_ENV=production"), "{complaint}");
        assert!(complaint.contains("ringfence serve"), "{complaint}");
        assert_eq!(complaint.lines().count(), 1);
    }
    assert_eq!(fs::read_dir(&directory.path).unwrap().count(), 0, "something was made");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_in_one_sentence_and_leaves_no_database() {
    let directory = Scratch::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let port = address.port().to_string();
    let refused = Ringfence::run(&["dev"], &directory.path, &[("PORT", &port)]).await;
    let complaint = refused.complaint();
    let told = format!("ringfence: cannot listen on {address}; is another server there?");
    assert!(complaint.starts_with(&told) && complaint.contains("PORT"), "{complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    assert!(!refused.out.contains("ready"), "{}", refused.out);
    assert_stopped_cleanly(&directory.path);
}

#[tokio::test]
async fn a_second_dev_in_the_same_directory_is_told_why_not() {
    let directory = Scratch::new();
    let first = Dev::start(&directory).await;
    let second = Ringfence::run(&["dev"], &directory.path, &[("PORT", "0")]).await;
    assert_eq!(second.complaint().lines().count(), 1, "{}", second.err);
    first.api.register().await.expect(201);
    first.program.signal(Signal::INT);
    assert!(first.program.ended(SOON).await.status.success());
}

/// PostgreSQL removes this file as the last thing that it does.
fn assert_stopped_cleanly(directory: &Path) {
    assert!(
        directory.join(".ringfence/postgres/data/PG_VERSION").exists(),
        "there was no database"
    );
    assert!(!directory.join(".ringfence/postgres/data/postmaster.pid").exists());
}
