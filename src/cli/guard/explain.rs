//! `ringfence guard explain +4479…`.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::IpAddr;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use crate::cli::users::{print, print_json, table};
use crate::foundation::{ClientAddress, Country, PhoneNumber};
use crate::guard::{Explanation, PastDecision, ScopeStanding};

use super::{Desk, TIME};

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// The number, as a person would write it.
    #[arg(allow_hyphen_values = true)]
    number: String,
    /// The address of whoever asks for the code.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<IpAddr>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// An explanation for programs; the names stay as they are.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    outcome: &'a str,
    is_enforced: bool,
    because: &'a str,
    opens_at: Option<DateTime<Utc>>,
    scopes: Vec<Scope<'a>>,
    decisions: Vec<Decision<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Scope<'a> {
    kind: &'a str,
    key: &'a str,
    state: &'a str,
    debt: f64,
    allowance: f64,
    opens_at: Option<DateTime<Utc>>,
    has_a_say: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decision<'a> {
    decided_at: DateTime<Utc>,
    outcome: &'a str,
    is_enforced: bool,
    decided_by: Option<&'a str>,
    is_of_number: bool,
    block: &'a str,
    provider: Option<&'a str>,
    verified_at: Option<DateTime<Utc>>,
}

pub(super) async fn run(
    desk: &Desk,
    allowed: Option<&HashSet<Country>>,
    region: Option<&Country>,
    arguments: &Arguments,
) -> anyhow::Result<()> {
    // What is stored can be asked for, even where no network has such numbers.
    let text = arguments.number.trim();
    let number = PhoneNumber::from_e164(text).map_or_else(|| PhoneNumber::parse(text, region), Ok);
    let number = number.context("the number")?;
    let block = arguments.from.map(|address| ClientAddress::new(address).block());
    let explanation = desk.guard.explain(&desk.database, &number, block).await;
    let mut explanation = explanation.context("the database cannot be asked")?;
    let is_allowed = |allowed: &HashSet<Country>| {
        number.country().is_some_and(|country| allowed.contains(country))
    };
    if !allowed.is_none_or(is_allowed) {
        explanation.outcome = "refuse";
        explanation.is_enforced = true;
        explanation.opens_at = None;
        "ALLOWED_COUNTRIES has not the number's country".clone_into(&mut explanation.because);
    }
    if arguments.json {
        return print_json(&Told::of(&explanation));
    }
    print(&in_words(&number, &explanation))
}

fn in_words(number: &PhoneNumber, explanation: &Explanation) -> String {
    let Explanation { outcome, is_enforced, because, opens_at, scopes, decisions } = explanation;
    let until = opens_at.map(|at| format!(", until {} UTC", at.format(TIME))).unwrap_or_default();
    let mut text = format!("{number}: {outcome}{until}: {because}.\n");
    if !is_enforced && *outcome != "send" {
        text += "GUARD is not on: a code is sent all the same.\n";
    }
    text += "A number that its person has proven before gets codes whatever the scopes say.\n\n";
    let headings = ["scope", "", "state", "owes", "of", "opens", "has a say"];
    let rows = scopes.iter().map(|scope| {
        let opens_at = scope.opens_at.map(|at| at.format(TIME).to_string());
        vec![
            scope.kind.as_str().to_owned(),
            scope.key.clone(),
            scope.state.as_str().to_owned(),
            format!("{:.1}", scope.debt),
            format!("{:.0}", scope.allowance),
            opens_at.unwrap_or_default(),
            if scope.has_a_say { "yes" } else { "no" }.to_owned(),
        ]
    });
    text += &table(&headings, rows.collect());
    if decisions.is_empty() {
        return text + "\nNothing was decided on its prefix.\n";
    }
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\nLast decisions on its prefix:\n");
    let headings = ["when", "what", "by", "number", "from", "carrier", "entered"];
    let rows = decisions.iter().map(|decision| {
        let would = if decision.is_enforced { "" } else { " (sent)" };
        let verified_at = decision.verified_at.map(|at| at.format(TIME).to_string());
        vec![
            decision.decided_at.format(TIME).to_string(),
            format!("{}{would}", decision.outcome),
            decision.decided_by.clone().unwrap_or_default(),
            if decision.is_of_number { "this" } else { "another" }.to_owned(),
            decision.block.clone(),
            decision.provider.clone().unwrap_or_default(),
            verified_at.unwrap_or_default(),
        ]
    });
    text + &table(&headings, rows.collect())
}

impl<'a> Told<'a> {
    fn of(explanation: &'a Explanation) -> Self {
        Self {
            outcome: explanation.outcome,
            is_enforced: explanation.is_enforced,
            because: &explanation.because,
            opens_at: explanation.opens_at,
            scopes: explanation.scopes.iter().map(Scope::of).collect(),
            decisions: explanation.decisions.iter().map(Decision::of).collect(),
        }
    }
}

impl<'a> Scope<'a> {
    fn of(scope: &'a ScopeStanding) -> Self {
        Self {
            kind: scope.kind.as_str(),
            key: &scope.key,
            state: scope.state.as_str(),
            debt: scope.debt,
            allowance: scope.allowance,
            opens_at: scope.opens_at,
            has_a_say: scope.has_a_say,
        }
    }
}

impl<'a> Decision<'a> {
    fn of(decision: &'a PastDecision) -> Self {
        Self {
            decided_at: decision.decided_at,
            outcome: &decision.outcome,
            is_enforced: decision.is_enforced,
            decided_by: decision.decided_by.as_deref(),
            is_of_number: decision.is_of_number,
            block: &decision.block,
            provider: decision.provider.as_deref(),
            verified_at: decision.verified_at,
        }
    }
}
