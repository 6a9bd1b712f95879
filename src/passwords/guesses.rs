//! Guesses at passwords: counted before they are hashed, taken back by the right one.
//!
//! Owns the tables `password_guesses`, `password_block_tallies` and `password_totals`. The waits are in
//! `lockout`, what tells credential stuffing in `stuffing`. Never looks at a password.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor};
use utoipa::ToSchema;

use crate::foundation::{Block, KeyPurpose, Keyring, OpaqueToken, SessionId, UserId};

use super::guess_store::{self, Counted, Tallied, Wanted};
use super::lockout::{EVERYWHERE, NEAR, Rule};
use super::stuffing::{self, Standing};

/// What counts for all devices that are not known.
const EVERYWHERE_PLACE: &str = "everywhere";
/// What is told of a wait that only a known device, another password or an operator ends.
const TOLD_WHEN_SHUT: TimeDelta = TimeDelta::days(1);

/// Whose password is guessed at.
#[derive(Clone, Copy)]
pub enum Whose<'a> {
    /// A person.
    User(UserId),
    /// An address or number that nobody has: counted like a person's, with the same work.
    Nobody(&'a str),
}

/// Where a guess comes from. `Debug` is for none of them: tokens and addresses are personal.
#[derive(Clone, Copy)]
pub enum Origin<'a> {
    /// A device that is not known, in this block.
    Block(Block),
    /// A device that has given a right code, by the token that it keeps.
    KnownDevice(&'a OpaqueToken, Block),
    /// Somebody signed in, who is to prove the password anew.
    Session(SessionId),
}

/// For whom no further guess is taken. Never tells whether there is such a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuessScope {
    /// The account, from all devices that are not known.
    User,
    /// The account, from one address block.
    UserAndBlock,
    /// The account, on one known device.
    Device,
    /// One session.
    Session,
    /// Everybody on devices that are not known in one address block, where passwords are stuffed.
    Block,
}

impl GuessScope {
    /// As clients are told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::UserAndBlock => "user_and_address_block",
            Self::Device => "device",
            Self::Session => "session",
            Self::Block => "address_block",
        }
    }

    fn of(place: &str) -> Self {
        match place.split(':').next() {
            Some("block") => Self::UserAndBlock,
            Some("device") => Self::Device,
            Some("session") => Self::Session,
            _ => Self::User,
        }
    }
}

/// Why a password is not looked at.
#[derive(Debug, thiserror::Error)]
pub enum GuessRefusal {
    /// Too many were wrong.
    #[error("too many wrong passwords")]
    Exhausted {
        /// For whom.
        scope: GuessScope,
        /// From when on one is taken again, unless others come first.
        retry_at: DateTime<Utc>,
    },
    /// The database failed.
    #[error("the guess cannot be counted")]
    Database(#[from] sqlx::Error),
}

/// A guess that was counted, and is to be judged.
pub struct Guess {
    who: String,
    /// Where it was counted.
    places: Vec<String>,
    /// What a right one forgets.
    redeems: Vec<String>,
    tallied: Option<Tallied>,
    /// The first wrong one of this person in this block.
    is_first: bool,
    has_shut: bool,
    is_doubted: bool,
}

impl Guess {
    /// Whether passwords are being stuffed, from this block or from many: then a right one from a device
    /// that is not known proves nothing yet.
    pub fn is_doubted(&self) -> bool {
        self.is_doubted
    }

    /// Whether it was the last for all devices that are not known.
    pub fn has_shut(&self) -> bool {
        self.has_shut
    }
}

impl fmt::Debug for Guess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guess").field("is_doubted", &self.is_doubted).finish_non_exhaustive()
    }
}

/// Counts guesses.
#[derive(Clone, Debug)]
pub struct Guesses {
    keyring: Arc<Keyring>,
}

impl Guesses {
    /// A counter whose rows tell nothing without `keyring`.
    pub fn new(keyring: Arc<Keyring>) -> Self {
        Self { keyring }
    }

