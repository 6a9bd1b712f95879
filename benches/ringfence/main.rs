//! What Ringfence costs beside what it is made of: raw Argon2id, a bare axum route, bare SQL.
//!
//! `cargo bench` runs everything, `cargo bench -- session codes` only what is named. Starts what it
//! needs (a private PostgreSQL that flushes to disk, the real `ringfence serve`, stand-ins for
//! Sinch and Plivo, each a process of its own) and stops it again. Every figure is a ratio to a reference
//! measured in the same run, in alternating rounds, since absolute figures mean nothing on another
//! machine. Ends with an error where a target is missed.

#![expect(clippy::print_stdout, reason = "the terminal is where a benchmark shows its figures")]

mod bare;
mod codes;
mod connection;
mod figures;
mod footprint;
mod import;
mod ledger;
mod limits;
mod load;
mod logins;
mod people;
mod phones;
mod process;
mod routes;
mod sessions;
mod statements;
#[cfg(feature = "redis")]
mod stores;
mod world;

#[path = "../../tests/support/fake_plivo/mod.rs"]
#[expect(dead_code, reason = "tests ask the fake for more than a benchmark does")]
mod fake_plivo;
#[path = "../../tests/support/fake_sinch/mod.rs"]
#[expect(dead_code, reason = "tests ask the fake for more than a benchmark does")]
mod fake_sinch;

#[cfg(feature = "redis")]
#[path = "../../tests/support/redis_server.rs"]
#[expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has failed")]
mod redis_server;

use std::process::ExitCode;
use std::time::Duration;

use figures::Row;
use process::Role;
use world::World;

/// Far above what everything takes together; a benchmark that hangs must end, too.
const TIME_LIMIT: Duration = Duration::from_mins(20);

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let Some(role) = Role::read(&arguments) {
        role.play().await?;
        return Ok(ExitCode::SUCCESS);
    }
    let names = arguments.into_iter().filter(|argument| !argument.starts_with('-')).collect();
    let rows = tokio::time::timeout(TIME_LIMIT, measure(&Wanted(names))).await??;
    figures::print(&rows);
    Ok(if rows.iter().all(Row::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Everything, in the order of the table.
async fn measure(wanted: &Wanted) -> anyhow::Result<Vec<Row>> {
    let world = World::start().await?;
    let mut rows = Vec::new();
    if wanted.names("start") {
        rows.extend(footprint::start(&world).await?);
    }
    if wanted.names("login") {
        rows.extend(logins::measure(&world).await?);
    }
    if wanted.names("session") {
        rows.extend(routes::session(&world).await?);
    }
    if wanted.names("profile") {
        rows.extend(routes::profile(&world).await?);
    }
    if wanted.names("codes") {
        rows.extend(codes::of_sinch(&world).await?);
    }
    if wanted.names("own-codes") {
        rows.extend(codes::of_our_own(&world).await?);
    }
    #[cfg(feature = "redis")]
    if wanted.names("stores") {
        rows.extend(stores::measure(&world).await?);
    }
    if wanted.names("slow") {
        rows.extend(codes::slow(&world).await?);
    }
    if wanted.names("refresh") {
        rows.extend(sessions::refresh(&world).await?);
    }
    if wanted.names("revocation") {
        rows.extend(sessions::revocation(&world).await?);
    }
    if wanted.names("ledger") {
        rows.extend(ledger::measure(&world).await?);
    }
    if wanted.names("limits") {
        rows.extend(limits::measure(&world).await?);
    }
    if wanted.names("people") {
        rows.extend(people::measure(&world).await?);
    }
    if wanted.names("import") {
        rows.extend(import::measure(&world).await?);
    }
    world.stop().await?;
    Ok(rows)
}

/// The measurements asked for on the command line; none named means all.
struct Wanted(Vec<String>);

impl Wanted {
    fn names(&self, measurement: &str) -> bool {
        let wanted = self.0.is_empty() || self.0.iter().any(|name| name == measurement);
        if wanted {
            println!("measuring: {measurement}");
        }
        wanted
    }
}
