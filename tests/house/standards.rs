//! What `ringfence doctor` claims, held against the tests that it names, the API and the documents.

use std::collections::{BTreeMap, BTreeSet};

use ringfence::api::openapi::document_bytes;
use ringfence::cli::doctor::{Requirement, Rule, STANDARDS, Standard, document};
use ringfence::config::{Environment, Settings};
use serde_json::Value;

use super::documents::hold;
use super::sources::Source;

/// The sections of ASVS 5.0 that are looked at, and how many requirements each has.
const ASVS: [(&str, usize); 16] = [
    ("6.1", 3),
    ("6.2", 12),
    ("6.3", 8),
    ("6.4", 6),
    ("6.5", 8),
    ("6.6", 4),
    ("6.7", 2),
    ("6.8", 4),
    ("7.1", 3),
    ("7.2", 4),
    ("7.3", 2),
    ("7.4", 5),
    ("7.5", 3),
    ("7.6", 2),
    ("9.1", 3),
    ("9.2", 4),
];

#[test]
fn every_line_that_can_hold_names_tests_that_there_are() {
    let mut files: BTreeMap<&str, Source> = BTreeMap::new();
    let mut seen = 0;
    for Requirement { id, rule, proof, .. } in STANDARDS.iter().flat_map(Standard::requirements) {
        let can_hold = matches!(rule, Rule::Always(_) | Rule::When { .. });
        assert_eq!(can_hold, !proof.is_empty(), "{id}: tests for what holds, and for nothing else");
        for test in *proof {
            seen += 1;
            let (path, name) = test.split_once("::").unwrap_or_else(|| panic!("{id}: {test}"));
            let source = files.entry(path).or_insert_with(|| Source::read(path));
            assert!(is_test(&source.text, name), "{id}: there is no test {test}");
        }
    }
    assert!(seen > 100, "the tests are not found");
}

/// Whether there is a function of that name with `#[test]`, or the like, above it.
fn is_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let declared = [format!("fn {name}("), format!("async fn {name}(")];
    let places = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| declared.iter().any(|declared| line.starts_with(declared)));
    let mut attributes = places.map(|(at, _)| {
        lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"))
    });
    attributes.any(|mut above| {
        above.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

#[test]
fn a_test_is_told_from_what_only_looks_like_one() {
    let source = "#[test]\nfn one() {}\n#[tokio::test(flavor = \"x\")]\n// why\nasync fn two() {}\n\
        proptest! {\n    #[test]\n    fn three(it: u8) {}\n}\nfn four() {}\n// #[test]\nfn five() {}\n";
    for (name, is_one) in [
        ("one", true),
        ("two", true),
        ("three", true),
        ("four", false),
        ("five", false),
        ("on", false),
    ] {
        assert_eq!(is_test(source, name), is_one, "{name}");
    }
}

#[test]
fn no_requirement_is_left_out_and_none_is_there_twice() {
    for standard in &STANDARDS {
        let ids: Vec<&str> = standard.requirements().map(|it| it.id).collect();
        let once: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(once.len(), ids.len(), "{}: one is there twice", standard.key);
        assert!(standard.requirements().all(|it| (1..=3).contains(&it.level)));
        let wanted: Vec<String> = match standard.key {
            "asvs" => ASVS
                .iter()
                .flat_map(|(section, count)| (1..=*count).map(move |at| format!("{section}.{at}")))
                .collect(),
            "rfc8725" => (1..=12).map(|at| format!("3.{at}")).collect(),
            _ => continue,
        };
        let missing = wanted.iter().find(|id| !once.contains(id.as_str()));
        assert_eq!(missing, None, "{}", standard.key);
        // What holds at one level and not at the next is two lines.
        let of_its_own = |id: &&&str| id.split(' ').next() == Some(**id);
        assert_eq!(ids.iter().filter(of_its_own).count(), wanted.len(), "{}", standard.key);
    }
}

#[test]
fn words_fit_into_the_tables() {
    for Requirement { id, words, rule, .. } in STANDARDS.iter().flat_map(Standard::requirements) {
        let told: Vec<&str> = match rule {
            Rule::Always(why) | Rule::NotApplicable(why) => vec![words, why],
            Rule::When { condition, .. } => vec![words, condition],
            Rule::NotYet { why, mend } => vec![words, why, mend],
        };
        assert!(told.iter().all(|it| !it.contains(['|', '\n']) && !it.is_empty()), "{id}");
        assert!(words.chars().count() <= 90, "{id}: say it shorter");
    }
}

#[test]
fn the_list_of_what_is_held_is_current() {
    hold("docs/asvs.md", &document());
}

/// The first cells of the rows of the table in docs/hardening.md whose heading begins so.
fn column(heading: &str) -> BTreeSet<String> {
    let text = Source::read("docs/hardening.md").text;
    let table = text.split(&format!("\n| {heading} |")).nth(1);
    let table = table.unwrap_or_else(|| panic!("no table {heading}")).to_owned();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with("| "));
    let cells = rows.map(|row| row.split(" | ").next().unwrap().trim_start_matches("| "));
    cells.map(|cell| cell.trim_matches('`').to_owned()).collect()
}

/// Whether the schema is of an object with an access token, or may be.
fn has_token(document: &Value, schema: &Value) -> bool {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return has_token(document, &document["components"]["schemas"][name]);
    }
    let any = schema["oneOf"].as_array().into_iter().flatten();
    !schema["properties"]["token"].is_null() || any.into_iter().any(|it| has_token(document, it))
}

