//! The SQL of a code round without a server around it: the same statements in the same
//! transactions, by hand.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use ringfence::foundation::{ChallengeId, Clock, Entropy, MessageId, SessionId};
use sqlx::{PgConnection, PgPool, Row as _};

use crate::codes::{Ticket, Tickets};
use crate::load::Client;
use crate::statements::Statements;
use crate::world::World;

const LOGIN: &str = "login";
/// The limit that nobody meets, as the server is told.
const MOST: i64 = 1000;
/// The windows over wrong codes, in hours, as `otp/lockout.rs` has them.
const GUESS_WINDOWS: [i64; 10] = [1, 3, 7, 15, 31, 55, 79, 103, 127, 151];
/// As long as every MAC that is stored.
const MAC: [u8; 32] = [7; 32];
/// What a message is said to cost.
pub(crate) const PRICE_MICROS: i64 = 80_000;

/// Who makes the code of a round.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Maker {
    /// The carrier does, and judges it.
    Sinch,
    /// The server does, and Plivo carries it.
    Us,
}

/// The statements of a round, by what they do.
pub(crate) struct Sql {
    find_ticket: &'static str,
    find_user: &'static str,
    take_free_resend: &'static str,
    count: &'static str,
    supersede: &'static str,
    insert_challenge: &'static str,
    insert_message: &'static str,
    advance_message: &'static str,
    mark_verified: &'static str,
    mark_sent: &'static str,
    record_sent: &'static str,
    take_attempt: &'static str,
    consume_challenge: &'static str,
    redeem: &'static str,
    consume_ticket: &'static str,
    verify_phone: &'static str,
    open_session: &'static str,
}

impl Sql {
    pub(crate) fn read() -> anyhow::Result<Self> {
        let all = Statements::read()?;
        Ok(Self {
            find_ticket: all.one("SELECT", "FROM login_tickets WHERE ticket_hash = $1")?,
            find_user: all.one("SELECT", "FROM users WHERE id = $1")?,
            take_free_resend: all.one("UPDATE otp_challenges", "SET free_resend = false")?,
            count: all.one("INSERT INTO otp_windows", "ON CONFLICT")?,
            supersede: all.one("UPDATE otp_challenges", "'superseded'")?,
            insert_challenge: all.one("INSERT INTO otp_challenges", "VALUES")?,
            insert_message: all.one("INSERT INTO messages", "VALUES")?,
            advance_message: all.one("UPDATE messages", "provider_reference = COALESCE")?,
            mark_verified: all.one("UPDATE messages", "SET verified_at = $3")?,
            mark_sent: all.one("UPDATE otp_challenges", "SET provider_reference = $2")?,
            record_sent: all.one("UPDATE users", "SET sinch_verification_id = $2")?,
            take_attempt: all.one("UPDATE otp_challenges", "attempts_left - 1")?,
            consume_challenge: all.one("UPDATE otp_challenges", "'verified'")?,
            redeem: all.one("UPDATE otp_windows", "WITH ORDINALITY")?,
            consume_ticket: all.one("UPDATE login_tickets", "SET consumed_at = $2")?,
            verify_phone: all.one("UPDATE users", "SET is_verified = true")?,
            open_session: all.one("INSERT INTO sessions", "VALUES")?,
        })
    }
}

/// A bare client that does the SQL of one round after the other.
pub(crate) struct BareRounds {
    database: PgPool,
    clock: Clock,
    entropy: Entropy,
    sql: Arc<Sql>,
    tickets: Arc<Tickets>,
    maker: Maker,
}

/// A code on its way.
#[derive(Clone, Copy)]
struct Sent {
    challenge: ChallengeId,
    message: MessageId,
}

impl BareRounds {
    pub(crate) fn new(world: &World, sql: Arc<Sql>, tickets: Arc<Tickets>, maker: Maker) -> Self {
        let (database, clock) = (world.database.clone(), world.clock.clone());
        Self { database, clock, entropy: world.entropy.clone(), sql, tickets, maker }
    }

    fn provider(&self) -> &'static str {
        match self.maker {
            Maker::Sinch => "sinch",
            Maker::Us => "plivo",
        }
    }
}

impl Client for BareRounds {
    async fn act(&mut self) -> anyhow::Result<()> {
        let ticket = self.tickets.take()?.clone();
        self.find_ticket(&ticket).await?;
        sqlx::query(self.sql.find_user).bind(ticket.user.id).fetch_one(&self.database).await?;
        let sent = self.reserve(&ticket).await?;
        self.record_sent(&ticket, sent).await?;

        self.find_ticket(&ticket).await?;
        let counted_at = self.take_guess(&ticket).await?;
        self.finish(&ticket, sent, counted_at).await
    }
}

impl BareRounds {
    async fn find_ticket(&self, ticket: &Ticket) -> sqlx::Result<()> {
        sqlx::query(self.sql.find_ticket)
            .bind(&ticket.hash)
            .bind(self.clock.now())
            .fetch_one(&self.database)
            .await
            .map(drop)
    }

