//! The private PostgreSQL, with real servers, each in a directory of its own.
#![cfg(all(unix, feature = "private-postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod crashes;
mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use ringfence::database::private_postgres::{
    BinarySearch, Durability, PrivatePostgres, PrivatePostgresError, Settings,
};
use sqlx::postgres::PgConnectOptions;

use support::{Scratch, ask, is_alive, postmaster, start};

#[tokio::test]
async fn a_started_server_answers_and_listens_on_no_network() {
    let scratch = Scratch::new("answers");
    let server = start(&scratch.path, Durability::Disposable).unwrap();
    assert_eq!(ask(&server.connect_options("postgres"), "SHOW listen_addresses").await, "");
    assert_eq!(ask(&server.connect_options("postgres"), "SHOW server_encoding").await, "UTF8");
    let sockets = fs::metadata(server.directory().join("run")).unwrap();
    assert_eq!(sockets.mode() & 0o777, 0o700);
    server.stop().unwrap();
}

#[tokio::test]
async fn a_second_start_finds_the_data_of_the_first() {
    let scratch = Scratch::new("again");
    let server = start(&scratch.path, Durability::Durable).unwrap();
    server.create_database("ringfence").await.unwrap();
    let first = postmaster(&server);
    ask(&server.connect_options("ringfence"), "CREATE TABLE kept AS SELECT 'kept' AS word").await;
    server.stop().unwrap();
    assert!(!is_alive(first));

    let server = start(&scratch.path, Durability::Durable).unwrap();
    server.create_database("ringfence").await.unwrap();
    assert_eq!(ask(&server.connect_options("ringfence"), "SELECT word FROM kept").await, "kept");
}

#[tokio::test]
async fn the_url_reaches_the_same_database_under_any_name() {
    let scratch = Scratch::new("url");
    let name = r#"odd "name" & a/slash?"#;
    let server = start(&scratch.path, Durability::Disposable).unwrap();
    server.create_database(name).await.unwrap();
    let options: PgConnectOptions = server.url(name).parse().unwrap();
    assert_eq!(ask(&options, "SELECT current_database()::text").await, name);
}

#[tokio::test]
async fn two_who_make_the_same_database_at_once_both_succeed() {
    let scratch = Scratch::new("race");
    let server = start(&scratch.path, Durability::Disposable).unwrap();
    let make = || server.create_database("wanted");
    let (first, second, third) = tokio::join!(make(), make(), make());
    first.and(second).and(third).unwrap();
}

#[test]
fn a_disposable_server_leaves_nothing_behind() {
    let scratch = Scratch::new("disposable");
    let server = start(&scratch.path, Durability::Disposable).unwrap();
    let postmaster = postmaster(&server);
    drop(server);
    assert!(!is_alive(postmaster));
    assert!(!scratch.path.exists());
}

#[test]
fn a_disposable_server_refuses_a_directory_with_the_files_of_others() {
    let scratch = Scratch::new("others");
    fs::create_dir(&scratch.path).unwrap();
    let precious = scratch.path.join("precious");
    fs::write(&precious, "").unwrap();
    let refusal = start(&scratch.path, Durability::Disposable).unwrap_err();
    assert!(matches!(refusal, PrivatePostgresError::NotEmpty { .. }), "{refusal}");
    assert!(precious.exists());
}

#[test]
fn a_second_start_while_the_first_lives_is_refused_by_name() {
    let scratch = Scratch::new("twice");
    let first = start(&scratch.path, Durability::Durable).unwrap();
    let postmaster = postmaster(&first);
    let refusal = start(&scratch.path, Durability::Durable).unwrap_err().to_string();
    assert!(refusal.contains(scratch.path.to_str().unwrap()), "{refusal}");
    assert!(refusal.contains(&std::process::id().to_string()), "{refusal}");
    assert!(is_alive(postmaster));
}

