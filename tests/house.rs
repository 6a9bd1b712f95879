//! The house kept as `ARCHITECTURE.md` draws it: who may import whom, whose table is whose, how long a
//! file may be, and that the documents made from the code are those of the code.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot read the tree has failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use ringfence::api::openapi::document_bytes;
use ringfence::config::{Environment, Settings};
use ringfence::http::Kind;

const LINES_MAX: usize = 400;

const CAPABILITIES: [&str; 7] =
    ["known_devices", "login_tickets", "otp", "passwords", "sessions", "tokens", "users"];

/// The table of floors: a room and the rooms that it may import. Capabilities are in
/// [`CAPABILITIES`], and may import what [`OF_CAPABILITIES`] says.
const FLOORS: [(&str, &[&str]); 10] = [
    ("foundation", &[]),
    ("http", &["foundation"]),
    ("database", &["foundation"]),
    ("observability", &["foundation"]),
    ("state", &["CAPABILITIES", "database", "foundation"]),
    ("config", &["state", "CAPABILITIES", "http", "foundation"]),
    ("pages", &["CAPABILITIES", "http", "foundation"]),
    ("api", &["pages", "state", "CAPABILITIES", "http", "database", "foundation"]),
    ("app", &["api", "pages", "config", "state", "CAPABILITIES", "http", "database", "foundation"]),
    ("cli", &["EVERYTHING"]),
];
const OF_CAPABILITIES: &[&str] = &["database", "foundation"];

struct Source {
    path: PathBuf,
    /// The room it is in: the first part of its path below `src/`.
    room: String,
    text: String,
}

impl Source {
    /// The code without line comments.
    fn code(&self) -> impl Iterator<Item = &str> {
        self.text.lines().map(|line| line.split("//").next().unwrap_or_default())
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

fn sources() -> Vec<Source> {
    let files = rust_files("src").into_iter();
    files
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let path = file.strip_prefix(root().join("src")).unwrap().to_path_buf();
            let room = path.iter().next().unwrap().to_str().unwrap();
            let room = room.trim_end_matches(".rs").to_owned();
            Source { path, room, text }
        })
        .filter(|source| !["main", "lib"].contains(&source.room.as_str()))
        .collect()
}

/// The rooms that a room may import; `None`: it is on no floor.
fn allowed(room: &str) -> Option<Vec<&'static str>> {
    if CAPABILITIES.contains(&room) {
        return Some(OF_CAPABILITIES.to_vec());
    }
    let (_, rooms) = FLOORS.iter().find(|(name, _)| *name == room)?;
    Some(rooms.iter().flat_map(|name| expand(name)).collect())
}

