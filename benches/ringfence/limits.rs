//! What a limit costs: among ten million keys beside a thousand, a request that it refuses beside a login,
//! and everything that a login is counted by beside the login.

use std::sync::Arc;

use chrono::Utc;
use ringfence::audit::{self, Actor, Entry, Event, Origin};
use ringfence::foundation::{Clock, Entropy, Keyring, SessionId};
use ringfence::passwords::{self, Guesses, Whose};
use ringfence::rate_limits::{Action, SharedLimits, Subject};
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, PgPool, Postgres};

use crate::connection::Connection;
use crate::figures::{Pair, Row, Target, Unit};
use crate::load::{Client, Phase, Repeat, drive};
use crate::statements::Statements;
use crate::world::{User, World, login};

const FEW: u32 = 1000;
const MANY: u32 = 10_000_000;
/// Whose turn it is, drawn from all of them.
const DRAWN: u32 = 1000;
const ROUNDS: usize = 5;
const PHASE: Phase = Phase::of_seconds(3);
/// As the limits of a login have them: 30 and 600 in a quarter of an hour, in microseconds.
const STEPS: [i64; 2] = [30_000_000, 1_500_000];
const BURSTS: [i64; 2] = [900_000_000, 900_000_000];
/// Nobody's secret.
const SECRET_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// How many times the room that everybody has: it is to last.
const ROOM: u32 = 1_000_000;
/// More than a block has room for.
const REFUSED_AFTER: usize = 700;

pub(crate) async fn measure(world: &World) -> anyhow::Result<Vec<Row>> {
    let mut rows = statement(world).await?;
    rows.extend(refused(world).await?);
    rows.extend(shield(world).await?);
    Ok(rows)
}

/// The statement by itself, two keys at a time, one question after the other.
async fn statement(world: &World) -> anyhow::Result<Vec<Row>> {
    let mut few = keys(world, "limits_few", FEW).await?;
    let mut many = keys(world, "limits_many", MANY).await?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let reference = drive(&mut few, PHASE).await?.p50();
        let figure = drive(&mut many, PHASE).await?.p50();
        rounds.push(Pair { figure, reference });
    }
    let names = ("two limits among 10,000,000 keys, p50", "the same among 1,000");
    Ok(vec![Row::new(names, Unit::Milliseconds, Target::AtMost(1.2), &rounds)])
}

/// A request that the shared limits refuse, where the layer in the process has room for it still.
async fn refused(world: &World) -> anyhow::Result<Vec<Row>> {
    let server = world.strict_server().await?;
    let address = |place: usize| format!("203.0.113.{}", place % 256);
    let requests: Vec<_> =
        (0..256).map(|place| login("nobody@example.com", &address(place))).collect();
    let mut crowd =
        vec![Refused { connection: Connection::open(server.address).await?, requests, done: 0 }];
    for _ in 0..REFUSED_AFTER {
        crowd[0].ask().await?;
    }
    let plain = world.server().await?;
    let connection = Connection::open(plain.address).await?;
    let mut logins = vec![Repeat { connection, request: world.users[0].login() }];
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let reference = drive(&mut logins, PHASE).await?.p50();
        let figure = drive(&mut crowd, PHASE).await?.p50();
        rounds.push(Pair { figure, reference });
    }
    let names = ("login that a shared limit refuses, p50", "login that it lets through");
    Ok(vec![Row::new(names, Unit::Milliseconds, Target::AtMost(0.05), &rounds)])
}

/// All that the shield does for one login, beside the whole of it.
async fn shield(world: &World) -> anyhow::Result<Vec<Row>> {
    let (server, user) = (world.server().await?, &world.users[0]);
    let connection = Connection::open(server.address).await?;
    let mut logins = vec![Repeat { connection, request: user.login() }];
    let mut shields = vec![Shield::of(world, Arc::clone(user)).await?];
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let reference = drive(&mut logins, PHASE).await?.p50();
        let figure = drive(&mut shields, PHASE).await?.p50();
        rounds.push(Pair { figure, reference });
    }
    let names = ("limits, guesses and audit of a login, p50", "the login");
    Ok(vec![Row::new(names, Unit::Milliseconds, Target::AtMost(0.05), &rounds)])
}

/// A database of that name with so many keys in use, and somebody who counts for two of them.
async fn keys(world: &World, name: &str, count: u32) -> anyhow::Result<Vec<Counts>> {
    let database = world.another_database(name, 1).await?;
    fill(&database, count).await?;
    let sql = Statements::read()?.one("SELECT tat_before", "FROM take_rate_limits(")?;
    Ok(vec![Counts { database, sql, count, done: 0 }])
}

