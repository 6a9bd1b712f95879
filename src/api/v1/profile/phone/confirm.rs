//! `POST /api/v1/profile/phone/confirm`: the code of the new number, which takes the old one's place.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use tracing::{error, info};
use utoipa::ToSchema;

use crate::api::bearer::Bearer;
use crate::api::trail;
use crate::api::unattended::{to_the_end, without_an_answer};
use crate::api::v1::account;
use crate::api::v1::auth::code::note_entered;
use crate::api::v1::auth::verify_otp::{over, wrong};
use crate::audit::Event;
use crate::emails::Email;
use crate::foundation::{Language, OpaqueToken, PhoneNumber, SessionId};
use crate::http::{Client, Fields, Kind, Problem};
use crate::known_devices;
use crate::number_claims;
use crate::otp::{Ending, Guess, GuessError, Judgement, OtpCode, Purpose, SendError};
use crate::phone_changes;
use crate::reset_tickets;
use crate::sessions::{self, EndReason, Which};
use crate::state::{App, AppState};
use crate::users::{self, User};

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[
    Kind::OtpInvalid,
    Kind::OtpNewCodeRequired,
    Kind::TokenMissing,
    Kind::TokenInvalid,
    Kind::PhoneTaken,
    Kind::OtpGuessesExhausted,
    Kind::OtpRefused,
    Kind::ProviderFailed,
    Kind::ProviderUnavailable,
    Kind::StoreUnavailable,
    Kind::OtpDeliveryUnknown,
];

/// The code that was sent to the new number.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct ConfirmPhoneBody {
    /// 4 to 10 digits; blanks and dashes between them are ignored.
    #[schema(example = "123456", min_length = 4, max_length = 32)]
    otp_code: String,
}

/// The new number is the person's.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct PhoneChanged {
    /// Words for a person.
    #[schema(example = "Your phone number has been changed.")]
    message: &'static str,
    /// E.164.
    #[schema(example = "+14155552672")]
    phone_number: String,
}

/// Confirm the new phone number
///
/// The right code puts the new number in the place of the old one. All other sessions end, and no
/// device is known any more. For 72 hours the change can be undone by a link in the e-mail about it,
/// nobody else can have the old number, and the new one resets no password.
#[utoipa::path(post, path = "/api/v1/profile/phone/confirm", tag = "account",
    operation_id = "confirmPhone", request_body = ConfirmPhoneBody, security(("bearer" = [])),
    responses((status = 200, description = "Changed.", body = PhoneChanged)))]
pub(in crate::api) async fn confirm_phone(
    State(app): State<AppState>,
    client: Client,
    bearer: Bearer,
    mut fields: Fields,
) -> Result<Json<PhoneChanged>, Problem> {
    let code = fields.required("otpCode", "otp_code_invalid", OtpCode::parse);
    let code = fields.finish(code)?;
    let user = account::read(&app, &bearer).await?;
    let session = bearer.0.sid;
    let changed = to_the_end(async move {
        let number = judge(&app, &client, &user, session, &code).await?;
        without_an_answer(async move { tell_old_number(&app, &user).await });
        Ok::<_, Problem>(number)
    });
    let number = changed.await?;
    let message = "Your phone number has been changed.";
    Ok(Json(PhoneChanged { message, phone_number: number.e164().to_owned() }))
}

/// Has the guess judged and, where it is right, changes the number. Not to be broken off: a provider
/// says "right" only once.
async fn judge(
    app: &App,
    client: &Client,
    user: &User,
    session: SessionId,
    code: &OtpCode,
) -> Result<PhoneNumber, Problem> {
    let refuse = async |why: &'static str, problem: Problem| {
        let why = (Purpose::PhoneChange, why);
        trail::refuse_code(app, client, Some(user.id), why, problem).await
    };
    let unjudged = async |error: GuessError| {
        refuse(trail::why_not_judged(&error), Problem::from_guess(app, error)).await
    };
    let guess = match app.otp.take_guess(&app.database, user.id, Purpose::PhoneChange).await {
        Ok(guess) => guess,
        Err(error) => return Err(unjudged(error).await),
    };
    match app.otp.judge(&app.database, &guess, code).await {
        Ok(Judgement::Right) => {}
        Ok(Judgement::Wrong) => return Err(refuse("wrong", wrong(&guess, true)).await),
        Ok(Judgement::Over(ending)) => return Err(refuse("over", over(ending)).await),
        Err(error) => return Err(unjudged(error).await),
    }
    let changed = change(app, client, user, session, &guess).await;
    if changed.as_ref().is_err_and(|problem| problem.kind() == Kind::PhoneTaken) {
        info!(user_id = %user.id, "somebody has proven a number that another account holds");
        // The code was right: it must not count as a wrong one.
        app.otp.give_back(&app.database, &guess).await?;
    }
    changed?;
    note_entered(app, &guess.number).await;
    Ok(guess.number)
}

