//! `POST /api/v1/auth/password/reset`: a new password, by a code to the verified phone.
//!
//! Opens no session and answers no token: the next login asks for all that a login asks for.
//!
//! A ticket is had by asking for anybody, so no refusal may tell whether it is somebody's. Hence one
//! hash for each request with a ticket; one answer for every code that is not right, even where the
//! guesses of the user are spent; and the rules that need the person's own data come after the code.

use axum::extract::State;
use axum::http::StatusCode;
use tracing::info;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::api::limits;
use crate::api::trail;
use crate::api::unattended::to_the_end;
use crate::api::v1::account;
use crate::api::v1::auth::code::note_entered;
use crate::api::v1::auth::input;
use crate::audit::Event;
use crate::emails::{self, Occasion};
use crate::foundation::{OpaqueToken, UserId};
use crate::http::{Client, Fields, Kind, Problem, note_user};
use crate::known_devices;
use crate::login_tickets;
use crate::number_claims;
use crate::otp::{Guess, GuessError, Judgement, OtpCode, Purpose};
use crate::passwords::{self, Password};
use crate::rate_limits::Action;
use crate::reset_tickets::{self, PendingReset};
use crate::sessions::{self, EndReason, Which};
use crate::state::{App, AppState};
use crate::users::{self, PhcString, User};

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[
    Kind::ResetTicketInvalid,
    Kind::OtpInvalid,
    Kind::ProviderFailed,
    Kind::ProviderUnavailable,
    Kind::StoreUnavailable,
    Kind::HashingBusy,
    Kind::OtpDeliveryUnknown,
];

/// A code, the reset it is for, and the password to be.
struct Reset {
    ticket: OpaqueToken,
    code: OtpCode,
    /// As it was typed, for the rules that come later.
    typed: Zeroizing<String>,
    password: Password,
}

/// A code, the reset it is for, and the password to be.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct ResetPasswordBody {
    /// What `password/forgot` answered.
    reset_ticket: String,
    /// 4 to 10 digits; blanks and dashes between them are ignored.
    #[schema(example = "123456", min_length = 4, max_length = 32)]
    otp_code: String,
    /// By the rules of signing up. Whether the e-mail address or the number is in it is told only
    /// where the code is right, which it stays.
    #[schema(
        format = "password",
        min_length = 8,
        max_length = 256,
        example = "a new and better staple"
    )]
    new_password: String,
}

impl Reset {
    fn read(app: &App, mut fields: Fields) -> Result<Self, Problem> {
        let ticket = fields.required("resetTicket", "wrong_type", |text| {
            Ok::<_, &str>(OpaqueToken::received(text.to_owned()))
        });
        let code = fields.required("otpCode", "otp_code_invalid", OtpCode::parse);
        let new = Self::read_password(app, &mut fields);
        let request = ticket.zip(code).zip(new);
        let request = request.map(|((ticket, code), (typed, password))| Self {
            ticket,
            code,
            typed,
            password,
        });
        fields.finish(request)
    }

    fn read_password(app: &App, fields: &mut Fields) -> Option<(Zeroizing<String>, Password)> {
        let typed = input::raw_password(fields, "newPassword")?;
        match app.password_policy.check(&typed, None, None) {
            Ok(password) => Some((typed, password)),
            Err(problems) => {
                for error in input::refused_password("newPassword", problems) {
                    fields.error(error);
                }
                None
            }
        }
    }
}

/// Set a new password
///
/// Takes the code that `password/forgot` had sent. All sessions end, and no device is known any more;
/// log in with the new password.
#[utoipa::path(post, path = "/api/v1/auth/password/reset", tag = "auth",
    operation_id = "resetPassword", request_body = ResetPasswordBody,
    responses((status = 204, description = "Set. All sessions have ended.")))]