#[test]
fn the_ways_in_are_those_that_are_documented() {
    let document: Value = serde_json::from_slice(&document_bytes()).unwrap();
    let (mut open, mut giving) = (BTreeSet::new(), BTreeSet::new());
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = format!("{} {path}", method.to_uppercase());
            if operation["security"].is_null() && path.starts_with("/api/") {
                open.insert(name.clone());
            }
            let answers = operation["responses"].as_object().unwrap().iter();
            let mut good = answers.filter(|(status, _)| status.starts_with('2'));
            if good.any(|(_, answer)| {
                has_token(&document, &answer["content"]["application/json"]["schema"])
            }) {
                giving.insert(name);
            }
        }
    }
    assert!(open.contains("POST /api/v1/auth/login") && !open.contains("GET /api/v1/profile"));
    assert_eq!(column("without a token"), open);
    assert_eq!(column("answers tokens"), giving);
}

fn settings(more: &[(&str, &str)]) -> (Settings, BTreeMap<String, String>) {
    let required = [
        ("SECRET_KEY", "c2VjcmV0LWtleS1mb3ItdGVzdHMtb2YtdGhlLXByb2c="),
        ("BASE_URL", "https://auth.acme.example"),
        ("DATABASE_URL", "postgres://localhost/ringfence"),
        ("SINCH_APP_KEY", "key"),
        ("SINCH_APP_SECRET", "BeIukql3pTKJ8RGL5zo0DA=="),
    ];
    let pairs = required.iter().chain(more);
    let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let (settings, in_force) = Settings::read(&Environment::of_pairs(pairs)).unwrap();
    (settings, in_force.values.into_iter().collect())
}

#[test]
fn the_documented_lifetimes_are_the_ones_in_force() {
    let (_, in_force) = settings(&[]);
    let text = Source::read("docs/hardening.md").text;
    let rows = text.split("\n| what | default | setting |").nth(1).unwrap().lines().skip(2);
    let rows = rows.take_while(|line| line.starts_with("| "));
    let documented: BTreeMap<String, String> = rows
        .map(|row| {
            let cells: Vec<&str> = row.trim_matches(['|', ' ']).split(" | ").collect();
            let bare = |at: usize| cells[at].trim_matches('`').to_owned();
            (bare(2), format!("{} (default)", bare(1)))
        })
        .collect();
    assert_eq!(documented.len(), 3, "{documented:?}");
    for (name, value) in documented {
        assert_eq!(in_force[&name], value, "{name}");
    }
    for section in ["2.1.3", "2.2.3"] {
        assert!(text.contains(section), "why it is not as NIST has it in {section} is not told");
    }
}

#[test]
fn the_documented_context_words_are_the_ones_in_force() {
    let (settings, _) = settings(&[("PASSWORD_CONTEXT_WORDS", "Acme Rockets, launchpad")]);
    let wanted = ["acme rockets", "launchpad", "ringfence", "acme", "auth"];
    assert_eq!(settings.passwords.context_words(), wanted);
    let listed = column("word").into_iter().collect::<Vec<_>>().join("\n");
    assert!(listed.contains("ringfence") && listed.contains("BASE_URL"), "{listed}");
    let text = Source::read("docs/hardening.md").text;
    for told in ["PASSWORD_CONTEXT_WORDS", "password_context_words"] {
        assert!(text.contains(told), "{told}");
    }
}
