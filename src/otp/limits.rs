//! The limits on sending: what a send counts against, and whether there is room.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use crate::foundation::PhoneNumber;

use super::send::{Draft, Recipient, SendError};
use super::windows::{self, Subject, Window};
use super::work::Work;
use super::{Otp, Purpose, Rules, Scope};

/// Codes for a new password that one user is sent in an hour. Anybody can ask for them, so there are
/// fewer than of those that a password was proven for.
const RESETS_PER_HOUR: u32 = 3;
/// … and in a day: whoever asks for them in somebody's name leaves half of the default cap on the number
/// to that person's logins.
const RESETS_PER_DAY: u32 = 5;

/// One of the limits on sending.
struct SendLimit {
    scope: Scope,
    subject: Subject,
    windows: Vec<Window>,
}

/// A code for a new password that was counted as one of those of an hour and of a day.
#[derive(Debug)]
#[must_use = "it is given back where no code is sent"]
pub struct CountedReset {
    subject: Subject,
    at: DateTime<Utc>,
}

/// What a send was counted against.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) subjects: Vec<Subject>,
    /// It was the resend without a wait that is due after a burnt code.
    pub(super) is_free: bool,
}

impl Otp {
    /// Counts a code for a new password, where the limits of this room would let it go: asked before
    /// anything is counted that others need, since anybody can ask for any number of them in somebody's name.
    ///
    /// It is counted first, and taken back where it would not go: so of those who race, before one has begun
    /// the wait, as many get further as one user is sent in an hour, and no more.
    pub async fn count_reset(
        &self,
        database: &PgPool,
        recipient: &Recipient,
    ) -> Result<CountedReset, SendError> {
        let now = self.clock.now();
        let subject = Subject::resets_of_user(recipient.user);
        Self::take_reset(database, &subject, now).await?;
        let counted = CountedReset { subject, at: now };
        if let Err(refusal) = self.rehearse(database, recipient, now).await {
            Self::give_reset_back(database, counted).await?;
            return Err(refusal);
        }
        Ok(counted)
    }

    async fn take_reset(
        database: &PgPool,
        subject: &Subject,
        now: DateTime<Utc>,
    ) -> Result<(), SendError> {
        let windows = [
            Window { events: RESETS_PER_HOUR, period: TimeDelta::hours(1) },
            Window { events: RESETS_PER_DAY, period: TimeDelta::days(1) },
        ];
        let connection = &mut *database.acquire().await?;
        if windows::take(connection, subject, &windows, now).await? {
            return Ok(());
        }
        let retry_at = windows::room_at(connection, subject, &windows, now).await?;
        Err(SendError::Cooldown { retry_at })
    }

    /// Takes it off the count: no code was sent.
    ///
    /// # Errors
    /// The database failed. It stays counted, for a day at most.
    pub async fn give_reset_back(
        database: &PgPool,
        CountedReset { subject, at }: CountedReset,
    ) -> sqlx::Result<()> {
        windows::give_back(&mut *database.acquire().await?, &[subject], at).await
    }

    /// Counts a send and takes that back at once: whether there is room.
    async fn rehearse(
        &self,
        database: &PgPool,
        recipient: &Recipient,
        now: DateTime<Utc>,
    ) -> Result<(), SendError> {
        let mut work = Work::on(database);
        let Counted { subjects, is_free } = self.count_send(&mut work, recipient, now).await?;
        self.undo_counted(recipient, &subjects, is_free, now).await;
        Ok(work.into_transaction().await?.rollback().await?)
    }

    /// Counts a send against every limit. Where one has no room nothing is counted, once the caller has
    /// given the work up.
    pub(super) async fn count_send(
        &self,
        work: &mut Work<'_>,
        recipient: &Recipient,
        now: DateTime<Utc>,
    ) -> Result<Counted, SendError> {
        let (user, purpose) = (recipient.user, recipient.purpose);
        let horizon = now - self.rules.lifetime;
        let is_free = self.store.take_free_resend(work, user, purpose, horizon).await?;
        let limits = self.send_limits(recipient, is_free);
        if let Err(refusal) = self.count_against(work, &limits, now).await {
            if is_free {
                self.store.undo_free_resend(user, purpose).await;
            }
            return Err(refusal);
        }
        let subjects = limits.into_iter().map(|limit| limit.subject).collect();
        Ok(Counted { subjects, is_free })
    }

    /// Undoes outside PostgreSQL what [`Self::count_send`] has done, for a send that came to nothing.
    pub(super) async fn undo_count_send(&self, draft: &Draft, is_free: bool) {
        self.undo_counted(&draft.recipient, &draft.counted, is_free, draft.reserved_at).await;
    }

    async fn undo_counted(
        &self,
        recipient: &Recipient,
        counted: &[Subject],
        is_free: bool,
        at: DateTime<Utc>,
    ) {
        self.store.undo_count(counted, at).await;
        if is_free {
            self.store.undo_free_resend(recipient.user, recipient.purpose).await;
        }
    }

    async fn count_against(
        &self,
        work: &mut Work<'_>,
        limits: &[SendLimit],
        now: DateTime<Utc>,
    ) -> Result<(), SendError> {
        for SendLimit { scope, subject, windows } in limits {
            if !self.store.count(work, subject, windows, now).await? {
                let retry_at = self.store.room_at(work, subject, windows, now).await?;
                return Err(match *scope {
                    Scope::User => SendError::Cooldown { retry_at },
                    scope => SendError::Capped { scope, retry_at },
                });
            }
        }
        Ok(())
    }

    /// What a send counts against. The user comes first even where there is no wait: that row is
    /// what makes two sends to one user follow each other.
    ///
    /// A code for a new password is not counted for the address of whoever asks. One for nobody would not
    /// be either, and the difference would show in what else can be asked for from there: that there is
    /// such an account. Asking is limited by address, in `rate_limits`, whoever is asked for.
    fn send_limits(&self, recipient: &Recipient, is_free: bool) -> Vec<SendLimit> {
        let rules = &self.rules;
        let (hour, day) = (TimeDelta::hours(1), TimeDelta::days(1));
        let has_wait = !is_free && rules.resend_wait > TimeDelta::zero();
        let wait = has_wait.then_some(Window { events: 1, period: rules.resend_wait });
        let of_user = SendLimit {
            scope: Scope::User,
            subject: Subject::sends_to_user(recipient.user),
            windows: wait.into_iter().collect(),
        };
        let of_number = SendLimit {
            scope: Scope::Number,
            subject: Subject::sends_to_number(&recipient.number),
            windows: vec![
                Window { events: rules.per_number_hourly, period: hour },
                Window { events: rules.per_number_daily, period: day },
            ],
        };
        let of_address = (recipient.purpose != Purpose::PasswordReset).then(|| SendLimit {
            scope: Scope::Address,
            subject: Subject::sends_from_address(recipient.address),
            windows: vec![Window { events: rules.per_address_hourly, period: hour }],
        });
        [of_user, of_number].into_iter().chain(of_address).collect()
    }
}

impl Rules {
    /// Whether codes are sent to the number's country. Test numbers belong to none.
    pub fn allows(&self, number: &PhoneNumber) -> bool {
        let Some(allowed) = &self.allowed_countries else { return true };
        number.country().is_some_and(|country| allowed.contains(country))
    }
}