#[test]
fn without_binaries_one_sentence_says_what_to_do() {
    let scratch = Scratch::new("none");
    let empty = BinarySearch { directories: vec![scratch.path.clone()], cache: None };
    let settings =
        Settings { binaries: empty, ..Settings::new(&scratch.path, Durability::Disposable) };
    let refusal = PrivatePostgres::start(&settings).unwrap_err();
    assert!(matches!(refusal, PrivatePostgresError::NoBinaries { .. }), "{refusal}");
    let sentence = refusal.to_string();
    assert!(sentence.contains("apt install postgresql"), "{sentence}");
    assert!(sentence.contains("DATABASE_URL"), "{sentence}");
    assert!(!sentence.contains('\n'), "{sentence}");
}

#[test]
fn programs_that_are_too_old_are_passed_over() {
    let scratch = Scratch::new("old");
    let old = scratch.path.join("bin");
    fs::create_dir_all(&old).unwrap();
    for program in ["postgres", "initdb"] {
        fs::write(old.join(program), "#!/bin/sh\necho 'postgres (PostgreSQL) 13.22'\n").unwrap();
        fs::set_permissions(old.join(program), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut settings = Settings::new(scratch.path.join("data"), Durability::Disposable);
    let machine = std::mem::replace(&mut settings.binaries.directories, vec![old]);
    settings.binaries.cache = None;
    let refusal = PrivatePostgres::start(&settings).unwrap_err();
    assert!(matches!(refusal, PrivatePostgresError::NoBinaries { .. }), "{refusal}");

    settings.binaries.directories.extend(machine);
    PrivatePostgres::start(&settings).unwrap().stop().unwrap();
}

#[test]
fn data_of_another_version_are_left_alone_and_named() {
    let scratch = Scratch::new("version");
    let data = scratch.path.join("data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let refusal = start(&scratch.path, Durability::Durable).unwrap_err().to_string();
    assert!(refusal.contains("made by PostgreSQL 9"), "{refusal}");
    assert!(refusal.contains(data.to_str().unwrap()), "{refusal}");
    assert!(data.join("PG_VERSION").exists());
}

#[test]
fn a_server_that_cannot_start_is_quoted() {
    let scratch = Scratch::new("quoted");
    let server = start(&scratch.path, Durability::Durable).unwrap();
    let settings = server.directory().join("data/postgresql.auto.conf");
    server.stop().unwrap();
    fs::write(&settings, "no_such_setting = 1\n").unwrap();
    let refusal = start(&scratch.path, Durability::Durable).unwrap_err().to_string();
    assert!(refusal.contains("no_such_setting"), "{refusal}");
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_works_even_with_odd_characters() {
    let scratch = Scratch::new("long");
    let directory = scratch.path.join(r#"a, "b" c"#).join("d".repeat(120));
    let server = start(&directory, Durability::Disposable).unwrap();
    let options: PgConnectOptions = server.url("postgres").parse().unwrap();
    let sockets = PathBuf::from(ask(&options, "SHOW unix_socket_directories").await);
    server.stop().unwrap();
    assert!(!sockets.exists());
    assert!(!directory.exists());

    let directory = scratch.path.join(r#"a, "b" c"#);
    let server = start(&directory, Durability::Disposable).unwrap();
    assert_eq!(ask(&server.connect_options("postgres"), "SELECT 'here'").await, "here");
}

#[tokio::test]
async fn a_directory_that_only_we_can_reach_works_and_is_found_again() {
    let scratch = Scratch::new("private");
    fs::create_dir(&scratch.path).unwrap();
    fs::set_permissions(&scratch.path, fs::Permissions::from_mode(0o700)).unwrap();
    let directory = scratch.path.join("postgres");
    for durability in [Durability::Disposable, Durability::Durable] {
        let server = start(&directory, durability).unwrap();
        let place = server.directory().to_owned();
        server.create_database("ringfence").await.unwrap();
        server.stop().unwrap();
        if durability == Durability::Durable {
            let server = start(&directory, durability).unwrap();
            assert_eq!(server.directory(), place);
            let found = ask(&server.connect_options("ringfence"), "SELECT 'found'").await;
            assert_eq!(found, "found");
            server.stop().unwrap();
            fs::remove_dir_all(&place).unwrap();
        } else {
            assert!(!place.exists());
            assert!(!directory.exists());
        }
    }
}
