//! What a login costs among five million people, beside one among a thousand: the real servers, each on
//! a database of its own, and one client that logs in one person after the other.
//!
//! The tables have the product's own schema and everybody the same hash. They are filled before their
//! indexes are made, since one by one would take an hour.

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, PgPool};

use crate::connection::Connection;
use crate::figures::{Pair, Row, Target, Unit};
use crate::load::{Client, Phase, drive};
use crate::process::Server;
use crate::world::{World, login};

const FEW: u32 = 1000;
const MANY: u32 = 5_000_000;
/// Whose turn it is, drawn from all of them; far more than log in within the phases.
const DRAWN: u32 = 1000;
const ROUNDS: usize = 5;
const PHASE: Phase = Phase::of_seconds(4);
/// For the sessions that fill.
const CONNECTIONS: u32 = 2;

pub(crate) async fn measure(world: &World) -> anyhow::Result<Vec<Row>> {
    let (_few, mut few) = people(world, "people_few", FEW).await?;
    let (_many, mut many) = people(world, "people_many", MANY).await?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let reference = drive(&mut few, PHASE).await?.p50();
        let figure = drive(&mut many, PHASE).await?.p50();
        rounds.push(Pair { figure, reference });
    }
    let names = ("login among 5,000,000 people, p50", "the same among 1,000");
    Ok(vec![Row::new(names, Unit::Milliseconds, Target::AtMost(1.2), &rounds)])
}

/// A server on a database of that name with so many people, and somebody who logs them in.
async fn people(
    world: &World,
    name: &str,
    count: u32,
) -> anyhow::Result<(Server, Vec<LogsPeopleIn>)> {
    let database = world.another_database(name, CONNECTIONS).await?;
    let hash = sqlx::query_scalar("SELECT password_hash FROM users LIMIT 1");
    let hash: String = hash.fetch_one(&world.database).await?;
    fill(&database, count, &hash).await?;
    let requests = (0..DRAWN).map(|place| login(&email(place, count), "10.0.0.1")).collect();
    database.close().await;
    let server = world.server_on_another(name).await?;
    let connection = Connection::open(server.address).await?;
    Ok((server, vec![LogsPeopleIn { connection, requests, done: 0 }]))
}

/// Somebody of each stretch of the table.
fn email(place: u32, count: u32) -> String {
    format!("user-{}@example.com", 1 + place * (count / DRAWN))
}

/// One person after the other.
struct LogsPeopleIn {
    connection: Connection,
    requests: Vec<Vec<u8>>,
    done: usize,
}

impl Client for LogsPeopleIn {
    async fn act(&mut self) -> anyhow::Result<()> {
        let request = self.requests.get(self.done % self.requests.len()).context("nobody")?;
        self.done += 1;
        self.connection.succeed(request).await.map(drop)
    }
}

async fn fill(database: &PgPool, count: u32, hash: &str) -> anyhow::Result<()> {
    let indexes: Vec<(String, String)> = sqlx::query_as(
        "SELECT indexname::text, indexdef FROM pg_indexes
        WHERE tablename = 'users' AND indexname NOT IN ('users_pkey', 'users_phone_number_key')",
    )
    .fetch_all(database)
    .await?;
    let dropped = indexes.iter().map(|(name, _)| format!("DROP INDEX {name}"));
    let before = ["ALTER TABLE users DROP CONSTRAINT users_phone_number_key".to_owned()];
    run(database, dropped.chain(before)).await?;
    let middle = count / 2;
    tokio::try_join!(insert(database, 1, middle, hash), insert(database, middle + 1, count, hash),)?;
    let after = [
        "ALTER TABLE users ADD CONSTRAINT users_phone_number_key UNIQUE (phone_number)",
        // What PostgreSQL would do in the background some time, and into somebody's figures.
        "ALTER TABLE users SET (autovacuum_enabled = false)",
        "VACUUM ANALYZE users",
        "CHECKPOINT",
    ];
    let made = indexes.into_iter().map(|(_, definition)| definition);
    run(database, made.chain(after.map(str::to_owned))).await
}

async fn run(database: &PgPool, statements: impl Iterator<Item = String>) -> anyhow::Result<()> {
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement)).execute(database).await?;
    }
    Ok(())
}

/// The people `first` to `last`, with ids by the time of their making, as the server has them.
async fn insert(database: &PgPool, first: u32, last: u32, hash: &str) -> anyhow::Result<()> {
    sqlx::query(
        "INSERT INTO users (id, email, phone_number, password_hash, is_verified, created_at, updated_at)
        SELECT overlay(gen_random_uuid()::text PLACING lpad(to_hex(n), 8, '0') FROM 1)::uuid,
            'user-' || n || '@example.com', '+4670' || lpad(n::text, 7, '0'), $3, true,
            '2024-01-01', '2024-01-01'
        FROM generate_series($1, $2) AS n",
    )
    .bind(i32::try_from(first)?)
    .bind(i32::try_from(last)?)
    .bind(hash)
    .execute(database)
    .await?;
    Ok(())
}
