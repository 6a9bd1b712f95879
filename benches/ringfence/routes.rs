//! The two routes that are asked most: what the token says, and the user read fresh.

use ringfence::foundation::UserId;
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::connection::{self, Connection};
use crate::figures::{Pair, Row, Target, Unit};
use crate::load::{Client, Phase, Repeat, drive};
use crate::process::{Helper, Role, Server};
use crate::statements::Statements;
use crate::world::{POOL_SIZE, World};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
const PHASE: Phase = Phase::of_seconds(3);
/// What everything around a route, and the route itself, may take in microseconds: the shield is a part of it.
const ADDS_AT_MOST: f64 = 20.0;

/// `GET /auth/session` beside a bare axum route that answers the like.
pub(crate) async fn session(world: &World) -> anyhow::Result<Vec<Row>> {
    const PATH: &str = "/api/v1/auth/session";
    let (server, bare) = (world.server().await?, Helper::start(Role::BareRoute).await?);
    let mut clients = askers(world, &server, PATH).await?;
    let mut bare_clients = Vec::new();
    for client in &clients {
        let connection = Connection::open(bare.address).await?;
        bare_clients.push(Repeat { connection, request: client.request.clone() });
    }
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let reference = drive(&mut bare_clients, PHASE).await?.per_second();
        let figure = drive(&mut clients, PHASE).await?.per_second();
        rounds.push(Pair { figure, reference });
    }
    let names = ("GET /auth/session, 64 connections", "bare axum route");
    let many = Row::new(names, Unit::PerSecond, Target::AtLeast(0.7), &rounds);
    // All cores are at work, so that a rate tells what a request takes of them.
    let cores = std::thread::available_parallelism()?.get();
    let taken = |rate: f64| 1e6 * f64::from(u32::try_from(cores).unwrap_or(1)) / rate;
    let taken: Vec<_> = rounds
        .iter()
        .map(|it| Pair { figure: taken(it.figure), reference: taken(it.reference) })
        .collect();
    let names = ("GET /auth/session, processor time", "bare axum route");
    let one = Row::new(names, Unit::Microseconds, Target::AddsAtMost(ADDS_AT_MOST), &taken);
    Ok(vec![many, one])
}

/// `GET /profile` beside its one statement.
pub(crate) async fn profile(world: &World) -> anyhow::Result<Vec<Row>> {
    let server = world.server().await?;
    let mut clients = askers(world, &server, "/api/v1/profile").await?;
    let statement = Statements::read()?.one("SELECT", "FROM users WHERE id = $1")?;
    let mut readers = Vec::new();
    for user in world.users.iter().take(usize::try_from(POOL_SIZE)?) {
        let connection = PgConnection::connect_with(&world.connect_options()).await?;
        readers.push(Reader { connection, statement, user: user.id });
    }
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let reference = drive(&mut readers, PHASE).await?.per_second();
        let figure = drive(&mut clients, PHASE).await?.per_second();
        rounds.push(Pair { figure, reference });
    }
    let names = ("GET /profile, 64 connections", "its SELECT, bare sqlx");
    Ok(vec![Row::new(names, Unit::PerSecond, Target::AtLeast(0.5), &rounds)])
}

/// Clients who have each logged in and ask for `path`.
async fn askers(world: &World, server: &Server, path: &str) -> anyhow::Result<Vec<Repeat>> {
    let mut clients = Vec::new();
    for user in world.users.iter().take(CONNECTIONS) {
        let token = user.sign_in(server).await?;
        let request = connection::get(path, &user.address.ip().to_string(), Some(&token));
        clients.push(Repeat { connection: Connection::open(server.address).await?, request });
    }
    Ok(clients)
}

/// A bare client that reads one user over and over.
struct Reader {
    connection: PgConnection,
    statement: &'static str,
    user: UserId,
}

impl Client for Reader {
    async fn act(&mut self) -> anyhow::Result<()> {
        let query = sqlx::query(self.statement).bind(self.user);
        let row = query.fetch_one(&mut self.connection).await?;
        let _email: String = row.try_get("email")?;
        Ok(())
    }
}
