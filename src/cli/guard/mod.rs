//! `ringfence guard`: why a number is or is not sent codes, and what the guard has seen. Reads only.

mod explain;
mod report;

use std::sync::Arc;

use clap::Subcommand;
use sqlx::PgPool;

use crate::config::{Environment, GuardSettings, Settings};
use crate::database;
use crate::foundation::Clock;
use crate::guard;

const TIME: &str = "%Y-%m-%d %H:%M";

#[derive(Subcommand)]
pub(super) enum Guard {
    /// Tell what would become of a code to a number now, and why.
    Explain(explain::Arguments),
    /// Show what was sent, refused and entered.
    Report(report::Arguments),
}

/// What both commands work with.
struct Desk {
    database: PgPool,
    guard: guard::Guard,
    clock: Clock,
}

pub(super) async fn run(environment: &Environment, command: Guard) -> anyhow::Result<()> {
    let settings = Settings::read_guard(environment)?;
    let database = database::pool(settings.database.clone(), 1);
    database::require_current(&database).await?;
    let GuardSettings { keyring, rules, allowed_countries, default_region, .. } = settings;
    let clock = Clock::default();
    let guard = guard::Guard::new(rules, Arc::new(keyring), clock.clone());
    let desk = Desk { database, guard, clock };
    let done = match command {
        Guard::Explain(arguments) => {
            let allowed = allowed_countries.as_ref();
            explain::run(&desk, allowed, default_region.as_ref(), &arguments).await
        }
        Guard::Report(arguments) => report::run(&desk, &arguments).await,
    };
    desk.database.close().await;
    done
}
