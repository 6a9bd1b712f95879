//! Judging a guess: spend it, ask whoever judges the code, use the code up.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use crate::foundation::{ChallengeId, Country, Metric, PhoneNumber, UserId};

use super::carriage::TEST_PROVIDER;
use super::code::{Binding, CodeHash};
use super::code_store::Key;
use super::ledger;
use super::lockout;
use super::providers::failure::ProviderFailure;
use super::providers::hosted::{HostedVerifier, Verdict};
use super::store::{End, Row};
use super::windows::{self, Subject};
use super::work::Work;
use super::{Channel, Otp, OtpCode, OtpFailure, Provider, Purpose, Scope, StoreFailure};

/// A guess that has been spent on the live code.
#[derive(Debug)]
pub struct Guess {
    user: UserId,
    challenge: ChallengeId,
    purpose: Purpose,
    /// Proven where the guess is right.
    pub number: PhoneNumber,
    /// How the code travelled.
    pub channel: Channel,
    /// Guesses left for this code after this one.
    pub attempts_left: i16,
    /// Until when the code is good.
    pub expires_at: DateTime<Utc>,
    provider: String,
    judge: Judge,
    counted: [Subject; 2],
    spent_at: DateTime<Utc>,
}

#[derive(Debug)]
enum Judge {
    /// We made the code.
    Us(CodeHash),
    /// The provider made it, under this id.
    Provider(Arc<dyn HostedVerifier>, String),
    /// A provider that is not configured any more.
    Nobody,
}

/// What became of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is the code. [`Otp::consume`] decides who may use it.
    Right,
    /// It is not; another guess may be.
    Wrong,
    /// It is not, or no longer, and no further guess can be: a new code is needed.
    Over(Ending),
}

/// Why a code takes no more guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Wrong guesses have used it up.
    Burnt,
    /// Its time is over.
    Expired,
    /// A newer code has taken its place.
    Superseded,
    /// The provider refused it.
    Denied,
    /// The provider could not carry it through.
    Failed,
}

/// Why a guess was not judged.
#[derive(Debug, thiserror::Error)]
pub enum GuessError {
    /// No code is live, or its guesses are spent.
    #[error("no code is live")]
    NoLiveCode,
    /// Too many wrong codes were given for the user or the number: `OTP_WRONG_PER_HOUR`, and the wait
    /// that grows from there.
    #[error("too many wrong codes for one {} until {retry_at}", scope.as_str())]
    Exhausted {
        /// Which: the user's or the number's.
        scope: Scope,
        /// When a guess will be taken again.
        retry_at: DateTime<Utc>,
    },
    /// The provider did not judge it. The guess has been given back.
    #[error("the provider did not judge the code")]
    Provider(#[from] ProviderFailure),
    /// Something broke.
    #[error(transparent)]
    Failure(#[from] OtpFailure),
}

impl From<sqlx::Error> for GuessError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failure(error.into())
    }
}

impl From<StoreFailure> for GuessError {
    fn from(failure: StoreFailure) -> Self {
        Self::Failure(failure.into())
    }
}

impl Guess {
    fn key(&self) -> Key {
        Key { user: self.user, purpose: self.purpose, id: self.challenge }
    }

    /// Counts a code that was used. Those of test numbers are nobody's conversion.
    fn count_verified(&self) {
        if self.provider != TEST_PROVIDER {
            let country = self.number.country().map_or("none", Country::as_str);
            let (channel, purpose) = (self.channel.as_str(), self.purpose.as_str());
            Metric::CodesVerified.add(&[&self.provider, country, channel, purpose]);
        }
    }
}

impl Judgement {
    /// As the metric has it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Over(_) => "over",
        }
    }
}

fn count(purpose: Purpose, outcome: &str) {
    Metric::Guesses.add(&[purpose.as_str(), outcome]);
}

