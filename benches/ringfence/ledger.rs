//! What a row of the ledger costs in a table of ten million, beside one of a thousand: entered, and
//! noted as sent, each in a transaction of its own that is flushed to disk, as the server does it.
//!
//! The tables have the product's own schema, with random ids and references in their indexes. They are
//! filled before their indexes are made, since one by one would take an hour.

use anyhow::Context as _;
use ringfence::foundation::{ChallengeId, Clock, Entropy, MessageId, UserId};
use sqlx::{AssertSqlSafe, PgPool};

use crate::bare::{PRICE_MICROS, advance};
use crate::figures::{Pair, Row, Target, Unit};
use crate::load::{Client, Phase, drive};
use crate::statements::Statements;
use crate::world::World;

const FEW: u32 = 1000;
const MANY: u32 = 10_000_000;
/// To whom the messages went. As many on either side: only the ledger differs.
const USERS: u32 = 50_000;
const ROUNDS: usize = 5;
const PHASE: Phase = Phase::of_seconds(3);
/// For the one client, and for the sessions that fill.
const CONNECTIONS: u32 = 3;

pub(crate) async fn measure(world: &World) -> anyhow::Result<Vec<Row>> {
    let mut small = Writer::new(world, "ledger_small", FEW).await?;
    let mut large = Writer::new(world, "ledger_large", MANY).await?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let reference = 1000.0 / drive(&mut small, PHASE).await?.per_second();
        let figure = 1000.0 / drive(&mut large, PHASE).await?.per_second();
        rounds.push(Pair { figure, reference });
    }
    let names = ("a row of the ledger among 10,000,000", "the same among 1,000");
    Ok(vec![Row::new(names, Unit::Milliseconds, Target::AtMost(1.2), &rounds)])
}

/// Somebody who enters one message after the other.
struct Writer {
    database: PgPool,
    insert: &'static str,
    advance: &'static str,
    users: Vec<UserId>,
    sent: usize,
    clock: Clock,
    entropy: Entropy,
}

impl Writer {
    /// In a database of that name, whose ledger has so many rows already.
    async fn new(world: &World, name: &str, rows: u32) -> anyhow::Result<Vec<Self>> {
        let database = world.another_database(name, CONNECTIONS).await?;
        fill(&database, rows).await?;
        let all = Statements::read()?;
        let users = sqlx::query_scalar("SELECT id FROM users ORDER BY random() LIMIT 10000");
        Ok(vec![Self {
            insert: all.one("INSERT INTO messages", "VALUES")?,
            advance: all.one("UPDATE messages", "provider_reference = COALESCE")?,
            users: users.fetch_all(&database).await?,
            sent: 0,
            clock: world.clock.clone(),
            entropy: world.entropy.clone(),
            database,
        }])
    }
}

impl Client for Writer {
    async fn act(&mut self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let id = MessageId::new(now, &self.entropy)?;
        let user = self.users.get(self.sent % self.users.len()).context("nobody is there")?;
        self.sent += 1;
        let mut transaction = self.database.begin().await?;
        sqlx::query(self.insert)
            .bind(id)
            .bind(ChallengeId::new(now, &self.entropy)?)
            .bind(user)
            .bind(self.entropy.bytes::<32>()?)
            .bind("a key")
            .bind("SE")
            .bind("plivo")
            .bind("sms")
            .bind("login")
            .bind(PRICE_MICROS)
            .bind("USD")
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let reference = format!("{:032x}", u128::from_be_bytes(self.entropy.bytes()?));
        let mut transaction = self.database.begin().await?;
        advance(&mut transaction, self.advance, id, &reference, now).await?;
        Ok(transaction.commit().await?)
    }
}

