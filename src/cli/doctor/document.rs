//! `docs/asvs.md`: every requirement, whether it holds and by which tests. Made by `tests/house`.

use std::fmt::Write as _;

use super::STANDARDS;
use super::requirement::{Requirement, Rule, Standard};

const BEGIN: &str = "\
# What is held, and by which tests

`ringfence doctor` holds a running configuration against these lines and says which hold, why, and what mends
those that do not; `--level 1`, `2` (the default) or `3` says how far, `--json` is for programs, and it ends with 1
where a line does not hold that an installation can mend; what waits for another version is only shown. This page is made from the same tables
(`RENEW_DOCS=1 cargo test --test house`). [hardening.md](hardening.md) has a sound configuration, which is tested.

**A requirement without a test counts as not held.** Each is told in our own words; the numbers are those of its
standard, whose text counts. *always* means that no setting changes it.
";

/// All of it.
pub fn document() -> String {
    let mut text = BEGIN.to_owned();
    for standard in &STANDARDS {
        chapter(&mut text, standard);
    }
    text
}

fn chapter(text: &mut String, standard: &Standard) {
    let Standard { title, source, levels, .. } = standard;
    let _ = writeln!(text, "\n## {title}\n\n[Its text]({source}). {levels} {}\n", tally(standard));
    let _ = writeln!(text, "| number | level | what is asked for | held | proven by |");
    let _ = writeln!(text, "|---|---|---|---|---|");
    for requirement in standard.requirements() {
        let Requirement { id, level, words, .. } = requirement;
        let (held, proof) = (held(requirement.rule), proof(requirement.proof));
        let _ = writeln!(text, "| {id} | {level} | {words} | {held} | {proof} |");
    }
}

/// How many there are of each kind.
fn tally(standard: &Standard) -> String {
    let (mut always, mut when, mut not, mut none) = (0, 0, 0, 0);
    for requirement in standard.requirements() {
        match requirement.rule {
            Rule::Always(_) => always += 1,
            Rule::When { .. } => when += 1,
            Rule::NotYet { .. } => not += 1,
            Rule::NotApplicable(_) => none += 1,
        }
    }
    format!(
        "{always} hold always, {when} as it is set up, {not} do not hold, {none} are not applicable."
    )
}

fn held(rule: Rule) -> String {
    match rule {
        Rule::Always(why) => format!("*always*: {why}"),
        Rule::When { condition, .. } => format!("where {condition}"),
        Rule::NotYet { why, mend } => format!("**no**: {why}. *{mend}*"),
        Rule::NotApplicable(why) => format!("not applicable: {why}"),
    }
}

/// Each test with the file that it is in, as a link.
fn proof(tests: &[&str]) -> String {
    let links = tests.iter().map(|test| match test.split_once("::") {
        Some((path, name)) => format!("[{}](../{path})", name.replace('_', " ")),
        None => (*test).to_owned(),
    });
    links.collect::<Vec<_>>().join(" · ")
}