impl Otp {
    /// Spends a guess on the user's live code for `purpose` before it is judged, so that it is spent
    /// even if we die while judging. Wrong ones are counted together, whatever the purpose.
    pub async fn take_guess(
        &self,
        database: &PgPool,
        user: UserId,
        purpose: Purpose,
    ) -> Result<Guess, GuessError> {
        let now = self.clock.now();
        let mut work = Work::on(database);
        let row = self.store.begin_attempt(&mut work, user, purpose, now).await?;
        let row = row.ok_or(GuessError::NoLiveCode);
        let row = row.inspect_err(|_| count(purpose, "no_code"))?;
        let mut guess = self.read_guess(row, user, purpose, now)?;
        let windows = lockout::windows(self.rules.wrong_per_hour);
        for (scope, subject) in [Scope::User, Scope::Number].into_iter().zip(&guess.counted) {
            let connection = work.connection().await?;
            if !windows::take(connection, subject, &windows, now).await? {
                count(purpose, "exhausted");
                let retry_at = windows::room_at(connection, subject, &windows, now).await?;
                return Err(GuessError::Exhausted { scope, retry_at });
            }
        }
        let left = self.store.spend_attempt(&guess.key(), guess.attempts_left, now).await?;
        let left = left.ok_or(GuessError::NoLiveCode);
        guess.attempts_left = left.inspect_err(|_| count(purpose, "no_code"))?;
        work.commit().await?;
        Ok(guess)
    }

    /// Has the guess judged; no database connection is held while the provider is asked.
    pub async fn judge(
        &self,
        database: &PgPool,
        guess: &Guess,
        code: &OtpCode,
    ) -> Result<Judgement, GuessError> {
        let judgement = match &guess.judge {
            Judge::Us(hash) => self.judge_ourselves(guess, code, hash),
            Judge::Provider(provider, reference) => {
                let asked =
                    provider.check(self.clock.now(), reference, guess.channel, code.expose());
                match asked.await {
                    Ok(verdict) => read_verdict(verdict),
                    Err(failure) => {
                        count(guess.purpose, "not_judged");
                        self.give_back(database, guess).await?;
                        return Err(failure.into());
                    }
                }
            }
            Judge::Nobody => Judgement::Over(Ending::Failed),
        };
        count(guess.purpose, judgement.as_str());
        self.note_judgement(database, guess, judgement).await?;
        Ok(judgement)
    }

    async fn note_judgement(
        &self,
        database: &PgPool,
        guess: &Guess,
        judgement: Judgement,
    ) -> Result<(), OtpFailure> {
        let now = self.clock.now();
        let mut work = Work::on(database);
        if matches!(judgement, Judgement::Wrong | Judgement::Over(Ending::Burnt)) {
            let subjects = lasting(guess.user, &guess.number);
            let kept = lockout::LONG_MEMORY.events;
            windows::note(work.connection().await?, &subjects, kept, now).await?;
        }
        if let Judgement::Over(_) = judgement {
            self.store.end(&mut work, &guess.key(), End::Burnt, now).await?;
        }
        Ok(work.commit().await?)
    }

    /// How many digits the next code for `user` at `number` has, where we make it.
    pub(super) async fn code_digits(
        &self,
        database: &PgPool,
        user: UserId,
        number: &PhoneNumber,
    ) -> sqlx::Result<usize> {
        let (subjects, now) = (lasting(user, number), self.clock.now());
        let connection = &mut *database.acquire().await?;
        let is_guessed_at =
            windows::is_any_full(connection, &subjects, lockout::LONG_MEMORY, now).await?;
        let least = if is_guessed_at { lockout::LONG_CODE_DIGITS } else { 0 };
        Ok(self.rules.length.max(least))
    }

    /// Uses the code up together with everything else that `transaction` does, which has to end with
    /// [`Self::commit_consumed`]. Takes the guess off the count of wrong ones and ends the growth of the wait
    /// on them. `false`: somebody else was faster with the same code.
    ///
    /// The wrong codes of the last hour still count: who has the phone has shown that the older ones
    /// were no guessing that came to anything, and who hopes to guess on between the owner's right
    /// codes is left with `OTP_WRONG_PER_HOUR`.
    pub async fn consume(
        &self,
        connection: &mut PgConnection,
        guess: &Guess,
    ) -> Result<bool, OtpFailure> {
        let now = self.clock.now();
        if !self.store.consume_within(connection, &guess.key(), now).await? {
            return Ok(false);
        }
        let Guess { challenge, provider, .. } = guess;
        let is_first = ledger::mark_verified(connection, *challenge, provider, now).await?;
        // In the ledger, too, a code is used once: a Redis that came back with older data may have
        // forgotten it. Only test numbers are not in the ledger.
        if !is_first && provider != TEST_PROVIDER {
            return Ok(false);
        }
        let horizon = now - lockout::FIRST_WAIT;
        windows::redeem(connection, &guess.counted, guess.spent_at, horizon).await?;
        Ok(true)
    }

