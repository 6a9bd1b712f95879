//! Rounds of `request-otp` and `verify-otp`: beside their bare SQL, with codes of Sinch and with codes
//! of our own, and with a provider so slow that whoever held a database connection meanwhile would be
//! found out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use ringfence::foundation::{OpaqueToken, TokenHash};
use ringfence::login_tickets;
use serde_json::json;

use crate::bare::{BareRounds, Maker, Sql};
use crate::connection::{self, Connection};
use crate::figures::{Pair, Row, Target, Unit};
use crate::load::{Client, Phase, drive};
use crate::phones::Phones;
use crate::process::{Carrier, Helper, Role, Server};
use crate::world::{POOL_SIZE, User, World};

const CONNECTIONS: u32 = 32;
pub(crate) const ROUNDS: usize = 5;
pub(crate) const PHASE: Phase = Phase::of_seconds(3);
/// More than anybody uses up in a phase.
pub(crate) const TICKETS: usize = 8000;

/// How long the slow provider takes over each answer.
const DELAY: Duration = Duration::from_millis(200);
/// A quarter of the clients: were connections held, they would get a quarter of the rounds.
const SMALL_POOL: u32 = 8;
/// Clients start over the length of one round, so that they stay evenly spread. Thirty rounds of each
/// client: one more or less of a single client at the edges is a tenth of a percent.
const SLOW_PHASE: Phase =
    Phase { warm_up: Duration::from_millis(400), measured: Duration::from_secs(12) };
/// The stand-in for Sinch takes every code for right.
const ANY_CODE: &str = "123456";

/// Codes that Sinch makes and judges.
pub(crate) async fn of_sinch(world: &World) -> anyhow::Result<Vec<Row>> {
    let server = world.server().await?;
    let name = "code rounds, 32 connections";
    Ok(vec![beside_bare_sql(world, name, Maker::Sinch, &server, None).await?])
}

/// Codes that the server makes and judges, and a stand-in for Plivo carries.
pub(crate) async fn of_our_own(world: &World) -> anyhow::Result<Vec<Row>> {
    let plivo = Helper::start(Role::Texts).await?;
    let server = world.server_with(POOL_SIZE, Carrier::Plivo(plivo.address)).await?;
    let phones = Some(Phones::of(plivo));
    let name = "rounds of own codes, 32 connections";
    Ok(vec![beside_bare_sql(world, name, Maker::Us, &server, phones.as_ref()).await?])
}

async fn beside_bare_sql(
    world: &World,
    name: &'static str,
    maker: Maker,
    server: &Server,
    phones: Option<&Phones>,
) -> anyhow::Result<Row> {
    let sql = Arc::new(Sql::read()?);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let tickets = Tickets::issue(world, TICKETS).await?;
        let mut bare: Vec<_> = (0..CONNECTIONS)
            .map(|_| BareRounds::new(world, Arc::clone(&sql), Arc::clone(&tickets), maker))
            .collect();
        let reference = drive(&mut bare, PHASE).await?.per_second();
        let tickets = Tickets::issue(world, TICKETS).await?;
        let mut clients = clients(server, &tickets, phones).await?;
        let figure = drive(&mut clients, PHASE).await?.per_second();
        rounds.push(Pair { figure, reference });
    }
    Ok(Row::new((name, "their SQL, bare sqlx"), Unit::PerSecond, Target::AtLeast(0.5), &rounds))
}

/// Codes of a Sinch that takes its time.
pub(crate) async fn slow(world: &World) -> anyhow::Result<Vec<Row>> {
    let provider = Helper::start(Role::Provider(DELAY)).await?;
    let server = world.server_with(SMALL_POOL, Carrier::Sinch(provider.address)).await?;
    let reference = f64::from(CONNECTIONS) / (2.0 * DELAY.as_secs_f64());
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let tickets = Tickets::issue(world, TICKETS).await?;
        let mut clients = clients(&server, &tickets, None).await?;
        let figure = drive(&mut clients, SLOW_PHASE).await?.per_second();
        rounds.push(Pair { figure, reference });
    }
    let names = ("code rounds, 32 connections, a pool of 8", "32 / (2 × 200 ms of the provider)");
    Ok(vec![Row::new(names, Unit::PerSecond, Target::AtLeast(0.98), &rounds)])
}

/// Logins that wait for their code, each handed out once.
pub(crate) struct Tickets {
    waiting: Vec<Ticket>,
    taken: AtomicUsize,
}

/// A login that waits for its code.
#[derive(Clone)]
pub(crate) struct Ticket {
    pub(crate) hash: TokenHash,
    pub(crate) user: Arc<User>,
    text: String,
}

impl Tickets {
    /// As many as asked for, dealt out to all users in turn.
    pub(crate) async fn issue(world: &World, count: usize) -> anyhow::Result<Arc<Self>> {
        let mut transaction = world.database.begin().await?;
        let mut waiting = Vec::with_capacity(count);
        for user in world.users.iter().cycle().take(count) {
            let token = OpaqueToken::generate(&world.entropy)?;
            let (address, now) = (user.address.limited(), world.clock.now());
            login_tickets::issue(&mut *transaction, &token, user.id, address, now).await?;
            let (hash, text) = (token.hash(), token.expose().to_owned());
            waiting.push(Ticket { hash, text, user: Arc::clone(user) });
        }
        transaction.commit().await?;
        Ok(Arc::new(Self { waiting, taken: AtomicUsize::new(0) }))
    }

    pub(crate) fn take(&self) -> anyhow::Result<&Ticket> {
        let place = self.taken.fetch_add(1, Ordering::Relaxed);
        self.waiting.get(place).context("the tickets have run out; make more")
    }
}

/// Somebody who requests a code and enters it, again and again, with ever new tickets.
pub(crate) struct Rounds {
    connection: Connection,
    tickets: Arc<Tickets>,
    /// Where codes arrive that somebody judges.
    phones: Option<Phones>,
}

pub(crate) async fn clients(
    server: &Server,
    tickets: &Arc<Tickets>,
    phones: Option<&Phones>,
) -> anyhow::Result<Vec<Rounds>> {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let connection = Connection::open(server.address).await?;
        let tickets = Arc::clone(tickets);
        clients.push(Rounds { connection, tickets, phones: phones.cloned() });
    }
    Ok(clients)
}

impl Client for Rounds {
    async fn act(&mut self) -> anyhow::Result<()> {
        let Ticket { text, user, .. } = self.tickets.take()?;
        let address = user.address.ip().to_string();
        let body = json!({ "loginTicket": text });
        let request = connection::post("/api/v1/auth/request-otp", &address, &body);
        self.connection.succeed(&request).await?;
        let code = match &self.phones {
            Some(phones) => phones.code_for(user.number.e164()).await?,
            None => ANY_CODE.to_owned(),
        };
        let body = json!({ "loginTicket": text, "otpCode": code });
        let request = connection::post("/api/v1/auth/verify-otp", &address, &body);
        self.connection.succeed(&request).await.map(drop)
    }
}
