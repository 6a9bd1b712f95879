//! The shared limits, as the endpoints ask them: what a refusal looks like, what is told of the room that
//! is left, and what goes on where nothing can be counted.

use crate::foundation::{Limited, whole_seconds_until};
use crate::http::{Kind, Problem, RoomLeft, note_room};
use crate::otp::{OtpFailure, Purpose, Recipient, Scope, SendError, StoreFailure};
use crate::rate_limits::{self, Action, Exceeded, LimitFailure, Room, Subject, TakeError};
use crate::state::App;

/// In seconds. A store that was restarted is back by then.
const STORE_RETRY: u64 = 5;

/// Counts one `action` for whoever is at `address`, and for `others`; refuses where there is no room.
pub(super) async fn take_at(
    app: &App,
    action: Action,
    address: Limited,
    others: impl IntoIterator<Item = Subject<'_>>,
) -> Result<(), Problem> {
    let subjects: Vec<_> = Subject::at(address).into_iter().chain(others).collect();
    take(app, action, &subjects).await
}

/// Counts one `action` for `subjects`; refuses where there is no room.
pub(super) async fn take(
    app: &App,
    action: Action,
    subjects: &[Subject<'_>],
) -> Result<(), Problem> {
    match count(app, action, subjects).await {
        Ok(()) => Ok(()),
        Err(TakeError::Exceeded(exceeded)) => Err(refusal(app, exceeded)),
        Err(TakeError::Failure(failure)) => {
            app.shared_limits.tell_failure(action, &failure);
            if action.goes_on_uncounted() && !failure.is_overload() {
                return Ok(());
            }
            Err(failure.into())
        }
    }
}

/// Counts the sending of a code, beside what `otp` counts by itself. Before anything is written down: a
/// send that is refused must not end the code before it.
///
/// A code for a new password takes nothing of the person's room, which would then be in the hands of
/// whoever knows their name, nor of the asker's, who would learn by it that it was sent:
/// [`Action::ForgotPassword`] has counted them by address and block, whoever was asked for.
pub(super) async fn take_send(app: &App, recipient: &Recipient) -> Result<(), SendError> {
    let of_people = (recipient.purpose != Purpose::PasswordReset).then(|| {
        let [address, block] = Subject::at(recipient.address);
        [address, block, Subject::User(recipient.user)]
    });
    let subjects: Vec<_> =
        Subject::around(&recipient.number).chain(of_people.into_iter().flatten()).collect();
    match count(app, Action::SendCode, &subjects).await {
        Ok(()) => Ok(()),
        Err(TakeError::Exceeded(Exceeded { scope, room, .. })) => {
            Err(SendError::Capped { scope: cap(scope), retry_at: room.open_at })
        }
        Err(TakeError::Failure(failure)) => {
            app.shared_limits.tell_failure(Action::SendCode, &failure);
            Err(OtpFailure::Store(StoreFailure::new(failure)).into())
        }
    }
}

async fn count(app: &App, action: Action, subjects: &[Subject<'_>]) -> Result<(), TakeError> {
    let now = app.clock.now();
    let taken = app.shared_limits.take(action, subjects, now).await;
    let room = match &taken {
        Ok(room) => *room,
        Err(TakeError::Exceeded(exceeded)) => Some(exceeded.room),
        Err(TakeError::Failure(_)) => None,
    };
    if let Some(Room { limit, remaining, full_at, .. }) = room {
        note_room(RoomLeft { limit, remaining, reset: whole_seconds_until(full_at, now) });
    }
    taken.map(|_| ())
}

fn refusal(app: &App, exceeded: Exceeded) -> Problem {
    let Exceeded { action, scope, room } = exceeded;
    let seconds = whole_seconds_until(room.open_at, app.clock.now()).max(1);
    Problem::new(Kind::RateLimited)
        .detail(format!("Too many requests. Try again in {seconds} s."))
        .with("limit", action.as_str())
        .with("scope", scope.as_str())
        .retry_after(seconds)
}

/// What a cap on sends counts by, as `otp` has it.
fn cap(scope: rate_limits::Scope) -> Scope {
    match scope {
        rate_limits::Scope::Address => Scope::Address,
        rate_limits::Scope::Block => Scope::Block,
        rate_limits::Scope::NumberPrefix => Scope::NumberPrefix,
        rate_limits::Scope::Country => Scope::Country,
        rate_limits::Scope::User | rate_limits::Scope::Session => Scope::User,
    }
}

/// Whatever is wrong with the store of limits, to a client it is away.
impl From<LimitFailure> for Problem {
    fn from(failure: LimitFailure) -> Self {
        let kind = match failure {
            LimitFailure::Database(_) => Kind::DatabaseUnavailable,
            #[cfg(feature = "redis")]
            LimitFailure::Redis(_) => Kind::StoreUnavailable,
        };
        Self::new(kind).retry_after(STORE_RETRY).caused_by(failure)
    }
}
