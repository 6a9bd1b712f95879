//! The connection that hears of ended sessions, and the proof that it still hears.
//!
//! A connection that is cut says so; one whose packets vanish does not, and behind a pooler that hands
//! out connections by the transaction a LISTEN succeeds and nothing ever comes. So the channel has to
//! bring a word of our own before it is trusted, and is asked three times a second from then on.

use std::fmt::Write as _;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{PgExecutor, PgPool};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, info, warn};

use crate::foundation::{Clock, Entropy, EntropyError, SessionId};

use super::revocations::LEASE;
use super::{CHANNEL, Revocations};

/// Leaves two tries before the lease runs out.
const BEAT_PERIOD: Duration = Duration::from_millis(300);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// For our own word to come back, and for the sessions that have ended to be read, of which there may be
/// a million.
const START_TIMEOUT: Duration = Duration::from_secs(30);
const FORGET_PERIOD: Duration = Duration::from_secs(30);
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// How the connection is called in `pg_stat_activity`.
const APPLICATION_NAME: &str = "ringfence sessions";

/// Why the channel does not work.
#[derive(Debug, thiserror::Error)]
enum ChannelError {
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    #[error("the connection is lost")]
    Lost,
    #[error("no answer in time")]
    Silent(#[from] tokio::time::error::Elapsed),
    #[error("the server does not know that we listen; is there a transaction pooler between?")]
    NotListening,
    #[error("a word to ourselves did not arrive; is there a transaction pooler between?")]
    Deaf,
}

impl Revocations {
    /// Hears of ended sessions for as long as it is polled; comes back by itself after each loss.
    pub async fn follow(&self, database: &PgPool, clock: &Clock, entropy: &Entropy) {
        let mut wait = RETRY_FIRST;
        let mut is_lost = false;
        loop {
            let Err(cause) = self.hear(database, clock, entropy, &mut is_lost, &mut wait).await;
            self.distrust();
            tell_loss(&cause, std::mem::replace(&mut is_lost, true));
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY_MAX);
        }
    }

    /// Connects, catches up, and hears until the channel is lost.
    async fn hear(
        &self,
        database: &PgPool,
        clock: &Clock,
        entropy: &Entropy,
        was_lost: &mut bool,
        wait: &mut Duration,
    ) -> Result<std::convert::Infallible, ChannelError> {
        let mut listener = timeout(CONNECT_TIMEOUT, connect(database)).await??;
        // Listening comes first: what ends while the others are read is heard.
        let caught_up = async {
            self.hear_ourselves(&mut listener, database, clock, entropy).await?;
            self.load(database, clock.now()).await?;
            Ok::<_, ChannelError>(())
        };
        timeout(START_TIMEOUT, caught_up).await??;
        let mut forget_at = Instant::now() + FORGET_PERIOD;
        loop {
            let asked_at = Instant::now();
            if timeout(LEASE, count_channels(&mut listener)).await?? != 1 {
                return Err(ChannelError::NotListening);
            }
            self.trust(asked_at);
            *wait = RETRY_FIRST;
            if std::mem::take(was_lost) {
                info!("the channel of ended sessions works again");
            }
            self.hear_until(&mut listener, clock, asked_at + BEAT_PERIOD).await?;
            if Instant::now() >= forget_at {
                if self.forget(clock.now()) {
                    timeout(START_TIMEOUT, self.load(database, clock.now())).await??;
                }
                forget_at = Instant::now() + FORGET_PERIOD;
            }
        }
    }

    async fn hear_until(
        &self,
        listener: &mut PgListener,
        clock: &Clock,
        until: Instant,
    ) -> Result<(), ChannelError> {
        while let Ok(heard) = timeout_at(until, listener.try_recv()).await {
            let heard = heard?.ok_or(ChannelError::Lost)?;
            self.hear_word(heard.payload(), clock);
        }
        Ok(())
    }

    /// Sends a word by another connection and waits until the channel brings it.
    async fn hear_ourselves(
        &self,
        listener: &mut PgListener,
        database: &PgPool,
        clock: &Clock,
        entropy: &Entropy,
    ) -> Result<(), ChannelError> {
        let random: [u8; 16] = entropy.bytes()?;
        let word = random.iter().fold("hello ".to_owned(), |mut word, byte| {
            // Writing to a string cannot fail.
            let _ = write!(word, "{byte:02x}");
            word
        });
        send(database, &word).await?;
        let deadline = Instant::now() + LEASE;
        while let Ok(heard) = timeout_at(deadline, listener.try_recv()).await {
            let heard = heard?.ok_or(ChannelError::Lost)?;
            if heard.payload() == word {
                return Ok(());
            }
            self.hear_word(heard.payload(), clock);
        }
        Err(ChannelError::Deaf)
    }

    /// The id of a session. What is none is another replica's word to itself.
    fn hear_word(&self, payload: &str, clock: &Clock) {
        if let Some(session) = SessionId::parse(payload) {
            self.note(&[session], clock.now());
        }
    }
}

/// Once for each loss, however often the way back fails.
fn tell_loss(cause: &ChannelError, was_lost: bool) {
    let cause = cause as &dyn std::error::Error;
    if was_lost {
        debug!(cause, "the channel of ended sessions still does not work");
    } else {
        warn!(cause, "the channel of ended sessions is lost: the database is asked instead");
    }
}

/// A connection of its own: the pool may have but one, and is not to be kept waiting.
async fn connect(database: &PgPool) -> sqlx::Result<PgListener> {
    let options = (*database.connect_options()).clone().application_name(APPLICATION_NAME);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with(options);
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// How often the server at the other end listens for us: once, or it is not the one that we told to.
async fn count_channels(executor: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "channels!" FROM pg_listening_channels() AS channel WHERE channel = $1"#,
        CHANNEL,
    )
    .fetch_one(executor)
    .await
}

async fn send(executor: impl PgExecutor<'_>, word: &str) -> sqlx::Result<()> {
    sqlx::query!(r#"SELECT pg_notify($1, $2)::text AS "sent""#, CHANNEL, word)
        .fetch_one(executor)
        .await?;
    Ok(())
}
