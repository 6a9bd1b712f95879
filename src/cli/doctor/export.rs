//! The judgement as JSON. Names and words in it never change; new ones may come.

use serde::Serialize;

use super::Line;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    level: u8,
    all_hold: bool,
    summary: Summary,
    lines: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    holds: usize,
    does_not_hold: usize,
    not_applicable: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    standard: &'static str,
    id: &'static str,
    level: u8,
    requirement: &'static str,
    verdict: &'static str,
    why: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<&'a str>,
    /// Whether a setting, or something else than another version, makes it hold.
    can_be_met: bool,
    proof: &'static [&'static str],
}

pub(super) fn json(lines: &[Line], level: u8) -> serde_json::Result<String> {
    let count = |key: &str| lines.iter().filter(|line| line.verdict.key() == key).count();
    let summary = Summary {
        holds: count("holds"),
        does_not_hold: count("does_not_hold"),
        not_applicable: count("not_applicable"),
    };
    let entries = lines.iter().map(|line| Entry {
        standard: line.standard.key,
        id: line.requirement.id,
        level: line.requirement.level,
        requirement: line.requirement.words,
        verdict: line.verdict.key(),
        why: line.verdict.why(),
        mend: line.verdict.mend(),
        can_be_met: line.requirement.can_be_met(),
        proof: line.requirement.proof,
    });
    let all_hold = summary.does_not_hold == 0;
    let report = Report { level, all_hold, summary, lines: entries.collect() };
    serde_json::to_string_pretty(&report).map(|text| text + "\n")
}
