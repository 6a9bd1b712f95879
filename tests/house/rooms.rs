//! Which room may know which. The map is the table in `src/lib.rs`; the law is here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::sources::{Source, program, root};

/// What the rooms of a floor may import: floors, and single rooms, by name.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    (
        "command line",
        &[
            "assembly",
            "door",
            "settings",
            "shared state",
            "capabilities",
            "infrastructure",
            "ground",
        ],
    ),
    ("assembly", &["door", "settings", "shared state", "capabilities", "infrastructure", "ground"]),
    // The API brings the pages under one roof with itself.
    ("door", &["pages", "settings", "shared state", "capabilities", "infrastructure", "ground"]),
    ("settings", &["shared state", "capabilities", "http", "observability", "ground"]),
    ("shared state", &["capabilities", "database", "ground"]),
    ("capabilities", &["database", "ground"]),
    ("infrastructure", &["ground"]),
    ("ground", &[]),
];

#[test]
fn the_map_has_every_room_and_the_law_every_floor() {
    let map = map();
    let mapped: BTreeSet<&str> = map.values().flatten().map(String::as_str).collect();
    let entries = fs::read_dir(root().join("src")).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    let rooms = names.iter().map(|name| name.trim_end_matches(".rs"));
    let rooms: BTreeSet<&str> = rooms.filter(|room| !["lib", "main"].contains(room)).collect();
    assert_eq!(mapped, rooms, "the table in src/lib.rs and the rooms of src/ differ");

    let floors: BTreeSet<&str> = map.keys().map(String::as_str).collect();
    let ruled: BTreeSet<&str> = MAY_IMPORT.iter().map(|(floor, _)| *floor).collect();
    assert_eq!(floors, ruled, "the floors of src/lib.rs and of this test differ");
}

#[test]
fn no_room_imports_what_its_floor_may_not_know() {
    let allowed = allowed();
    let mut seen = 0;
    for source in program() {
        if ["lib", "main"].contains(&source.room()) {
            continue;
        }
        let room = source.room();
        for (line, imported) in imports(&source) {
            seen += 1;
            let fine = imported == room || allowed[room].contains(&imported);
            assert!(fine, "{}:{line}: {room} may not import {imported}", source.path);
        }
    }
    assert!(seen > 100, "the imports are not found");
}

#[test]
fn no_path_leaves_its_room_upwards() {
    for source in program() {
        let folders = source.path.matches('/').count();
        let depth = if source.path.ends_with("/mod.rs") { folders - 1 } else { folders };
        let out = "super::".repeat(depth);
        for (line, code) in source.code() {
            assert!(!code.contains(&out), "{}:{line}: say crate:: instead", source.path);
        }
    }
}

#[test]
fn only_the_api_and_http_itself_know_statuses() {
    let knows = |source: &Source| source.code().any(|(_, line)| line.contains("StatusCode"));
    let sources = program();
    let knowing: BTreeSet<&str> =
        sources.iter().filter(|source| knows(source)).map(Source::room).collect();
    assert_eq!(knowing, BTreeSet::from(["api", "http"]));
}

/// The rooms that each room may import.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let map = map();
    let mut allowed = BTreeMap::new();
    for (floor, may_import) in MAY_IMPORT {
        let rooms = may_import.iter().flat_map(|name| match map.get(*name) {
            Some(rooms) => rooms.clone(),
            None => vec![(*name).to_owned()],
        });
        let rooms: BTreeSet<String> = rooms.collect();
        for room in &map[*floor] {
            allowed.insert(room.clone(), rooms.clone());
        }
    }
    allowed
}

/// The floors of the table in `src/lib.rs`, each with its rooms.
fn map() -> BTreeMap<String, Vec<String>> {
    let source = Source::read("src/lib.rs");
    let rows = source.text.lines().filter_map(|line| line.strip_prefix("//! | "));
    let rows = rows.map(|row| row.split(" | ").collect::<Vec<_>>()).skip(1);
    let map = rows.map(|row| {
        let [floor, rooms, _] = row[..] else { panic!("not three columns: {row:?}") };
        let rooms = rooms.split(", ").map(|room| room.trim_matches(['[', ']', '`']).to_owned());
        (floor.to_owned(), rooms.collect())
    });
    map.collect()
}

/// Every room that a file names, with the line.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, code) in source.code() {
        for (_, after) in
            code.match_indices("crate::").map(|(at, name)| (at, &code[at + name.len()..]))
        {
            assert!(!after.starts_with('{'), "{}:{line}: one room a line", source.path);
            let room = after.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
            found.push((line, room.into_iter().next().unwrap().to_owned()));
        }
    }
    found
}
