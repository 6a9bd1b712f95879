//! The part of `verify-otp` that takes a code of an authenticator app: right, it ends the login.

use chrono::{DateTime, Utc};

use crate::api::trail;
use crate::audit::Event;
use crate::foundation::{OpaqueToken, UserId};
use crate::http::{Client, Kind, Problem};
use crate::login_tickets::{self, PendingLogin};
use crate::otp::{CountedGuess, Purpose};
use crate::sessions::Method;
use crate::state::App;
use crate::totp::{self, Step, TotpCode};
use crate::users::{self, User};

use super::refresh_token::{RefreshTokenIn, WithCookie};
use super::signed_in::{self, Opened, SignedIn};
use super::verify_otp::remember_device;

/// A code of an app that is to be judged for a login.
pub(super) struct Attempt<'a> {
    pub(super) login: &'a PendingLogin,
    pub(super) client: &'a Client,
    pub(super) code: &'a TotpCode,
    pub(super) into: RefreshTokenIn,
    pub(super) device: Option<&'a OpaqueToken>,
}

/// Has the guess judged and, where it is right, finishes the login.
pub(super) async fn judge(
    app: &App,
    attempt: &Attempt<'_>,
) -> Result<WithCookie<SignedIn>, Problem> {
    let Attempt { login, client, code, .. } = *attempt;
    let (guess, step) = judge_code(app, client, login.user, code, true).await?;
    let now = app.clock.now();
    let finished = finish(app, attempt, (&guess, step), now).await;
    if finished.as_ref().is_err_and(|problem| problem.kind() == Kind::AccountLocked) {
        let event = Event::LoginFailed { reason: Kind::AccountLocked.entry().code };
        trail::record_alone(app, client, Some(login.user), event).await?;
    }
    let (user, opened, device, is_restored) = finished?;
    let device = Some(device.expose().to_owned());
    let answer = signed_in::answer(app, &user, &opened, attempt.into, device, "Logged in.", now)?;
    Ok(answer.map(|answer| answer.restored(is_restored)))
}

/// The step of a right code, and the guess that it took: counted before it is judged, with those at codes by
/// text. `is_confirmed`: whether the app is one that counts, or one that is to.
pub(in crate::api::v1) async fn judge_code(
    app: &App,
    client: &Client,
    user: UserId,
    code: &TotpCode,
    is_confirmed: bool,
) -> Result<(CountedGuess, Step), Problem> {
    let refuse = async |why: &'static str, problem: Problem| {
        trail::refuse_code(app, client, Some(user), (Purpose::Login, why), problem).await
    };
    let guess = match app.otp.count_app_guess(&app.database, user).await {
        Ok(guess) => guess,
        Err(error) => {
            let why = trail::why_not_judged(&error);
            return Err(refuse(why, Problem::from_guess(app, error)).await);
        }
    };
    let now = app.clock.now();
    if let Some(step) = app.totp.check(&app.database, user, code, is_confirmed, now).await? {
        app.otp.note_right_app_guess(&app.database, &guess).await?;
        return Ok((guess, step));
    }
    app.otp.note_wrong_app_guess(&app.database, &guess).await?;
    Err(refuse("wrong", invalid()).await)
}

/// All or nothing: the code and the ticket are used up, the session is open.
async fn finish(
    app: &App,
    attempt: &Attempt<'_>,
    (guess, step): (&CountedGuess, Step),
    now: DateTime<Utc>,
) -> Result<(User, Opened, OpaqueToken, bool), Problem> {
    let Attempt { login, client, device, .. } = *attempt;
    let mut transaction = app.database.begin().await?;
    if !totp::use_step(&mut transaction, login.user, step).await? {
        return Err(invalid());
    }
    app.otp.redeem_app_guess(&mut transaction, guess).await?;
    if !login_tickets::consume(&mut transaction, login, now).await? {
        return Err(Problem::new(Kind::LoginTicketInvalid));
    }
    let user = users::find(&mut *transaction, login.user).await?;
    // Whoever has lost their number has to prove one by its own code.
    let user = user.filter(|user| user.is_verified && !user.is_gone(now)).ok_or_else(invalid)?;
    let event = Event::CodeRight { purpose: Purpose::Login.as_str() };
    trail::record(app, &mut transaction, client, user.id, event, now).await?;
    let is_restored = signed_in::restore(app, &mut transaction, client, &user, now).await?;
    let methods = vec![Method::Password, Method::OneTimeCode];
    let opened =
        signed_in::open_session(app, &mut transaction, client, &user, methods, now).await?;
    let device = remember_device(app, &mut transaction, (client, device), &user, now).await?;
    // Whoever locks the account waits for the session's foreign key, or is seen here.
    if users::is_locked(&mut *transaction, user.id).await? {
        return Err(Problem::new(Kind::AccountLocked));
    }
    transaction.commit().await?;
    Ok((user, opened, device, is_restored))
}

pub(in crate::api::v1) fn invalid() -> Problem {
    Problem::new(Kind::OtpInvalid).detail("Invalid or expired OTP code.")
}
