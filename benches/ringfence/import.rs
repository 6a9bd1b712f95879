//! `ringfence users import` beside COPY of the same rows into the same table: both with all indexes and constraints,
//! flushed to disk. The program's own start is part of its time.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use ringfence::foundation::{Clock, Entropy, UserId};
use sqlx::PgPool;
use sqlx::postgres::PgPoolCopyExt as _;

use crate::figures::{Pair, Row, Target, Unit, rate};
use crate::world::World;

const PEOPLE: usize = 100_000;
const ROUNDS: usize = 5;
const DATABASE: &str = "import";
const HASH: &str = "$2b$10$c2l4dGVlbiBieXRlc.b2iu/qEf5UkzvfcpWHfvnjbHfJ95HPZ1kWO";
const COPY: &str =
    "COPY users (id, email, phone_number, password_hash, created_at, updated_at) FROM STDIN";

pub(crate) async fn measure(world: &World) -> anyhow::Result<Vec<Row>> {
    let database = world.another_database(DATABASE, 1).await?;
    let file = world.directory().join("people.ndjson");
    std::fs::write(&file, lines())?;
    let rows = rows(&world.clock, &world.entropy)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let reference = rate(PEOPLE, copy(&database, &rows).await?);
        let figure = rate(PEOPLE, import(&database, &file, world).await?);
        rounds.push(Pair { figure, reference });
    }
    database.close().await;
    let names = ("users import, 100,000 people", "COPY of the same rows");
    Ok(vec![Row::new(names, Unit::PerSecond, Target::AtLeast(0.3), &rounds)])
}

fn email(at: usize) -> String {
    format!("person{at}@example.com")
}

fn number(at: usize) -> String {
    format!("+4670{at:07}")
}

/// What the program reads.
fn lines() -> String {
    (0..PEOPLE).fold(String::new(), |mut lines, at| {
        let (email, number) = (email(at), number(at));
        // Never fails: it is a text.
        let _ = writeln!(
            lines,
            r#"{{"email":"{email}","phoneNumber":"{number}","passwordHash":"{HASH}"}}"#
        );
        lines
    })
}

/// What COPY reads.
fn rows(clock: &Clock, entropy: &Entropy) -> anyhow::Result<String> {
    let mut rows = String::new();
    for at in 0..PEOPLE {
        let now = clock.now();
        let (id, email, number) = (UserId::new(now, entropy)?, email(at), number(at));
        let now = now.to_rfc3339();
        writeln!(rows, "{id}\t{email}\t{number}\t{HASH}\t{now}\t{now}")?;
    }
    Ok(rows)
}

async fn copy(database: &PgPool, rows: &str) -> anyhow::Result<Duration> {
    empty(database).await?;
    let began = Instant::now();
    let mut copy = database.copy_in_raw(COPY).await?;
    copy.send(rows.as_bytes()).await?;
    ensure!(copy.finish().await? == PEOPLE as u64, "COPY has lost somebody");
    Ok(began.elapsed())
}

async fn import(database: &PgPool, file: &Path, world: &World) -> anyhow::Result<Duration> {
    empty(database).await?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(["users", "import"]).arg(file).current_dir(world.directory());
    command.env("DATABASE_URL", world.url(DATABASE));
    let began = Instant::now();
    let ended = tokio::task::spawn_blocking(move || command.output()).await??;
    let taken = began.elapsed();
    ensure!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let there: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(database).await?;
    ensure!(usize::try_from(there).context("a count")? == PEOPLE, "{there} are there");
    Ok(taken)
}

async fn empty(database: &PgPool) -> anyhow::Result<()> {
    sqlx::query("TRUNCATE users CASCADE").execute(database).await?;
    sqlx::query("CHECKPOINT").execute(database).await?;
    Ok(())
}