pub(in crate::api) async fn reset(
    State(app): State<AppState>,
    client: Client,
    fields: Fields,
) -> Result<StatusCode, Problem> {
    let Reset { ticket, code, typed, password } = Reset::read(&app, fields)?;
    limits::take_at(&app, Action::ResetPassword, client.address.limited(), []).await?;
    let reset = reset_tickets::find(&app.database, &ticket, app.clock.now()).await?;
    let reset = reset.ok_or_else(|| Problem::new(Kind::ResetTicketInvalid))?;
    let hash = super::hash(&app, password).await?;
    to_the_end(async move {
        let user = judge(&app, &client, &reset, &code, (&typed, &hash)).await?;
        info!(user_id = %user.id, "a password was reset");
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Has the guess judged and, where it is right, sets the password. Not to be broken off: a provider
/// says "right" only once.
async fn judge(
    app: &App,
    client: &Client,
    reset: &PendingReset,
    code: &OtpCode,
    (typed, hash): (&str, &PhcString),
) -> Result<User, Problem> {
    let id = match reset.user {
        Some(id) => id,
        // Somebody who has no code, as if it were a person whose code is used up.
        None => UserId::new(app.clock.now(), &app.entropy).map_err(Problem::internal)?,
    };
    let refuse = async |why: &'static str, problem: Problem| {
        let why = (Purpose::PasswordReset, why);
        trail::refuse_code(app, client, reset.user, why, problem).await
    };
    let unjudged = async |error: GuessError| {
        let why = trail::why_not_judged(&error);
        let problem = match error {
            GuessError::NoLiveCode | GuessError::Exhausted { .. } => invalid(),
            error => Problem::from_guess(app, error),
        };
        refuse(why, problem).await
    };
    let guess = match app.otp.take_guess(&app.database, id, Purpose::PasswordReset).await {
        Ok(guess) => guess,
        Err(error) => return Err(unjudged(error).await),
    };
    note_user(&id);
    match app.otp.judge(&app.database, &guess, code).await {
        Ok(Judgement::Right) => {}
        Ok(Judgement::Wrong) => return Err(refuse("wrong", invalid()).await),
        Ok(Judgement::Over(_)) => return Err(refuse("over", invalid()).await),
        Err(error) => return Err(unjudged(error).await),
    }
    let user = users::find(&app.database, id).await?.ok_or_else(invalid)?;
    let (email, number) = (user.email.as_str(), user.phone_number.as_deref());
    if let Err(problems) = app.password_policy.check(typed, Some(email), number) {
        app.otp.give_back(&app.database, &guess).await?;
        return Err(Problem::validation(
            input::refused_password("newPassword", problems).collect(),
        ));
    }
    set(app, client, reset, &guess, (&user, hash)).await?;
    note_entered(app, &guess.number).await;
    Ok(user)
}

/// All or nothing: code and ticket are used up, the new password counts, and nothing that the old one
/// was good for does. Rows are locked in the order in which a login and a change lock them.
async fn set(
    app: &App,
    client: &Client,
    reset: &PendingReset,
    guess: &Guess,
    (user, hash): (&User, &PhcString),
) -> Result<(), Problem> {
    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    if !app.otp.consume(&mut transaction, guess).await? {
        return Err(invalid());
    }
    login_tickets::revoke(&mut transaction, user.id).await?;
    let number = &guess.number;
    if !users::reset_password_hash(&mut transaction, user.id, number, hash, now).await? {
        // The number is not this user's any more: the code has proven somebody else's.
        return Err(invalid());
    }
    // One that was issued while the row was waited for is of the old password, too.
    login_tickets::revoke(&mut transaction, user.id).await?;
    number_claims::keep(&mut transaction, number.e164()).await?;
    if !reset_tickets::consume(&mut transaction, reset, now).await? {
        return Err(Problem::new(Kind::ResetTicketInvalid));
    }
    reset_tickets::revoke(&mut transaction, user.id).await?;
    emails::withdraw_change(&mut transaction, user.id, &user.email).await?;
    let reason = EndReason::PasswordReset;
    let ended = sessions::end(&mut transaction, user.id, Which::All, reason, now).await?;
    known_devices::forget(&mut transaction, user.id).await?;
    passwords::forget_guesses(&mut *transaction, user.id).await?;
    let event = Event::CodeRight { purpose: Purpose::PasswordReset.as_str() };
    trail::record(app, &mut transaction, client, user.id, event, now).await?;
    let event = Event::PasswordReset { sessions_ended: ended.len() };
    trail::record(app, &mut transaction, client, user.id, event, now).await?;
    account::tell(app, &mut transaction, user, Occasion::PasswordReset { at: now }, now).await?;
    if !app.otp.commit_consumed(transaction, guess).await? {
        return Err(invalid());
    }
    app.sessions.revocations().note(&ended, now);
    Ok(())
}

fn invalid() -> Problem {
    Problem::new(Kind::OtpInvalid).detail("Invalid or expired OTP code.")
}
