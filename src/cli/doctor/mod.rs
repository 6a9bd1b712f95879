//! `ringfence doctor`: the installation held against OWASP ASVS 5.0, NIST SP 800-63B-4 and RFC 8725.
//!
//! Owns the tables of requirements, and `docs/asvs.md`, which is made from them. Reads settings and database;
//! changes nothing, and asks no carrier and no mail server.
//!
//! | to | look at |
//! |---|---|
//! | know what a requirement is | `requirement` |
//! | find one | `asvs_*`, `nist`, `rfc_8725`, `operation`: the tables |
//! | judge it | `factors`, `lifetimes`, `surroundings`, `shield`, by `facts` |
//! | show it | `table` (people), `export` (programs), `document` (`docs/asvs.md`) |

mod asvs_authentication;
mod asvs_codes;
mod asvs_passwords;
mod asvs_sessions;
mod asvs_tokens;
mod document;
mod export;
mod factors;
mod facts;
mod lifetimes;
mod nist;
mod operation;
mod requirement;
mod rfc_8725;
mod shield;
mod surroundings;
mod table;

use std::io::{IsTerminal as _, Write as _};

use clap::Args;

use crate::config::{Environment, Settings};

use super::sms::width;

pub use document::document;
pub use facts::Facts;
pub use requirement::{Requirement, Rule, Standard, Verdict};

#[derive(Args)]
pub(super) struct Arguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Up to which level: of ASVS, and of the assurance (AAL) of NIST.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=3))]
    level: u8,
}

/// All that an installation is held against.
pub static STANDARDS: [Standard; 4] = [
    Standard {
        key: "asvs",
        title: "OWASP ASVS 5.0: V6 Authentication, V7 Sessions, V9 Self-contained tokens",
        source: "https://github.com/OWASP/ASVS/tree/v5.0.0/5.0/en",
        levels: "The levels are its own.",
        chapters: &[
            asvs_passwords::REQUIREMENTS,
            asvs_authentication::REQUIREMENTS,
            asvs_codes::REQUIREMENTS,
            asvs_sessions::REQUIREMENTS,
            asvs_tokens::REQUIREMENTS,
        ],
    },
    Standard {
        key: "nist",
        title: "NIST SP 800-63B-4: passwords, codes by phone, guessing, sessions",
        source: "https://pages.nist.gov/800-63-4/sp800-63b.html",
        levels: "Levels are the authentication assurance levels (AAL) that ask for it. What it calls SHALL, \
                 and the times of sessions, which it calls SHOULD.",
        chapters: &[nist::REQUIREMENTS],
    },
    Standard {
        key: "rfc8725",
        title: "RFC 8725: JSON Web Token Best Current Practices",
        source: "https://www.rfc-editor.org/rfc/rfc8725",
        levels: "It knows no levels.",
        chapters: &[rfc_8725::REQUIREMENTS],
    },
    Standard {
        key: "operation",
        title: "Operation: what this server needs besides",
        source: "hardening.md",
        levels: "Level 1 is for everybody, level 2 for whoever has something to lose.",
        chapters: &[operation::REQUIREMENTS],
    },
];

/// A requirement, and what became of it.
struct Line {
    standard: &'static Standard,
    requirement: &'static Requirement,
    verdict: Verdict,
}

pub(super) async fn run(environment: &Environment, arguments: &Arguments) -> anyhow::Result<()> {
    let (settings, _) = Settings::read(environment)?;
    let facts = Facts::gather(settings).await;
    let lines = examine(&facts, arguments.level);
    let text = if arguments.json {
        export::json(&lines, arguments.level)?
    } else {
        let is_coloured = std::io::stdout().is_terminal() && !environment.has("NO_COLOR");
        let why_unasked = facts.database.as_ref().err().map(String::as_str);
        table::draw(&lines, why_unasked, arguments.level, width(), is_coloured)
    };
    std::io::stdout().write_all(text.as_bytes())?;
    // What no setting would change is shown, and is no fault of the installation.
    let to_mend = lines.iter().filter(|line| line.requirement.can_be_met());
    let failing = to_mend.filter(|line| line.verdict.mend().is_some()).count();
    let level = arguments.level;
    anyhow::ensure!(
        failing == 0,
        "{failing} lines up to level {level} do not hold and can be mended"
    );
    Ok(())
}

/// Judges every requirement up to `level`.
fn examine(facts: &Facts, level: u8) -> Vec<Line> {
    let all = STANDARDS.iter().flat_map(|standard| {
        standard.requirements().map(move |requirement| (standard, requirement))
    });
    let asked = all.filter(|(_, requirement)| requirement.level <= level);
    asked
        .map(|(standard, requirement)| Line {
            standard,
            requirement,
            verdict: requirement.verdict(facts),
        })
        .collect()
}
