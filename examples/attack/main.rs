//! Attacks the real server, in simulated time, and shows what came of it.
//!
//! `cargo run --release --example attack` runs all scenarios; `--scenario pump` one of them. Starts what
//! it needs (a private PostgreSQL, the server in this process, a carrier) on the loopback and leaves
//! nothing behind. Ends with an error where a target is missed.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the terminal is where a simulation shows its figures, and that it goes on"
)]

mod simulator;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum as _};
use simulator::{Guard, Plan, Row, Scale, Scenario};

/// Far above what everything takes together; a simulation that hangs must end, too.
const TIME_LIMIT: Duration = Duration::from_hours(2);

/// Attacks the server, in simulated time.
#[derive(Parser)]
struct Arguments {
    /// What to simulate; several by commas, all where not given
    #[arg(long, value_enum, value_delimiter = ',')]
    scenario: Vec<Scenario>,
    /// Another seed draws other people and other attackers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// full, small, or percents of the full size
    #[arg(long, default_value = "full", value_parser = Scale::read)]
    scale: Scale,
    /// Whether the guard over texts refuses, watches only, or is away
    #[arg(long, value_enum, default_value_t = Guard::On)]
    guard: Guard,
    /// Write JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Write the table of docs/attacks.md
    #[arg(long)]
    markdown: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let rows = tokio::time::timeout(TIME_LIMIT, Box::pin(simulate(&arguments))).await??;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else if arguments.markdown {
        print!("{}", simulator::markdown(&rows));
    } else {
        print!("{}", simulator::table(&rows));
    }
    Ok(if rows.iter().all(Row::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn simulate(arguments: &Arguments) -> anyhow::Result<Vec<Row>> {
    let &Arguments { seed, scale, guard, .. } = arguments;
    let wanted: &[Scenario] = match &*arguments.scenario {
        [] => &Scenario::ALL,
        named => named,
    };
    let mut rows = Vec::new();
    for scenario in wanted {
        let name = scenario.to_possible_value();
        eprintln!("{} …", name.as_ref().map_or("", |name| name.get_name()));
        rows.extend(simulator::run(*scenario, Plan { seed, scale, guard }).await?);
    }
    Ok(rows)
}
