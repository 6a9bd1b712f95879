//! `ringfence migrate`: up, down and up again, and what administrators find.

use std::path::Path;
use std::time::Duration;

use ringfence::database::{MIGRATOR, pool};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use super::child::{Ended, Ringfence, SOON, Scratch};
use super::postgres::TestDatabase;
use super::scene::until;

#[tokio::test]
async fn the_schema_goes_up_and_down_step_by_step_and_up_again() {
    let (database, directory) = (TestDatabase::empty().await, Scratch::new());
    let migrate = async |command| migrate(&database, &directory.path, command).await;
    let pending = states(&migrate("status").await);
    let all = pending.len();
    assert!(all > 0 && pending.iter().all(|state| state == "pending"), "{pending:?}");

    assert_eq!(states(&migrate("run").await), vec!["applied"; all]);
    let tables = ask(&database, TABLES).await;
    assert!(tables.contains(&"users".to_owned()), "{tables:?}");
    for applied in (0..all).rev() {
        let states = states(&migrate("revert").await);
        let wanted = [vec!["applied"; applied], vec!["pending"; all - applied]].concat();
        assert_eq!(states, wanted);
    }
    assert_eq!(ask(&database, EVERYTHING_OF_OURS).await, Vec::<String>::new());
    let nothing_left = migrate("revert").await;
    assert_eq!(nothing_left.complaint(), "ringfence: no migration is applied");

    assert_eq!(states(&migrate("run").await), vec!["applied"; all]);
    assert_eq!(ask(&database, TABLES).await, tables);
    assert_eq!(states(&migrate("run").await), vec!["applied"; all], "a second run does nothing");
}

#[tokio::test]
async fn two_runs_at_once_wait_for_each_other() {
    let (database, directory) = (TestDatabase::empty().await, Scratch::new());
    let run = || migrate(&database, &directory.path, "run");
    let (one, other) = tokio::join!(run(), run());
    for ended in [one, other] {
        assert!(states(&ended).iter().all(|state| state == "applied"), "{}", ended.out);
    }
}

#[tokio::test]
async fn a_migration_gives_up_where_a_dump_holds_a_table_rather_than_hold_up_who_reads_it() {
    let directory = Scratch::new();
    // 0025 adds a column to users.
    for (command, applied) in [("run", 24), ("revert", 25)] {
        let database = migrated_to(applied).await;
        let before = states(&migrate(&database, &directory.path, "status").await);
        let dump = hold(&database, "LOCK TABLE users IN ACCESS SHARE MODE").await;
        let migrating = start(&database, &directory.path, command);
        until_it_waits_with(&database, "ALTER TABLE users").await;
        let read = ask(&database, "SELECT email FROM users");
        let read = tokio::time::timeout(SOON, read).await;
        assert_eq!(read.expect("users are read while the dump goes on"), Vec::<String>::new());
        let given_up = migrating.ended(SOON).await;
        let told = "no lock was to be had within 5 s, so migration 0025 was given up and changed \
            nothing; try again when no dump and no other long transaction is at work";
        assert!(given_up.complaint().ends_with(told), "{}", given_up.err);
        assert_eq!(states(&migrate(&database, &directory.path, "status").await), before);

        dump.close().await.unwrap();
        let after = states(&migrate(&database, &directory.path, command).await);
        let is_applied = after[24] == "applied";
        assert_eq!(is_applied, command == "run", "{after:?}");
    }
}

#[tokio::test]
async fn an_index_that_is_built_beside_the_work_waits_for_as_long_as_it_must() {
    let (database, directory) = (migrated_to(16).await, Scratch::new());
    let writing = hold(&database, "LOCK TABLE sessions IN ROW EXCLUSIVE MODE").await;
    let migrating = start(&database, &directory.path, "run");
    until_it_waits_with(&database, "CREATE INDEX CONCURRENTLY sessions_ended_at_idx").await;
    // Longer than a table is waited for.
    tokio::time::sleep(Duration::from_secs(6)).await;
    writing.close().await.unwrap();
    let states = states(&migrating.ended(SOON).await);
    assert!(states.iter().all(|state| state == "applied"), "{states:?}");
}

#[tokio::test]
async fn every_table_and_column_has_a_comment() {
    let database = TestDatabase::new().await;
    assert_eq!(ask(&database, WITHOUT_COMMENT).await, Vec::<String>::new());
    assert!(ask(&database, COMMENTED).await.contains(&"users.sinch_verification_id".to_owned()));
}

