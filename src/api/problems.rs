//! What the capabilities' errors look like from outside: the only such table.

use crate::audit::RecordError;
use crate::emails::{ClaimError, EnqueueError};
use crate::foundation::{Metric, whole_seconds_until};
use crate::guard::ScopeKind;
use crate::http::{Kind, Problem};
use crate::otp::providers::failure::{FailureKind, ProviderFailure};
use crate::otp::{BudgetScope, GuessError, OtpFailure, Scope, SendError};
use crate::passwords::{GuessRefusal, HashError};
use crate::sessions::{OpenError, RefreshError};
use crate::state::App;
use crate::totp::TotpFailure;
use crate::users::{ChangeEmailError, NumberError};

use super::v1::auth::code::NotSent;

/// A day, in seconds. A spent month may last for weeks, but the operator can raise its budget.
const BUDGET_RETRY_MAX: u64 = 86_400;

/// In seconds. A store that was restarted is back by then.
const STORE_RETRY: u64 = 5;

impl From<OtpFailure> for Problem {
    fn from(failure: OtpFailure) -> Self {
        match failure {
            OtpFailure::Database(error) => error.into(),
            OtpFailure::Store(_) => {
                Self::new(Kind::StoreUnavailable).retry_after(STORE_RETRY).caused_by(failure)
            }
            OtpFailure::Entropy(error) => Self::internal(error),
        }
    }
}

impl From<TotpFailure> for Problem {
    fn from(failure: TotpFailure) -> Self {
        match failure {
            TotpFailure::Database(error) => error.into(),
            failure => Self::internal(failure),
        }
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Database(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

impl From<EnqueueError> for Problem {
    fn from(error: EnqueueError) -> Self {
        match error {
            EnqueueError::Database(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

impl From<ClaimError> for Problem {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::LimitReached { retry_after } => Self::new(Kind::EmailLimitReached)
                .with("limit", "email_confirmations")
                .with("scope", "user")
                .retry_after(retry_after),
            ClaimError::Enqueue(error) => error.into(),
            ClaimError::Entropy(error) => Self::internal(error),
        }
    }
}

impl From<ChangeEmailError> for Problem {
    fn from(error: ChangeEmailError) -> Self {
        match error {
            ChangeEmailError::Taken => Self::new(Kind::EmailTaken),
            ChangeEmailError::Database(error) => error.into(),
        }
    }
}

impl From<NumberError> for Problem {
    fn from(error: NumberError) -> Self {
        match error {
            NumberError::Taken => Self::new(Kind::PhoneTaken),
            NumberError::Database(error) => error.into(),
        }
    }
}

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy { retry_after } => {
                Self::new(Kind::HashingBusy).retry_after(retry_after.as_secs().max(1))
            }
            error => Self::internal(error),
        }
    }
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Database(error) => error.into(),
            OpenError::Entropy(error) => Self::internal(error),
            OpenError::NoSuchUser => Self::new(Kind::InvalidCredentials),
        }
    }
}

/// Whether a token was never ours or was used up is not for its bearer to know.
impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Foreign | RefreshError::Over | RefreshError::Reused { .. } => {
                Self::new(Kind::RefreshInvalid).caused_by(error)
            }
            RefreshError::Entropy(error) => Self::internal(error),
            RefreshError::Database(error) => error.into(),
        }
    }
}

impl Problem {
    /// Why no code went out. Which of its scopes the guard has closed, and how far, is for the operator.
    pub(super) fn from_send(app: &App, error: NotSent) -> Self {
        let problem = Self::of_send(app, error);
        let scope = problem.member("scope");
        Metric::SendRefusals.add(&[problem.kind().entry().code, scope]);
        problem
    }

    fn of_send(app: &App, error: NotSent) -> Self {
        match error {
            NotSent::Challenged(problem) => *problem,
            NotSent::Guarded { scope, retry_at } => {
                let (scope, detail) = match scope {
                    ScopeKind::Block => {
                        ("address", "No code can be sent from here now. Try again later.")
                    }
                    _ => {
                        ("destination", "No code can be sent to this number now. Try again later.")
                    }
                };
                Self::new(Kind::OtpDestinationLimited)
                    .detail(detail)
                    .with("limit", "otp_guard")
                    .with("scope", scope)
                    .retry_after(whole_seconds_until(retry_at, app.clock.now()))
            }
            NotSent::Blocked => Self::new(Kind::DestinationNotSupported),
            NotSent::Send(error) => Self::from_send_error(app, error),
        }
    }

