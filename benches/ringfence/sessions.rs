//! Refreshing beside its bare SQL, and what a look at a hundred thousand ended sessions adds to a request.

use std::time::Duration;

use anyhow::Context as _;
use chrono::TimeDelta;
use ringfence::foundation::{Clock, Entropy, SessionId, TokenId, UserId};
use serde_json::json;
use sqlx::{PgPool, Row as _};

use crate::connection::{self, Connection};
use crate::figures::{Pair, Row, Target, Unit};
use crate::load::{Client, Phase, Repeat, drive};
use crate::process::Server;
use crate::statements::Statements;
use crate::world::{User, World};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 5;
const PHASE: Phase = Phase::of_seconds(3);
/// For a server to have read who has ended.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL_PERIOD: Duration = Duration::from_millis(20);
const ENDED: i32 = 100_000;
/// What a check of a token may cost more with them in memory, in microseconds.
const ADDS_AT_MOST: f64 = 15.0;
/// As long as every hash that is stored.
const HASH: [u8; 32] = [7; 32];

/// `POST /auth/refresh` beside its two statements.
pub(crate) async fn refresh(world: &World) -> anyhow::Result<Vec<Row>> {
    let server = world.server().await?;
    let (mut clients, mut bare) = (Vec::new(), Vec::new());
    for user in world.users.iter().take(CONNECTIONS) {
        clients.push(Refresher::sign_in(user, &server).await?);
        bare.push(BareRefresher::sign_in(world, user.id).await?);
    }
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let reference = drive(&mut bare, PHASE).await?.per_second();
        let figure = drive(&mut clients, PHASE).await?.per_second();
        rounds.push(Pair { figure, reference });
    }
    let names = ("refresh, 32 connections", "its UPDATE and SELECT, bare sqlx");
    Ok(vec![Row::new(names, Unit::PerSecond, Target::AtLeast(0.5), &rounds)])
}

/// `GET /auth/session` of a server that has many ended sessions in memory beside one that has none.
pub(crate) async fn revocation(world: &World) -> anyhow::Result<Vec<Row>> {
    let (without, user) = (world.server().await?, &world.users[0]);
    let now = world.clock.now();
    sqlx::query(
        "INSERT INTO sessions (
            id, user_id, amr, authenticated_at, created_at, ended_at, ended_as
        )
        SELECT gen_random_uuid(), $1, '{pwd}', $2, $2, $2, 'logout' FROM generate_series(1, $3)",
    )
    .bind(user.id)
    .bind(now)
    .bind(ENDED)
    .execute(&world.database)
    .await?;
    // Reads them when it starts; the other one heard nothing of them.
    let with = world.server().await?;
    let (mut asker, mut reference) =
        (vec![asker(user, &with).await?], vec![asker(user, &without).await?]);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let reference = 1e6 / drive(&mut reference, PHASE).await?.per_second();
        let figure = 1e6 / drive(&mut asker, PHASE).await?.per_second();
        rounds.push(Pair { figure, reference });
    }
    let names = ("a token's check, 100,000 ended in memory", "none ended");
    Ok(vec![Row::new(names, Unit::Microseconds, Target::AddsAtMost(ADDS_AT_MOST), &rounds)])
}

async fn asker(user: &User, server: &Server) -> anyhow::Result<Repeat> {
    let token = user.sign_in(server).await?;
    let address = user.address.ip().to_string();
    let mut connection = Connection::open(server.address).await?;
    tokio::time::timeout(PATIENCE, until_listening(&mut connection, &address)).await??;
    let request = connection::get("/api/v1/auth/session", &address, Some(&token));
    Ok(Repeat { connection, request })
}

async fn until_listening(connection: &mut Connection, address: &str) -> anyhow::Result<()> {
    let request = connection::get("/readyz", address, None);
    loop {
        let ready: serde_json::Value = serde_json::from_slice(connection.succeed(&request).await?)?;
        if ready["checks"]["revocations"] == "listening" {
            return Ok(());
        }
        tokio::time::sleep(POLL_PERIOD).await;
    }
}

/// A client with one session that it refreshes over and over.
struct Refresher {
    connection: Connection,
    address: String,
    refresh_token: String,
}

impl Refresher {
    async fn sign_in(user: &User, server: &Server) -> anyhow::Result<Self> {
        Ok(Self {
            connection: Connection::open(server.address).await?,
            address: user.address.ip().to_string(),
            refresh_token: user.sign_in_for(server, "refreshToken").await?,
        })
    }
}

impl Client for Refresher {
    async fn act(&mut self) -> anyhow::Result<()> {
        let body = json!({ "refreshToken": self.refresh_token });
        let request = connection::post("/api/v1/auth/refresh", &self.address, &body);
        let answer: serde_json::Value =
            serde_json::from_slice(self.connection.succeed(&request).await?)?;
        let next = answer["refreshToken"].as_str().context("no refresh token")?;
        next.clone_into(&mut self.refresh_token);
        Ok(())
    }
}

/// A bare client that does the SQL of one refresh after the other.
struct BareRefresher {
    database: PgPool,
    clock: Clock,
    entropy: Entropy,
    rotate: &'static str,
    find_user: &'static str,
    session: SessionId,
    generation: i32,
}

impl BareRefresher {
    async fn sign_in(world: &World, user: UserId) -> anyhow::Result<Self> {
        let all = Statements::read()?;
        let now = world.clock.now();
        let session = SessionId::new(now, &world.entropy)?;
        sqlx::query(all.one("INSERT INTO sessions", "VALUES")?)
            .bind(session)
            .bind(user)
            .bind(["pwd"])
            .bind(now)
            .bind(now + TimeDelta::days(30))
            .bind("benchmark")
            .bind("192.0.2.1")
            .bind(HASH)
            .execute(&world.database)
            .await?;
        Ok(Self {
            database: world.database.clone(),
            clock: world.clock.clone(),
            entropy: world.entropy.clone(),
            rotate: all.one("UPDATE sessions", "refresh_generation + 1")?,
            find_user: all.one("SELECT", "FROM users WHERE id = $1")?,
            session,
            generation: 0,
        })
    }
}

impl Client for BareRefresher {
    async fn act(&mut self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let row = sqlx::query(self.rotate)
            .bind(self.session)
            .bind(self.generation)
            .bind(HASH)
            .bind(HASH)
            .bind("a key")
            .bind(TokenId::new(now, &self.entropy)?)
            .bind(now - TimeDelta::days(14))
            .bind(now)
            .fetch_one(&self.database)
            .await?;
        let user: UserId = row.try_get(0)?;
        sqlx::query(self.find_user).bind(user).fetch_one(&self.database).await?;
        self.generation += 1;
        Ok(())
    }
}