    /// Commits a transaction in which [`Self::consume`] has used the code of `guess` up. `false`: nothing of
    /// it has happened, since somebody else was faster with the same code, or a newer one has taken
    /// its place.
    pub async fn commit_consumed(
        &self,
        transaction: Transaction<'_, Postgres>,
        guess: &Guess,
    ) -> Result<bool, OtpFailure> {
        if !self.store.consume_last(&guess.key(), self.clock.now()).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        transaction.commit().await?;
        guess.count_verified();
        Ok(true)
    }

    fn judge_ourselves(&self, guess: &Guess, code: &OtpCode, hash: &CodeHash) -> Judgement {
        let Guess { challenge, purpose, ref number, .. } = *guess;
        let binding = Binding { purpose, challenge, number };
        if binding.matches(&self.keyring, code, hash) { Judgement::Right } else { Judgement::Wrong }
    }

    /// Gives a guess back that came to nothing through no fault of who made it. A code of our own is
    /// as good as before; one that a provider has called right is used up there.
    pub async fn give_back(&self, database: &PgPool, guess: &Guess) -> Result<(), OtpFailure> {
        let mut work = Work::on(database);
        self.store.give_attempt_back(&mut work, &guess.key()).await?;
        windows::give_back(work.connection().await?, &guess.counted, guess.spent_at).await?;
        Ok(work.commit().await?)
    }

    fn read_guess(
        &self,
        row: Row,
        user: UserId,
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<Guess, GuessError> {
        let unreadable = |what: &str| GuessError::from(sqlx::Error::Decode(what.into()));
        let number = PhoneNumber::from_e164(&row.phone_number)
            .ok_or_else(|| unreadable("otp_challenges.phone_number is not E.164"))?;
        let channel = Channel::parse(&row.channel)
            .ok_or_else(|| unreadable("otp_challenges.channel is unknown"))?;
        let hosted = self.carriers.find(&row.provider).map(|carrier| carrier.provider());
        let judge = match (row.code_hash, row.code_key_id, row.provider_reference, hosted) {
            (Some(mac), Some(key_id), ..) => Judge::Us(CodeHash { key_id, mac }),
            (_, _, Some(reference), Some(Provider::Hosted(provider))) => {
                Judge::Provider(Arc::clone(provider), reference)
            }
            _ => Judge::Nobody,
        };
        Ok(Guess {
            user,
            challenge: row.id,
            purpose,
            counted: [Subject::guesses_of_user(user), Subject::guesses_of_number(&number)],
            number,
            channel,
            provider: row.provider,
            attempts_left: row.attempts_left,
            expires_at: row.expires_at,
            judge,
            spent_at: now,
        })
    }
}

/// What wrong codes are remembered for over a year.
fn lasting(user: UserId, number: &PhoneNumber) -> [Subject; 2] {
    [Subject::wrong_codes_of_user(user), Subject::wrong_codes_of_number(number)]
}

/// Only an explicit "right" is right.
fn read_verdict(verdict: Verdict) -> Judgement {
    match verdict {
        Verdict::Approved => Judgement::Right,
        Verdict::WrongCode | Verdict::Pending | Verdict::Unrecognised => Judgement::Wrong,
        Verdict::Burnt | Verdict::NotFound => Judgement::Over(Ending::Burnt),
        Verdict::Expired => Judgement::Over(Ending::Expired),
        Verdict::Aborted => Judgement::Over(Ending::Superseded),
        Verdict::Denied(_) => Judgement::Over(Ending::Denied),
        Verdict::Failed(_) => Judgement::Over(Ending::Failed),
    }
}
