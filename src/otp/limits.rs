//! The limits on sending: what a send counts against, and whether there is room.

use std::iter;

use chrono::{DateTime, TimeDelta, Utc};

use crate::foundation::PhoneNumber;

use super::send::{Draft, Recipient, SendError};
use super::windows::{Subject, Window};
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

/// What a send was counted against.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) subjects: Vec<Subject>,
    /// It was the resend without a wait that is due after a burnt code.
    pub(super) is_free: bool,
}

impl Otp {
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
        self.store.undo_count(&draft.counted, draft.reserved_at).await;
        if is_free {
            let Recipient { user, purpose, .. } = draft.recipient;
            self.store.undo_free_resend(user, purpose).await;
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
        let of_resets = (recipient.purpose == Purpose::PasswordReset).then(|| SendLimit {
            scope: Scope::User,
            subject: Subject::resets_of_user(recipient.user),
            windows: vec![
                Window { events: RESETS_PER_HOUR, period: hour },
                Window { events: RESETS_PER_DAY, period: day },
            ],
        });
        let of_others = [
            SendLimit {
                scope: Scope::Number,
                subject: Subject::sends_to_number(&recipient.number),
                windows: vec![
                    Window { events: rules.per_number_hourly, period: hour },
                    Window { events: rules.per_number_daily, period: day },
                ],
            },
            SendLimit {
                scope: Scope::Address,
                subject: Subject::sends_from_address(recipient.address),
                windows: vec![Window { events: rules.per_address_hourly, period: hour }],
            },
        ];
        iter::once(of_user).chain(of_resets).chain(of_others).collect()
    }
}

impl Rules {
    /// Whether codes are sent to the number's country. Test numbers belong to none.
    pub fn allows(&self, number: &PhoneNumber) -> bool {
        let Some(allowed) = &self.allowed_countries else { return true };
        number.country().is_some_and(|country| allowed.contains(country))
    }
}