#[tokio::test]
async fn a_step_back_leaves_every_comment_as_it_was_before_the_step() {
    let database = TestDatabase::empty().await;
    let mut connection = database.options.connect().await.unwrap();
    let (mut before, mut last) = (ask(&database, COMMENTS).await, 0);
    for step in MIGRATOR.iter().filter(|it| it.migration_type.is_up_migration()) {
        MIGRATOR.run_to(step.version, &mut connection).await.unwrap();
        let after = ask(&database, COMMENTS).await;
        MIGRATOR.undo(&mut connection, last).await.unwrap();
        assert_eq!(ask(&database, COMMENTS).await, before, "back from {}", step.version);
        MIGRATOR.run_to(step.version, &mut connection).await.unwrap();
        (before, last) = (after, step.version);
    }
    assert!(!before.is_empty());
}

#[tokio::test]
async fn no_statement_needs_a_superuser() {
    let (database, directory) = (TestDatabase::empty().await, Scratch::new());
    let mut admin = database.options.connect().await.unwrap();
    for statement in ["CREATE ROLE schema_owner LOGIN", "ALTER SCHEMA public OWNER TO schema_owner"]
    {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
    }
    let url = database.url.replace("//ringfence@", "//schema_owner@");
    assert_ne!(url, database.url);
    let settings = [("DATABASE_URL", url.as_str())];
    for command in ["run", "revert", "run"] {
        let ended = Ringfence::run(&["migrate", command], &directory.path, &settings).await;
        assert!(ended.status.success(), "{command}: {}", ended.err);
    }
}

/// All that the migrations may make, but for sqlx's own book.
const EVERYTHING_OF_OURS: &str = "
    SELECT relname::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_sqlx\\_migrations%'
    UNION ALL
    SELECT typname::text FROM pg_type
    WHERE typnamespace = 'public'::regnamespace AND typname NOT LIKE '%\\_sqlx\\_migrations'
    UNION ALL
    SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace";

const TABLES: &str = "
    SELECT relname::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> '_sqlx_migrations'
    ORDER BY 1";

const WITHOUT_COMMENT: &str = "
    SELECT relname::text
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> '_sqlx_migrations'
        AND coalesce(trim(obj_description(oid, 'pg_class')), '') = ''
    UNION ALL
    SELECT relname || '.' || attname
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> '_sqlx_migrations'
        AND attnum > 0 AND NOT attisdropped
        AND coalesce(trim(col_description(attrelid, attnum)), '') = ''";

const COMMENTED: &str = "
    SELECT attrelid::regclass::text || '.' || attname
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0
        AND col_description(attrelid, attnum) IS NOT NULL";

const COMMENTS: &str = "
    SELECT concat_ws(': ', relname, attname, description)
    FROM pg_description JOIN pg_class ON pg_class.oid = objoid
        LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid AND attnum > 0
    WHERE classoid = 'pg_class'::regclass AND relnamespace = 'public'::regnamespace
    ORDER BY 1";

async fn migrate(database: &TestDatabase, directory: &Path, command: &str) -> Ended {
    start(database, directory, command).ended(super::child::START).await
}

fn start(database: &TestDatabase, directory: &Path, command: &str) -> Ringfence {
    let settings = [("DATABASE_URL", database.url.as_str())];
    Ringfence::start(&["migrate", command], directory, &settings)
}

/// A database that has the migrations up to `version`.
async fn migrated_to(version: i64) -> TestDatabase {
    let database = TestDatabase::empty().await;
    let pool = pool(database.options.clone(), 1);
    MIGRATOR.run_to(version, &pool).await.unwrap();
    pool.close().await;
    database
}

/// Begins a transaction with this statement, which takes a lock until the connection is closed.
async fn hold(database: &TestDatabase, statement: &str) -> PgConnection {
    let mut connection = database.options.connect().await.unwrap();
    let begin = AssertSqlSafe(format!("BEGIN; {statement}"));
    sqlx::raw_sql(begin).execute(&mut connection).await.unwrap();
    connection
}

/// Somebody must be waiting for a lock with this statement, by then or soon.
async fn until_it_waits_with(database: &TestDatabase, statement: &str) {
    let mut connection = database.options.connect().await.unwrap();
    let query = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND strpos(query, $1) > 0";
    until(&format!("{statement} waits"), async || {
        let waiting = sqlx::query_scalar::<_, i64>(query).bind(statement);
        waiting.fetch_one(&mut connection).await.unwrap() == 1
    })
    .await;
}

/// The last word of each line, which says how a migration stands.
fn states(ended: &Ended) -> Vec<String> {
    assert!(ended.status.success(), "{}", ended.err);
    let last = |line: &str| line.split_whitespace().last().unwrap().to_owned();
    ended.out.lines().map(last).collect()
}

async fn ask(database: &TestDatabase, question: &'static str) -> Vec<String> {
    let mut connection = database.options.connect().await.unwrap();
    sqlx::query_scalar(question).fetch_all(&mut connection).await.unwrap()
}