/// All or nothing: the code is used up, the number is another, and nothing that the old one was good
/// for goes on. Rows are locked in the order in which a login and a reset lock them.
async fn change(
    app: &App,
    client: &Client,
    user: &User,
    session: SessionId,
    guess: &Guess,
) -> Result<(), Problem> {
    let (now, number) = (app.clock.now(), &guess.number);
    let undo = OpaqueToken::generate(&app.entropy).map_err(Problem::internal)?;
    let mut transaction = app.database.begin().await?;
    // The number may have become the person's own by an undo in between.
    let old = user.phone_number.as_deref();
    let is_other = old != Some(number.e164());
    if !is_other || !app.otp.consume(&mut transaction, guess).await? {
        return Err(over(Ending::Superseded));
    }
    let changed = users::change_number(&mut transaction, user.id, old, number, now).await?;
    changed.ok_or_else(|| over(Ending::Superseded))?;
    // An undo may have come between the look at the token and the hold on the row.
    if !sessions::is_open(&mut transaction, session).await? {
        return Err(Problem::new(Kind::TokenInvalid).detail("The session has ended."));
    }
    if phone_changes::is_kept_from(&mut transaction, user.id, number, now).await? {
        return Err(Problem::new(Kind::PhoneTaken));
    }
    // Where there was none there is none to be put back.
    if let Some(old) = old {
        phone_changes::record(&mut transaction, user.id, (old, number), &undo, now).await?;
        tell(app, &mut transaction, user, (number, &undo), now).await?;
    }
    number_claims::keep(&mut transaction, number.e164()).await?;
    reset_tickets::revoke(&mut transaction, user.id).await?;
    let (others, reason) = (Which::Others(session), EndReason::PhoneChange);
    let ended = sessions::end(&mut transaction, user.id, others, reason, now).await?;
    known_devices::forget(&mut transaction, user.id).await?;
    let event = Event::CodeRight { purpose: Purpose::PhoneChange.as_str() };
    trail::record(app, &mut transaction, client, user.id, event, now).await?;
    let event = Event::PhoneChanged { sessions_ended: ended.len() };
    trail::record(app, &mut transaction, client, user.id, event, now).await?;
    if !app.otp.commit_consumed(transaction, guess).await? {
        return Err(over(Ending::Superseded));
    }
    app.sessions.revocations().note(&ended, now);
    info!(user_id = %user.id, "a phone number was changed");
    Ok(())
}

/// Where the person is told, with the way back: by e-mail.
async fn tell(
    app: &App,
    connection: &mut PgConnection,
    user: &User,
    (number, undo): (&PhoneNumber, &OpaqueToken),
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let undo_until = now + phone_changes::UNDO_FOR;
    let Some(occasion) = app.emails.phone_changed(number, undo, undo_until) else {
        return Ok(());
    };
    let (to, locale) = (user.email.as_str(), user.locale.as_deref());
    let email = Email { user: Some(user.id), to, locale, occasion, at_most_daily: false };
    Ok(app.emails.enqueue(connection, &email, now).await?)
}

/// … and by a text to the old number, if that can be had.
async fn tell_old_number(app: &App, user: &User) {
    let Some(old) = user.phone_number.as_deref().and_then(PhoneNumber::from_e164) else { return };
    let language = user.locale.as_deref().and_then(Language::parse).unwrap_or_default();
    let user_id = user.id;
    match app.otp.send_notice(&app.database, user_id, &old, language).await {
        Ok(()) => info!(%user_id, "the old number was told of the change"),
        Err(SendError::Failure(cause)) => {
            let cause = &cause as &dyn std::error::Error;
            error!(%user_id, cause, "the old number could not be told of the change");
        }
        Err(reason) => info!(%user_id, %reason, "the old number was not told of the change"),
    }
}