    /// Counts a guess, which is then judged and settled: [`Self::redeem`], [`Self::note_wrong`] or
    /// [`Self::give_back`]. One that is not settled stays counted as wrong.
    ///
    /// One statement, whoever it is; another where it was refused after all.
    pub async fn take(
        &self,
        connection: &mut PgConnection,
        whose: Whose<'_>,
        origin: Origin<'_>,
        now: DateTime<Utc>,
    ) -> Result<Guess, GuessRefusal> {
        let who = self.who(whose);
        let places = self.places(origin);
        let block = match origin {
            Origin::Block(block) | Origin::KnownDevice(_, block) => Some(block),
            Origin::Session(_) => None,
        };
        let wanted = Wanted { who: &who, places: &places, block };
        let counted = guess_store::take(connection, &wanted, now).await?;
        let is_unknown = matches!(origin, Origin::Block(_));
        let standing = counted.seen.standing();
        if let Some((scope, retry_at)) = refused(&counted, &places, is_unknown, standing, now) {
            if !counted.places.is_empty() {
                guess_store::give_back(connection, &who, &counted.places, now).await?;
            }
            return Err(GuessRefusal::Exhausted { scope, retry_at });
        }
        let is_doubted =
            is_unknown && (standing != Standing::Calm || counted.seen.is_under_stuffing());
        let most = EVERYWHERE.most.and_then(|most| i32::try_from(most).ok());
        let everywhere = counted.places.iter().position(|place| place == EVERYWHERE_PLACE);
        let has_shut = everywhere.is_some_and(|at| counted.failures.get(at).copied() == most);
        Ok(Guess {
            tallied: block.map(|block| Tallied { block, bit: self.bit(&who) }),
            redeems: redeemed(&counted.places, origin),
            is_first: is_unknown && counted.failures.first() == Some(&1),
            places: counted.places,
            who,
            has_shut,
            is_doubted,
        })
    }

    /// The password was right: what was counted here is forgotten.
    pub async fn redeem(
        &self,
        executor: impl PgExecutor<'_>,
        guess: &Guess,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let tallied = guess.tallied.as_ref();
        guess_store::settle(executor, &guess.who, &guess.redeems, tallied, true, now).await
    }

    /// The password was wrong: it stays counted, and the block has one user more with a wrong one.
    pub async fn note_wrong(
        &self,
        executor: impl PgExecutor<'_>,
        guess: &Guess,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        if !guess.is_first {
            return Ok(());
        }
        guess_store::settle(executor, &guess.who, &[], guess.tallied.as_ref(), false, now).await
    }

    /// The password was not judged: the guess is given back.
    pub async fn give_back(
        &self,
        executor: impl PgExecutor<'_>,
        guess: &Guess,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        guess_store::give_back(executor, &guess.who, &guess.places, now).await
    }

    fn who(&self, whose: Whose<'_>) -> String {
        match whose {
            Whose::User(user) => user.to_string(),
            Whose::Nobody(name) => format!("nobody:{}", self.mac(name.as_bytes())),
        }
    }

    /// In the order in which rows are locked.
    fn places(&self, origin: Origin<'_>) -> Vec<(String, Rule)> {
        match origin {
            Origin::Block(block) => {
                vec![(format!("block:{block}"), NEAR), (EVERYWHERE_PLACE.to_owned(), EVERYWHERE)]
            }
            Origin::KnownDevice(token, _) => {
                vec![(format!("device:{}", self.mac(token.expose().as_bytes())), NEAR)]
            }
            Origin::Session(session) => vec![(format!("session:{session}"), NEAR)],
        }
    }

