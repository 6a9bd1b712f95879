//! Codes that another room judges, counted with those of this one: whoever guesses at a second step has one
//! budget, whichever it is.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::foundation::{Metric, UserId};

use super::lockout;
use super::windows::{self, Subject, Window};
use super::{GuessError, Otp, Purpose, Scope};

/// Wrong codes of an app within a year after which none is taken any more, until some are a year old. They have
/// six digits for good, and two of them count at a time: eight guesses are a chance of 1 in 62,500. Codes by text
/// get longer instead ([`lockout::LONG_MEMORY`]); a year of guessing at both has a chance of less than 1 in 10,000.
///
/// Wrong codes by text do not count here: those for a new password can be given by anybody who knows an
/// address, and would switch the app off.
pub(super) const YEAR: Window = Window { events: 8, period: lockout::LONG_MEMORY.period };

/// A guess that was counted before it was judged.
#[derive(Debug)]
pub struct CountedGuess {
    user: UserId,
    spent_at: DateTime<Utc>,
}

impl Otp {
    /// Whether a code of an app would be looked at, but for the wait after wrong ones.
    ///
    /// # Errors
    /// The database failed.
    pub async fn takes_app_codes(&self, database: &PgPool, user: UserId) -> sqlx::Result<bool> {
        let connection = &mut *database.acquire().await?;
        let subjects = [Subject::wrong_codes_of_app(user)];
        let now = self.clock.now();
        Ok(!windows::is_any_full(connection, &subjects, YEAR, now).await?)
    }

    /// Counts a guess at a code of an app before it is judged, where there is room for one: as a wrong one of the
    /// year, too, so that no more than those can race. [`Self::note_right_app_guess`] takes that back.
    ///
    /// # Errors
    /// [`GuessError::NoLiveCode`]: only a code by text helps.
    pub async fn count_app_guess(
        &self,
        database: &PgPool,
        user: UserId,
    ) -> Result<CountedGuess, GuessError> {
        let (now, windows) = (self.clock.now(), lockout::windows(self.rules.wrong_per_hour));
        let mut transaction = database.begin().await?;
        let connection = &mut *transaction;
        if !windows::take(connection, &Subject::wrong_codes_of_app(user), &[YEAR], now).await? {
            count("no_code");
            return Err(GuessError::NoLiveCode);
        }
        let subject = Subject::guesses_of_user(user);
        if !windows::take(connection, &subject, &windows, now).await? {
            count("exhausted");
            let retry_at = windows::room_at(connection, &subject, &windows, now).await?;
            return Err(GuessError::Exhausted { scope: Scope::User, retry_at });
        }
        transaction.commit().await?;
        Ok(CountedGuess { user, spent_at: now })
    }

    /// Takes a guess that was right off the count of the year, whatever becomes of the login: of several who
    /// enter one code at once all have it.
    ///
    /// # Errors
    /// The database failed. It stays counted.
    pub async fn note_right_app_guess(
        &self,
        database: &PgPool,
        guess: &CountedGuess,
    ) -> sqlx::Result<()> {
        let subjects = [Subject::wrong_codes_of_app(guess.user)];
        windows::give_back(&mut *database.acquire().await?, &subjects, guess.spent_at).await
    }

    /// Notes that the guess was wrong, for the length of codes by text. As one at the app it was counted before.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_wrong_app_guess(
        &self,
        database: &PgPool,
        guess: &CountedGuess,
    ) -> sqlx::Result<()> {
        count("wrong");
        let subjects = [Subject::wrong_codes_of_user(guess.user)];
        let kept = lockout::LONG_MEMORY.events;
        let connection = &mut *database.acquire().await?;
        windows::note(connection, &subjects, kept, guess.spent_at).await
    }

    /// Takes the guess off the count of the hour, as a right code by text does.
    ///
    /// # Errors
    /// The database failed.
    pub async fn redeem_app_guess(
        &self,
        connection: &mut PgConnection,
        guess: &CountedGuess,
    ) -> sqlx::Result<()> {
        count("right");
        let horizon = self.clock.now() - lockout::FIRST_WAIT;
        let subjects = [Subject::guesses_of_user(guess.user)];
        windows::redeem(connection, &subjects, guess.spent_at, horizon).await
    }
}

fn count(outcome: &str) {
    Metric::Guesses.add(&[Purpose::Login.as_str(), outcome]);
}