/// People, and messages to them over two years, oldest first.
async fn fill(database: &PgPool, rows: u32) -> anyhow::Result<()> {
    let mut session = database.acquire().await?;
    let people = format!(
        "INSERT INTO users (id, email, phone_number, password_hash, created_at, updated_at)
        SELECT md5(n::text)::uuid, 'user-' || n || '@example.com', '+4670' || lpad(n::text, 7, '0'),
            'none', '2024-01-01', '2024-01-01'
        FROM generate_series(1, {USERS}) AS n"
    );
    sqlx::query(AssertSqlSafe(people)).execute(&mut *session).await?;
    let made: Vec<(String, String)> = sqlx::query_as(
        "SELECT indexname::text, indexdef FROM pg_indexes
        WHERE tablename = 'messages' AND indexname <> 'messages_pkey'",
    )
    .fetch_all(&mut *session)
    .await?;
    sqlx::query("ALTER TABLE messages DROP CONSTRAINT messages_pkey")
        .execute(&mut *session)
        .await?;
    sqlx::query("ALTER TABLE messages DROP CONSTRAINT messages_user_id_fkey")
        .execute(&mut *session)
        .await?;
    for (name, _) in &made {
        sqlx::query(AssertSqlSafe(format!("DROP INDEX {name}"))).execute(&mut *session).await?;
    }
    drop(session);
    // A session for each half: the rows are made by a CPU, not by the disk.
    let middle = rows / 2;
    tokio::try_join!(insert(database, 1, middle, rows), insert(database, middle + 1, rows, rows))?;
    let mut session = database.acquire().await?;
    let indexes = made.into_iter().map(|(_, definition)| definition);
    for statement in
        ["SET maintenance_work_mem = '512MB'".to_owned()].into_iter().chain(indexes).chain([
            "ALTER TABLE messages ADD CONSTRAINT messages_pkey PRIMARY KEY (id)".to_owned(),
            "ALTER TABLE messages ADD CONSTRAINT messages_user_id_fkey FOREIGN KEY (user_id) \
                REFERENCES users (id) ON DELETE SET NULL NOT VALID"
                .to_owned(),
            // What PostgreSQL would do in the background some time, and into somebody's figures.
            "ALTER TABLE messages SET (autovacuum_enabled = false)".to_owned(),
            "ANALYZE messages".to_owned(),
            "CHECKPOINT".to_owned(),
        ])
    {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *session).await?;
    }
    Ok(())
}

/// The messages `first` to `last` of `all`: ids as the server makes them, that is by time and then at
/// random; a tenth of them failed, and most others verified.
async fn insert(database: &PgPool, first: u32, last: u32, all: u32) -> anyhow::Result<()> {
    let rows = format!(
        "INSERT INTO messages (id, challenge_id, user_id, number_mac, number_key_id, country, provider,
            channel, purpose, state, failure, provider_reference, created_at, updated_at, verified_at)
        SELECT overlay(gen_random_uuid()::text PLACING stamp FROM 1)::uuid,
            overlay(gen_random_uuid()::text PLACING stamp FROM 1)::uuid,
            md5((1 + n::bigint * 7919 % {USERS})::text)::uuid, sha256(n::text::bytea), 'a key',
            (ARRAY['SE', 'US', 'IN', 'DE', 'BR'])[1 + n % 5], (ARRAY['sinch', 'plivo', 'infobip'])[1 + n % 3],
            'sms', 'login', CASE n % 10 WHEN 0 THEN 'failed' ELSE 'delivered' END,
            CASE n % 10 WHEN 0 THEN 'unavailable' END, CASE n % 10 WHEN 0 THEN NULL ELSE gen_random_uuid() END,
            at, at, CASE WHEN n % 10 > 1 THEN at END
        FROM generate_series({first}, {last}) AS n,
            LATERAL (SELECT timestamptz '2024-01-01' + interval '2 years' * n / {all} AS at) AS times,
            LATERAL (SELECT lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS ms) AS hex,
            LATERAL (SELECT left(ms, 8) || '-' || right(ms, 4) AS stamp) AS stamps"
    );
    sqlx::query(AssertSqlSafe(rows)).execute(database).await?;
    Ok(())
}
