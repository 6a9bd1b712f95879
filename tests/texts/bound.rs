//! The last line of a text as others read it: by the draft of the WICG, and by Chromium.

use crate::world::{HASH, addressee, built_in, conditions, lines, text};
use ringfence::otp::{Language, Occasion};

/// A code and the hosts that it is bound to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bound<'a> {
    pub(crate) host: &'a str,
    pub(crate) code: &'a str,
    pub(crate) embedded: Option<&'a str>,
}

/// "Parse an origin-bound one-time code message", step by step (wicg.github.io/sms-one-time-codes,
/// 2.2).
pub(crate) fn by_the_draft(message: &str) -> Option<Bound<'_>> {
    // Newlines are normalised first; none of ours has a carriage return.
    let line = message.rsplit('\n').next()?;
    let (host, rest) = marked_token(line, '@')?;
    let rest = rest.strip_prefix(' ')?;
    let (code, rest) = marked_token(rest, '#')?;
    let embedded = rest.strip_prefix(' ').and_then(|rest| marked_token(rest, '%'));
    Some(Bound { host, code, embedded: embedded.map(|(token, _)| token) })
}

/// What follows `marker` up to the next ASCII white space, and what is left.
fn marked_token(text: &str, marker: char) -> Option<(&str, &str)> {
    let text = text.strip_prefix(marker)?;
    let end = text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The first match of Chromium's expression (`content/browser/sms/sms_parser.cc`)
/// `(?:^|\s)@([a-zA-Z0-9.-]+) #([^#\s]+)(?: @([a-zA-Z0-9.-]+))?`, which looks anywhere in the text.
pub(crate) fn by_chromium(message: &str) -> Option<Bound<'_>> {
    message.match_indices('@').find_map(|(at, _)| {
        let before = message[..at].chars().next_back();
        if before.is_some_and(|c| !c.is_ascii_whitespace()) {
            return None;
        }
        let (host, rest) = run(&message[at + 1..], is_of_a_host)?;
        let (code, rest) = run(rest.strip_prefix(" #")?, |c| c != '#' && !c.is_ascii_whitespace())?;
        let embedded = rest.strip_prefix(" @").and_then(|rest| run(rest, is_of_a_host));
        Some(Bound { host, code, embedded: embedded.map(|(host, _)| host) })
    })
}

fn is_of_a_host(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-')
}

/// One or more characters of a kind, and what is left.
fn run(text: &str, is_of_it: impl Fn(char) -> bool) -> Option<(&str, &str)> {
    let end = text.find(|c| !is_of_it(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

const EXAMPLE: Bound<'_> = Bound { host: "example.com", code: "747723", embedded: None };

#[test]
fn the_examples_of_the_draft_are_read_as_it_says() {
    let with_embedded = || Bound { embedded: Some("ecommerce.example"), ..EXAMPLE };
    for (message, bound) in [
        ("747723 is your ExampleCo authentication code.\n\n@example.com #747723", Some(EXAMPLE)),
        (
            "747723 is your ExampleCo authentication code.\n\n\
             @example.com #747723 %ecommerce.example",
            Some(with_embedded()),
        ),
        ("@example.com #747723 %ecommerce.example $future", Some(with_embedded())),
        ("something @example.com #747723", None),
        ("#747723 %ecommerce.example @example.com", None),
        ("@example.com code #747723", None),
    ] {
        assert_eq!(by_the_draft(message), bound, "{message}");
    }
}

#[test]
fn our_line_is_the_one_of_the_draft() {
    let texts = built_in(lines("example.com", HASH));
    let text = text(&texts, &addressee(Language::English, Occasion::Login, None), "747723");
    assert_eq!(text, "747723 is your code to log in. Never share it.\n@example.com #747723");
    assert_eq!(by_the_draft(&text), Some(EXAMPLE));
    assert_eq!(by_chromium(&text), Some(EXAMPLE));
}

#[test]
fn the_hash_stands_on_the_line_above() {
    let texts = built_in(lines("example.com", HASH));
    let reader = addressee(Language::English, Occasion::Login, Some(HASH));
    let text = text(&texts, &reader, "747723");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[1..], [HASH, "@example.com #747723"]);
    assert_eq!(by_the_draft(&text), Some(EXAMPLE));
}

#[test]
fn without_an_origin_nothing_looks_like_one() {
    let texts = built_in(conditions());
    for language in Language::ALL {
        for occasion in Occasion::ALL {
            let text = text(&texts, &addressee(language, occasion, None), "747723");
            assert_eq!((by_the_draft(&text), by_chromium(&text)), (None, None), "{text}");
        }
    }
}
