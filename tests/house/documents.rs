//! Documents that are made from the code: `RENEW_DOCS=1 cargo test --test house` writes them anew.

use std::fmt::Write as _;
use std::fs;

use ringfence::api::openapi::document_bytes;
use ringfence::http::Kind;

use super::sources::{Source, root};

const ERRORS_BEGIN: &str = "\
# Errors

Every refusal is a problem document (RFC 9457). Programs branch on `code`; `detail` is for people and may change.

| status | code | title | when, and what to do |
|---|---|---|---|
";

const ERRORS_END: &str = "
With `validation_failed`, `errors` has an entry `{field, message, code}` for everything that is wrong:
`required`, `wrong_type`, `unknown_field`, `ambiguous`, `email_invalid`, `phone_invalid`,
`phone_type_not_supported`, `phone_country_not_supported`, `otp_code_invalid`, `channel_unknown`,
`app_hash_unknown`, `id_invalid`, `limit_invalid`, `role_invalid`, `roles_too_many`, `reason_invalid`,
`locale_unknown`,
`password_too_short`, `password_too_long`, `password_common`, `password_context_words`,
`password_contains_email`, `password_contains_phone`, `password_composition`, `password_unchanged`, `phone_unchanged`, `display_name_invalid`,
`locale_unknown`.
";

#[test]
fn the_openapi_document_is_current() {
    hold("docs/openapi.json", str::from_utf8(&document_bytes()).unwrap());
}

#[test]
fn the_list_of_errors_is_current() {
    let mut wanted = ERRORS_BEGIN.to_owned();
    for entry in Kind::ALL.map(Kind::entry) {
        let (status, code) = (entry.status.as_u16(), entry.code);
        let (title, words) = (entry.title, entry.description);
        assert!(!title.contains('|') && !words.contains('|'), "{code} would break the table");
        writeln!(wanted, "| {status} | `{code}` | {title} | {words} |").unwrap();
    }
    wanted += ERRORS_END;
    hold("docs/errors.md", &wanted);
}

#[test]
fn the_programs_in_the_readme_are_those_that_are_tested() {
    let marker = "<!-- examples/check-token/";
    let mut wanted = String::new();
    let kept = Source::read("README.md").text;
    let mut parts = kept.split(marker);
    wanted += parts.next().unwrap();
    for part in parts {
        let (name, rest) = part.split_once(" -->\n```").unwrap();
        let (language, rest) = rest.split_once('\n').unwrap();
        let (_, rest) = rest.split_once("```\n").unwrap();
        let program = Source::read(&format!("examples/check-token/{name}")).text;
        write!(wanted, "{marker}{name} -->\n```{language}\n{program}```\n{rest}").unwrap();
    }
    assert_eq!(kept.matches(marker).count(), 4);
    hold("README.md", &wanted);
}

#[test]
fn every_code_is_there_once_and_the_list_is_in_order() {
    let entries = Kind::ALL.map(Kind::entry);
    for (at, entry) in entries.iter().enumerate() {
        let twice = entries[..at].iter().any(|other| other.code == entry.code);
        assert!(!twice, "{} is there twice", entry.code);
        assert!(
            at == 0 || entries[at - 1].status <= entry.status,
            "{} is out of order",
            entry.code
        );
    }
    // A kind that is missing from the list would be a variant that the table alone has.
    let table = Source::read("src/http/kind.rs");
    let rows = table.code().filter(|(_, line)| line.contains(" => (")).count();
    assert_eq!(rows, entries.len());
}

/// Compares a document with what it should say, or writes it anew where that is asked for.
pub(crate) fn hold(path: &str, wanted: &str) {
    if std::env::var_os("RENEW_DOCS").is_some() {
        fs::write(root().join(path), wanted).unwrap();
    }
    let kept = Source::read(path).text;
    let different = wanted.lines().zip(kept.lines()).position(|(wanted, kept)| wanted != kept);
    let line = different.unwrap_or_else(|| wanted.lines().count().min(kept.lines().count())) + 1;
    assert!(
        kept == wanted,
        "{path} differs from line {line} on; renew it: RENEW_DOCS=1 cargo test --test house"
    );
}