    async fn reserve(&self, ticket: &Ticket) -> anyhow::Result<Sent> {
        let now = self.clock.now();
        let (hour, day) = (TimeDelta::hours(1), TimeDelta::days(1));
        let user = &ticket.user;
        let mut transaction = self.database.begin().await?;
        sqlx::query(self.sql.take_free_resend)
            .bind(user.id)
            .bind(LOGIN)
            .bind(now - TimeDelta::minutes(5))
            .execute(&mut *transaction)
            .await?;
        let number = user.number.e164();
        let address = user.address.limited();
        self.count(&mut transaction, &format!("send:user:{}", user.id), &[], now).await?;
        self.count(&mut transaction, &format!("send:number:{number}"), &[hour, day], now).await?;
        self.count(&mut transaction, &format!("send:address:{address}"), &[hour], now).await?;
        sqlx::query(self.sql.supersede)
            .bind(user.id)
            .bind(LOGIN)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        let sent = self.insert(&mut transaction, ticket, now).await?;
        transaction.commit().await?;
        Ok(sent)
    }

    async fn insert(
        &self,
        connection: &mut PgConnection,
        ticket: &Ticket,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Sent> {
        let challenge = ChallengeId::new(now, &self.entropy)?;
        let message = MessageId::new(now, &self.entropy)?;
        let is_ours = matches!(self.maker, Maker::Us);
        sqlx::query(self.sql.insert_challenge)
            .bind(challenge)
            .bind(ticket.user.id)
            .bind(LOGIN)
            .bind("sms")
            .bind(ticket.user.number.e164())
            .bind(self.provider())
            .bind(is_ours.then_some(MAC))
            .bind(is_ours.then_some("a key"))
            .bind(5_i16)
            .bind(true)
            .bind(now)
            .bind(now + TimeDelta::minutes(5))
            .execute(&mut *connection)
            .await?;
        sqlx::query(self.sql.insert_message)
            .bind(message)
            .bind(challenge)
            .bind(ticket.user.id)
            .bind(MAC)
            .bind("a key")
            .bind("SE")
            .bind(self.provider())
            .bind("sms")
            .bind(LOGIN)
            .bind(PRICE_MICROS)
            .bind("USD")
            .bind(now)
            .execute(connection)
            .await?;
        Ok(Sent { challenge, message })
    }

    async fn record_sent(&self, ticket: &Ticket, sent: Sent) -> sqlx::Result<()> {
        let (now, reference) = (self.clock.now(), sent.challenge.to_string());
        let judged_under = matches!(self.maker, Maker::Sinch).then_some(&reference);
        let mut transaction = self.database.begin().await?;
        advance(&mut transaction, self.sql.advance_message, sent.message, &reference, now).await?;
        sqlx::query(self.sql.mark_sent)
            .bind(sent.challenge)
            .bind(judged_under)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(self.sql.record_sent)
            .bind(ticket.user.id)
            .bind(judged_under)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    /// Returns when the guess was counted.
    async fn take_guess(&self, ticket: &Ticket) -> sqlx::Result<DateTime<Utc>> {
        let now = self.clock.now();
        let mut transaction = self.database.begin().await?;
        let row = sqlx::query(self.sql.take_attempt)
            .bind(ticket.user.id)
            .bind(LOGIN)
            .bind(now)
            .fetch_one(&mut *transaction)
            .await?;
        let _left: i16 = row.try_get("attempts_left")?;
        for subject in guesses(ticket) {
            self.count(&mut transaction, &subject, &GUESS_WINDOWS.map(TimeDelta::hours), now)
                .await?;
        }
        transaction.commit().await?;
        Ok(now)
    }

    async fn finish(
        &self,
        ticket: &Ticket,
        sent: Sent,
        counted_at: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let now = self.clock.now();
        let user = &ticket.user;
        let mut transaction = self.database.begin().await?;
        sqlx::query(self.sql.consume_challenge)
            .bind(sent.challenge)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(self.sql.mark_verified)
            .bind(sent.challenge)
            .bind(self.provider())
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(self.sql.redeem)
            .bind(guesses(ticket))
            .bind(counted_at)
            .bind(now - TimeDelta::hours(1))
            .execute(&mut *transaction)
            .await?;
        sqlx::query(self.sql.consume_ticket)
            .bind(&ticket.hash)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(self.sql.verify_phone)
            .bind(user.id)
            .bind(user.number.e164())
            .bind(now)
            .fetch_one(&mut *transaction)
            .await?;
        sqlx::query(self.sql.open_session)
            .bind(SessionId::new(now, &self.entropy)?)
            .bind(user.id)
            .bind(["pwd", "otp", "sms"])
            .bind(now)
            .bind(now + TimeDelta::days(30))
            .bind("benchmark")
            .bind(user.address.limited().to_string())
            .bind(MAC)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn count(
        &self,
        connection: &mut PgConnection,
        subject: &str,
        windows: &[TimeDelta],
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let begins: Vec<_> = windows.iter().map(|window| now - *window).collect();
        sqlx::query(self.sql.count)
            .bind(subject)
            .bind(now)
            .bind(begins.iter().min().copied().unwrap_or(now))
            .bind(&begins)
            .bind(vec![MOST; windows.len()])
            .execute(connection)
            .await
            .map(drop)
    }
}

/// Notes that a message was sent.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    statement: &'static str,
    message: MessageId,
    reference: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(statement)
        .bind(message)
        .bind("sent")
        .bind(reference)
        .bind(None::<String>)
        .bind(now)
        .bind(["queued", "unknown"])
        .bind(None::<i16>)
        .execute(connection)
        .await
        .map(drop)
}

fn guesses(ticket: &Ticket) -> Vec<String> {
    let user = &ticket.user;
    vec![format!("guess:user:{}", user.id), format!("guess:number:{}", user.number.e164())]
}