    fn from_send_error(app: &App, error: SendError) -> Self {
        let now = app.clock.now();
        match error {
            SendError::Cooldown { retry_at } => Self::new(Kind::OtpCooldown)
                .detail(format!(
                    "Wait {} before requesting another OTP.",
                    in_words(app.otp.rules().resend_wait.num_seconds())
                ))
                .with("limit", "otp_resend")
                .with("scope", "user")
                .retry_after(whole_seconds_until(retry_at, now)),
            SendError::Capped { scope, retry_at } => Self::new(Kind::OtpLimitReached)
                .detail(match scope {
                    Scope::Number => "Too many codes were sent to this number. Try again later.",
                    Scope::NumberPrefix | Scope::Country => {
                        "Too many codes were sent to numbers like this one. Try again later."
                    }
                    Scope::User => {
                        "Too many codes were requested for this account. Try again later."
                    }
                    Scope::Address | Scope::Block => {
                        "Too many codes were requested from this address. Try again later."
                    }
                })
                .with("limit", "otp_sends")
                .with("scope", scope.as_str())
                .retry_after(whole_seconds_until(retry_at, now)),
            SendError::Overtaken => Self::new(Kind::OtpCooldown)
                .detail("Another code was requested meanwhile, and is used up. Request a new one.")
                .with("limit", "otp_resend")
                .with("scope", "user")
                .retry_after(1),
            SendError::BudgetExhausted { scope, retry_at } => Self::new(Kind::SmsBudgetExhausted)
                .detail(without_budget(&scope))
                .with("limit", "sms_budget")
                .with("scope", scope.as_str())
                .retry_after(whole_seconds_until(retry_at, now).min(BUDGET_RETRY_MAX)),
            SendError::ChannelImpossible => Self::new(Kind::ChannelNotSupported),
            SendError::CountryNotAllowed => Self::new(Kind::CountryNotSupported),
            SendError::NoCarrier { retry_at } => Self::new(Kind::ProviderUnavailable)
                .retry_after(whole_seconds_until(retry_at, now))
                .caused_by(error),
            SendError::Provider(failure) => failure.into(),
            SendError::Failure(failure) => failure.into(),
        }
    }

    /// Why a password was not looked at.
    pub(super) fn from_password_guess(app: &App, refusal: GuessRefusal) -> Self {
        match refusal {
            GuessRefusal::Exhausted { scope, retry_at } => {
                Self::new(Kind::PasswordGuessesExhausted)
                    .with("limit", "password_guesses")
                    .with("scope", scope.as_str())
                    .retry_after(whole_seconds_until(retry_at, app.clock.now()).max(1))
            }
            GuessRefusal::Database(error) => error.into(),
        }
    }

    /// Why a guess was not judged.
    pub(super) fn from_guess(app: &App, error: GuessError) -> Self {
        match error {
            GuessError::NoLiveCode => Self::new(Kind::OtpNewCodeRequired)
                .detail("Invalid or expired OTP code. Request a new code.")
                .with("attemptsLeft", 0),
            GuessError::Exhausted { scope, retry_at } => Self::new(Kind::OtpGuessesExhausted)
                .with("limit", "otp_wrong_codes")
                .with("scope", scope.as_str())
                .retry_after(whole_seconds_until(retry_at, app.clock.now())),
            GuessError::Provider(failure) => failure.into(),
            GuessError::Failure(failure) => failure.into(),
        }
    }
}

/// A failure of ours at the provider (credentials, money) looks to the user like one of the
/// provider: it is not for them to know or to mend. The log line tells them apart.
impl From<ProviderFailure> for Problem {
    fn from(failure: ProviderFailure) -> Self {
        let problem = match failure.kind() {
            FailureKind::InvalidNumber => Self::new(Kind::PhoneUnreachable),
            FailureKind::Velocity | FailureKind::Refused(_) => Self::new(Kind::OtpRefused),
            FailureKind::Configuration | FailureKind::Billing => {
                Self::new(Kind::ProviderUnavailable)
            }
            FailureKind::NotSent => Self::new(Kind::ProviderUnavailable).retry_after(10),
            FailureKind::Capacity => Self::new(Kind::ProviderUnavailable).retry_after(30),
            FailureKind::Unavailable | FailureKind::Conflict | FailureKind::Malformed => {
                Self::new(Kind::ProviderFailed)
            }
            FailureKind::OutcomeUnknown => Self::new(Kind::OtpDeliveryUnknown),
        };
        problem.caused_by(failure)
    }
}

/// What a user can do while there is no money for a text to them.
fn without_budget(scope: &BudgetScope) -> &'static str {
    match scope {
        BudgetScope::Country(_) => {
            "No more codes can be sent to numbers of this country today. Try again tomorrow, or use a \
             number of another country. Logins that need no code go on."
        }
        BudgetScope::Day => {
            "No more codes can be sent today. Try again tomorrow. Logins that need no code go on."
        }
        BudgetScope::Month => {
            "No more codes can be sent this month. Try again later, or ask whoever runs this service. \
             Logins that need no code go on."
        }
    }
}

/// Seconds as a person says them: `2 minutes`, `90 seconds`.
fn in_words(seconds: i64) -> String {
    match (seconds / 60, seconds % 60) {
        (1, 0) => "1 minute".to_owned(),
        (minutes, 0) => format!("{minutes} minutes"),
        (0, 1) => "1 second".to_owned(),
        _ => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn waits_are_told_as_people_say_them() {
        assert_eq!(in_words(120), "2 minutes");
        assert_eq!(in_words(60), "1 minute");
        assert_eq!(in_words(90), "90 seconds");
        assert_eq!(in_words(1), "1 second");
    }
}