fn expand(name: &'static str) -> Vec<&'static str> {
    match name {
        "CAPABILITIES" => CAPABILITIES.to_vec(),
        "EVERYTHING" => FLOORS.iter().map(|(name, _)| *name).chain(CAPABILITIES).collect(),
        name => vec![name],
    }
}

/// The rooms that a line names by `crate::`, also in groups: `use crate::{a, b}`.
fn named_rooms(line: &str) -> Vec<String> {
    line.match_indices("crate::")
        .filter(|(at, _)| !line[..*at].ends_with('$'))
        .map(|(at, found)| {
            let rest = &line[at + found.len()..];
            assert!(!rest.starts_with('{'), "one `use` for each room, please: {line}");
            rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        })
        .collect()
}

#[test]
fn imports_follow_the_table_of_floors() {
    let mut faults = Vec::new();
    for source in sources() {
        let Some(allowed) = allowed(&source.room) else {
            faults.push(format!("{} is in a room on no floor", source.path.display()));
            continue;
        };
        for named in source.code().flat_map(named_rooms) {
            if named != source.room && !allowed.contains(&named.as_str()) {
                let path = source.path.display();
                faults.push(format!(
                    "{path} uses crate::{named}; {} may use {allowed:?}",
                    source.room
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_room_of_the_library_is_on_a_floor_and_the_other_way_round() {
    let declared: BTreeSet<_> = read("src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned))
        .collect();
    let on_floors: BTreeSet<_> =
        FLOORS.iter().map(|(name, _)| *name).chain(CAPABILITIES).map(str::to_owned).collect();
    assert_eq!(declared, on_floors);
    let map = read("ARCHITECTURE.md");
    for room in declared {
        assert!(map.contains(&format!("`{room}`")), "ARCHITECTURE.md does not name {room}");
    }
}

#[test]
fn a_table_is_named_in_the_sql_of_one_room_only() {
    let tables: BTreeSet<String> = fs::read_dir(root().join("migrations"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .flat_map(|sql| {
            let names = sql.lines().filter_map(|line| line.strip_prefix("CREATE TABLE "));
            names.map(|name| name.trim_end_matches(" (").to_owned()).collect::<Vec<_>>()
        })
        .collect();
    assert!(tables.contains("users"), "the migrations are not read rightly");
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        let code = source.code().collect::<Vec<_>>().join("\n");
        let words: Vec<_> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let pairs = words.iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
        for pair in pairs.windows(2) {
            let is_sql = ["FROM", "INTO", "UPDATE", "JOIN"].contains(pair[0]);
            if is_sql && tables.contains(*pair[1]) {
                rooms.entry((*pair[1]).to_owned()).or_default().insert(source.room.clone());
            }
        }
    }
    for table in tables {
        let rooms = rooms.get(&table).cloned().unwrap_or_default();
        assert_eq!(rooms.len(), 1, "{table} is named in the SQL of {rooms:?}");
    }
}

#[test]
fn every_file_says_what_it_is_and_is_not_too_long() {
    for folder in ["src", "tests", "examples", "benches"] {
        for file in rust_files(folder) {
            let text = fs::read_to_string(&file).unwrap();
            let path = file.strip_prefix(root()).unwrap().display().to_string();
            assert!(text.starts_with("//!"), "{path} does not say at its top what it is");
            let lines = text.lines().count();
            assert!(lines <= LINES_MAX, "{path} has {lines} lines");
        }
    }
}

#[test]
fn the_database_is_never_asked_for_the_time() {
    let migrations = fs::read_dir(root().join("migrations")).unwrap();
    let sql = migrations.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    let code = sources().into_iter().map(|source| source.code().collect::<Vec<_>>().join("\n"));
    for text in sql.chain(code) {
        for clock in
            ["now() AT", "= now()", "> now()", "< now()", "CURRENT_TIMESTAMP", "clock_timestamp"]
        {
            assert!(!text.contains(clock), "{clock} in {text}");
        }
    }
}

#[test]
fn only_http_and_api_know_http_statuses() {
    for source in sources() {
        let knows = source.code().any(|line| line.contains("StatusCode"));
        let is_test = source.path.ends_with("tests.rs");
        let may = ["http", "api"].contains(&source.room.as_str()) || is_test;
        assert!(may || !knows, "{} names StatusCode", source.path.display());
    }
}

#[test]
fn every_migration_can_be_taken_back_and_explains_its_tables() {
    let names: BTreeSet<String> = fs::read_dir(root().join("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for name in names.iter().filter(|name| name.ends_with(".up.sql")) {
        assert!(names.contains(&name.replace(".up.", ".down.")), "{name} has no way back");
        let sql = read(&format!("migrations/{name}"));
        let tables = sql.matches("CREATE TABLE ").count();
        assert_eq!(sql.matches("COMMENT ON TABLE ").count(), tables, "{name}");
    }
}

/// The names that the settings ask for, found in the sources.
fn settings_asked_for() -> BTreeSet<String> {
    let sections = read("src/config/sections.rs")
        + &read("src/config/providers.rs")
        + &read("src/config/settings.rs");
    sections
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| {
            text.starts_with(|c: char| c.is_ascii_uppercase())
                && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        })
        .map(str::to_owned)
        .collect()
}

fn settings_of_the_example() -> Vec<(String, String)> {
    let example = read(".env.example");
    let lines = example.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (name, value) = line.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

#[test]
fn the_example_of_settings_has_exactly_the_names_that_are_read() {
    let example: BTreeSet<_> =
        settings_of_the_example().into_iter().map(|(name, _)| name).collect();
    assert_eq!(example, settings_asked_for());
    let described = read("docs/configuration.md");
    for name in example {
        assert!(described.contains(&format!("`{name}`")), "docs/configuration.md lacks {name}");
    }
}

#[test]
fn the_example_of_settings_tells_the_defaults() {
    let needed = [
        ("BASE_URL", "https://auth.example.com"),
        ("SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ("DATABASE_URL", "postgres://localhost/ringfence"),
        ("SINCH_APP_KEY", "key"),
        ("SINCH_APP_SECRET", "c2VjcmV0"),
    ];
    let needed: Vec<_> = needed.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let example = settings_of_the_example().into_iter().filter(|(_, value)| !value.is_empty());
    let with_example: Vec<_> = example.chain(needed.clone()).collect();
    let shown = |pairs: Vec<(String, String)>| {
        let (_, in_force) = Settings::read(&Environment::of_pairs(pairs)).unwrap();
        let values = in_force.values.into_iter();
        values.map(|(name, value)| (name, value.replace(" (default)", ""))).collect::<Vec<_>>()
    };
    assert_eq!(shown(with_example), shown(needed));
}

#[test]
fn the_document_of_the_api_is_current() {
    let current = document_bytes();
    let kept = read("docs/openapi.json");
    assert!(kept.as_bytes() == current, "renew it: cargo run -- openapi > docs/openapi.json");
}

#[test]
fn every_reference_in_the_document_of_the_api_leads_somewhere() {
    let document: serde_json::Value = serde_json::from_slice(&document_bytes()).unwrap();
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    let text = document.to_string();
    for reference in text.split(r##""$ref":"#"##).skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "nothing is at {pointer}");
    }
}

#[test]
fn the_catalogue_of_errors_is_current() {
    let mut wanted = String::from(
        "# Errors\n\nEvery refusal is a problem document (RFC 9457). Programs branch on `code`; `detail` is for \
         people and may change.\n\n| status | code | title | when, and what to do |\n|---|---|---|---|\n",
    );
    for kind in Kind::ALL {
        let entry = kind.entry();
        let (status, code) = (entry.status.as_u16(), entry.code);
        let (title, words) = (entry.title, entry.description);
        writeln!(wanted, "| {status} | `{code}` | {title} | {words} |").unwrap();
    }
    wanted += "\nWith `validation_failed`, `errors` has an entry `{field, message, code}` for everything that is \
               wrong:\n`required`, `wrong_type`, `unknown_field`, `ambiguous`, `email_invalid`, `phone_invalid`,\n\
               `phone_type_not_supported`, `phone_country_not_supported`, `otp_code_invalid`, `channel_unknown`,\n\
               `password_too_short`, `password_too_long`, `password_common`, `password_contains_email`,\n\
               `password_contains_phone`, `password_composition`.\n";
    assert!(read("docs/errors.md") == wanted, "docs/errors.md should read:\n{wanted}");
}
