//! Where SQL is, and what it never asks.

use std::collections::{BTreeMap, BTreeSet};

use super::sources::{Source, files_under, program};

/// The words that a table's name follows.
const BEFORE_A_TABLE: &[&str] = &["FROM", "JOIN", "INTO", "UPDATE", "USING", "TABLE"];
/// What the database's clock is read by. `now()` apart: it is also a function of ours.
const CLOCKS: &[&str] = &[
    "current_timestamp",
    "localtimestamp",
    "current_time",
    "localtime",
    "current_date",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "timeofday",
];

#[test]
fn every_table_is_named_in_the_sql_of_one_room() {
    let tables = tables();
    let mut rooms: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for source in program() {
        let code: String = source.code().flat_map(|(_, line)| [line, "\n"]).collect();
        let words: Vec<&str> = words(&code).collect();
        for pair in words.windows(2) {
            let [before, name] = pair else { unreachable!("windows of two") };
            if let Some(table) = tables.get(*name).filter(|_| BEFORE_A_TABLE.contains(before)) {
                rooms.entry(table).or_default().insert(source.room().to_owned());
            }
        }
    }
    for table in &tables {
        let rooms = rooms.get(table.as_str());
        let rooms = rooms.unwrap_or_else(|| panic!("{table} is in no room's SQL"));
        assert_eq!(rooms.len(), 1, "{table} is in the SQL of {rooms:?}");
    }
}

#[test]
fn the_time_is_never_taken_from_the_database() {
    let migrations = files_under("migrations", ".sql");
    for source in program().iter().chain(&migrations) {
        for (line, code) in source.code() {
            let code = code.split("--").next().unwrap();
            let clock =
                words(code).find(|word| CLOCKS.contains(&word.to_ascii_lowercase().as_str()));
            assert_eq!(clock, None, "{}:{line}: hand the time in", source.path);
            assert!(!asks_now(code), "{}:{line}: hand the time in", source.path);
        }
    }
}

#[test]
fn every_migration_has_a_way_back() {
    let ups = names(".up.sql");
    assert_eq!(ups, names(".down.sql"));
    for (at, name) in ups.iter().enumerate() {
        let number = format!("migrations/{:04}_", at + 1);
        assert!(name.starts_with(&number), "{name} is not number {}", at + 1);
    }
    assert_eq!(files_under("migrations", "").len(), ups.len() * 2, "something else is there");
}

fn names(ending: &str) -> Vec<String> {
    let files = files_under("migrations", ending);
    files.iter().map(|file| file.path.strip_suffix(ending).unwrap().to_owned()).collect()
}

fn tables() -> BTreeSet<String> {
    let migrations = files_under("migrations", ".up.sql");
    let made = |source: &Source| {
        let text = source.text.replace("CREATE UNLOGGED TABLE ", "CREATE TABLE ");
        let after: Vec<_> = text.split("CREATE TABLE ").skip(1).collect();
        after.into_iter().map(|rest| words(rest).next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let tables: BTreeSet<String> = migrations.iter().flat_map(made).collect();
    assert!(tables.contains("users"), "the tables are not found");
    tables
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    words.filter(|word| !word.is_empty())
}

/// `now()` as SQL has it: not a method, not a function of some type or module.
fn asks_now(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    code.match_indices("now()").any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|it| it.is_ascii_alphanumeric() || ['_', '.', ':'].contains(&it))
    })
}

#[test]
fn a_call_of_now_in_sql_is_told_from_one_of_ours() {
    for sql in ["DEFAULT now()", "(NOW(), $1)", "now() - interval '1 day'", "= now()"] {
        assert!(asks_now(sql), "{sql}");
    }
    for ours in ["app.clock.now()", "Instant::now()", "fn is_now()"] {
        assert!(!asks_now(ours), "{ours}");
    }
}