/// Filled before its indexes are made, since one by one would take long.
async fn fill(database: &PgPool, count: u32) -> anyhow::Result<()> {
    let insert = format!(
        "INSERT INTO rate_limits (key, tat, expires_at)
        SELECT decode(md5(n::text), 'hex'), '2024-01-01', '2024-01-01'
        FROM generate_series(0, {count}) AS n"
    );
    for statement in [
        // What PostgreSQL would do in the background some time, and into somebody's figures.
        "ALTER TABLE rate_limits SET (autovacuum_enabled = false)",
        "ALTER TABLE rate_limits DROP CONSTRAINT rate_limits_pkey",
        "DROP INDEX rate_limits_expires_at_idx",
        &insert,
        "ALTER TABLE rate_limits ADD CONSTRAINT rate_limits_pkey PRIMARY KEY (key)",
        "CREATE INDEX rate_limits_expires_at_idx ON rate_limits (expires_at)",
        "VACUUM ANALYZE rate_limits",
        "CHECKPOINT",
    ] {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(database).await?;
    }
    Ok(())
}

/// Somebody who counts for one pair of keys after the other.
struct Counts {
    database: PgPool,
    sql: &'static str,
    count: u32,
    done: u32,
}

impl Client for Counts {
    async fn act(&mut self) -> anyhow::Result<()> {
        let first = self.done % DRAWN * (self.count / DRAWN);
        self.done += 1;
        let keys = [first, first + 1].map(|n| md5(&n.to_string()));
        #[expect(clippy::disallowed_methods, reason = "a benchmark has no clock to move")]
        let now = Utc::now();
        let query = sqlx::query(self.sql).bind(keys.to_vec()).bind(STEPS).bind(BURSTS).bind(now);
        query.fetch_all(&self.database).await?;
        Ok(())
    }
}

fn md5(text: &str) -> Vec<u8> {
    use md5::Digest as _;
    md5::Md5::digest(text.as_bytes()).to_vec()
}

/// Somebody of a block that has no room left, each time from another address of it.
struct Refused {
    connection: Connection,
    requests: Vec<Vec<u8>>,
    done: usize,
}

impl Refused {
    async fn ask(&mut self) -> anyhow::Result<u16> {
        let request = &self.requests[self.done % self.requests.len()];
        self.done += 1;
        Ok(self.connection.exchange(request).await?.status)
    }
}

impl Client for Refused {
    async fn act(&mut self) -> anyhow::Result<()> {
        let status = self.ask().await?;
        // Room for one comes back now and then, and is used up by whoever comes first.
        anyhow::ensure!(status == 429 || status == 401, "answered {status}");
        Ok(())
    }
}

/// Counts logins of one person, and writes each down, as the server does.
struct Shield {
    /// The login's own, as it has one anyway.
    connection: PoolConnection<Postgres>,
    clock: Clock,
    entropy: Entropy,
    limits: SharedLimits,
    guesses: Guesses,
    user: Arc<User>,
    origin: Origin,
}

impl Shield {
    async fn of(world: &World, user: Arc<User>) -> anyhow::Result<Self> {
        let keyring = Arc::new(Keyring::parse(SECRET_KEY)?);
        let database = world.database.clone();
        let mut connection = database.acquire().await?;
        // The event is written in the transaction of the session: the disk is waited for once, for both.
        sqlx::query("SET synchronous_commit = off").execute(&mut *connection).await?;
        Ok(Self {
            limits: SharedLimits::in_postgres(database, Arc::clone(&keyring), ROOM),
            guesses: Guesses::new(keyring),
            origin: Origin { address: user.address, request_id: "benchmark".to_owned() },
            clock: world.clock.clone(),
            entropy: world.entropy.clone(),
            connection,
            user,
        })
    }
}

impl Client for Shield {
    async fn act(&mut self) -> anyhow::Result<()> {
        let (now, address) = (self.clock.now(), self.user.address);
        let subjects = [Subject::Address(address.limited()), Subject::Block(address.block())];
        self.limits.take(Action::Login, &subjects, now).await?;
        let (whose, origin) =
            (Whose::User(self.user.id), passwords::Origin::Block(address.block()));
        let guess = self.guesses.take(&mut self.connection, whose, origin, now).await?;
        self.guesses.redeem(&mut *self.connection, &guess, now).await?;
        let session = SessionId::new(now, &self.entropy)?;
        let entry = Entry {
            event: Event::LoginSucceeded { session, methods: vec!["pwd"] },
            user: Some(self.user.id),
            actor: Actor::Oneself,
            origin: Some(&self.origin),
        };
        Ok(audit::record(&mut self.connection, &self.entropy, &entry, now).await?)
    }
}