    /// Half of the HMAC, in hexadecimal digits.
    fn mac(&self, message: &[u8]) -> String {
        let mac = self.keyring.mac(KeyPurpose::PasswordGuess, message);
        mac.iter().take(16).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    fn bit(&self, who: &str) -> u8 {
        let mac = self.keyring.mac(KeyPurpose::PasswordGuess, who.as_bytes());
        mac.first().copied().unwrap_or_default()
    }
}

/// Who must wait, if the guess was not counted everywhere or the block is closed.
fn refused(
    counted: &Counted,
    wanted: &[(String, Rule)],
    is_unknown: bool,
    standing: Standing,
    now: DateTime<Utc>,
) -> Option<(GuessScope, DateTime<Utc>)> {
    let until = |(at, is_shut): (&DateTime<Utc>, &bool)| {
        if *is_shut { now + TOLD_WHEN_SHUT } else { *at }
    };
    let closed = counted.opens_at.iter().zip(&counted.is_shut).map(until);
    let closed = counted.closed.iter().map(|place| GuessScope::of(place)).zip(closed);
    let longest = closed.max_by_key(|(_, until)| *until);
    // A racing guess was faster and has begun a wait: the first one is a minute.
    let lost = wanted.iter().find(|(place, _)| !counted.places.contains(place));
    let lost = lost.map(|(place, _)| (GuessScope::of(place), now + TimeDelta::minutes(1)));
    let stuffed = (is_unknown && standing == Standing::Closed)
        .then(|| (GuessScope::Block, stuffing::next_bucket(now)));
    longest.or(lost).or(stuffed)
}

/// A known device lets its person in, and so ends what others have counted for them; a session only tells
/// that its own holder knows the password.
fn redeemed(counted: &[String], origin: Origin<'_>) -> Vec<String> {
    let mut places = counted.to_vec();
    if let Origin::KnownDevice(..) = origin {
        places.push(EVERYWHERE_PLACE.to_owned());
    }
    places
}

/// What is counted for a person, for the person: where a device or a session, without which one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedPasswordGuesses)]
pub struct ExportedGuesses {
    /// `everywhere`, `device`, `session`, or `block:` and an address block.
    #[schema(example = "block:203.0.113.0/24")]
    place: String,
    /// How many wrong ones in a row.
    failures: i32,
    /// From when on another is taken.
    opens_at: DateTime<Utc>,
    /// When this is forgotten.
    forget_at: DateTime<Utc>,
}

/// What is stored of `user`'s wrong passwords.
pub async fn export_guesses(
    executor: impl PgExecutor<'_>,
    user: UserId,
) -> sqlx::Result<Vec<ExportedGuesses>> {
    let counters = guess_store::read(executor, &user.to_string()).await?;
    let exported = counters.into_iter().map(|counter| {
        let hidden = ["device", "session"];
        let kind = hidden.iter().find(|kind| counter.place.starts_with(**kind));
        ExportedGuesses {
            place: kind.map_or(counter.place.clone(), |kind| (*kind).to_owned()),
            failures: counter.failures,
            opens_at: counter.opens_at,
            forget_at: counter.forget_at,
        }
    });
    Ok(exported.collect())
}

/// How an account stands from devices that are not known.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Slowed {
    /// How many wrong passwords in a row.
    pub failures: i32,
    /// Until when none is taken; `None` where that is not so now, or for good.
    pub until: Option<DateTime<Utc>>,
    /// None is taken until a known device, another password or an operator helps.
    pub is_shut: bool,
}

/// Whether `user` is slowed by wrong passwords from devices that are not known; `None` where there was none.
pub async fn slowed(
    executor: impl PgExecutor<'_>,
    user: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Slowed>> {
    let counters = guess_store::read(executor, &user.to_string()).await?;
    let everywhere = counters.into_iter().find(|counter| counter.place == EVERYWHERE_PLACE);
    Ok(everywhere.filter(|counter| counter.failures > 0).map(|counter| Slowed {
        failures: counter.failures,
        until: Some(counter.opens_at).filter(|at| *at > now),
        is_shut: EVERYWHERE.most.is_some_and(|most| i64::from(counter.failures) >= i64::from(most)),
    }))
}

/// Forgets what is counted for `user`: with another password, by an operator, or with the account.
pub async fn forget_guesses(executor: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<()> {
    guess_store::forget(executor, &user.to_string()).await
}

/// Deletes what has run out. Returns how many rows.
pub async fn delete_expired_guesses(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    guess_store::delete_expired(connection, now).await
}
