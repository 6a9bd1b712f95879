//! The OpenAPI document as a document: of the version that it says, whole in itself, and saying
//! enough of every operation.

use std::collections::BTreeSet;

use ringfence::api::openapi::document;
use ringfence::http::Kind;
use serde_json::{Map, Value};

#[test]
fn the_document_is_of_openapi_3_1_and_says_what_it_is_of() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    for member in ["title", "version", "description"] {
        assert!(!document["info"][member].as_str().unwrap().is_empty(), "info.{member}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 5, "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference}"));
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn every_operation_says_what_it_does_and_every_answer_what_it_means() {
    let document = document();
    let tags: BTreeSet<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|tag| tag["name"].as_str())
        .collect();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let at = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{at} has no id"));
        assert!(ids.insert(id), "{at}: {id} is there twice");
        assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{at}: summary");
        let of = operation["tags"].as_array().unwrap().iter().filter_map(Value::as_str);
        assert!(of.clone().count() > 0 && of.clone().all(|tag| tags.contains(tag)), "{at}: tags");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{at} never succeeds");
        for (status, response) in responses {
            let words = response["description"].as_str().unwrap_or_default();
            assert!(!words.is_empty(), "{at} {status}: description");
        }
    }
    assert!(ids.len() >= 10, "{ids:?}");
}

#[test]
fn every_schema_has_what_it_requires() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for required in schema["required"].as_array().into_iter().flatten() {
            let required = required.as_str().unwrap();
            assert!(!schema["properties"][required].is_null(), "{name} requires {required}");
        }
    }
}

#[test]
fn every_refusal_of_the_api_names_codes_that_exist() {
    let document = document();
    let known: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.entry().code).collect();
    let listed = document["x-error-codes"].as_array().unwrap().iter();
    let listed: BTreeSet<&str> = listed.filter_map(|entry| entry["code"].as_str()).collect();
    assert_eq!(listed, known);
    for (path, method, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            if path.starts_with("/api/") && !status.starts_with('2') {
                let codes = response["x-error-codes"].as_array().into_iter().flatten();
                let codes: Vec<&str> = codes.filter_map(Value::as_str).collect();
                let fine = !codes.is_empty() && codes.iter().all(|code| known.contains(code));
                assert!(fine, "{method} {path} {status}: {codes:?}");
            }
        }
    }
}

fn operations(document: &Value) -> Vec<(&String, &String, &Value)> {
    let methods = |(path, methods)| {
        let methods: &Map<String, Value> = Value::as_object(methods).unwrap();
        methods.iter().map(move |(method, operation)| (path, method, operation))
    };
    document["paths"].as_object().unwrap().iter().flat_map(methods).collect()
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect_references(member, found));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| collect_references(entry, found)),
        _ => {}
    }
}
