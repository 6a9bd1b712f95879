//! `POST /api/v1/auth/request-otp`: another code for a login that waits.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::v1::proof;
use crate::foundation::PhoneNumber;
use crate::http::{Client, FieldError, Fields, Kind, Problem, note_user};
use crate::number_claims;
use crate::otp::{AppHash, Channel};
use crate::proofs;
use crate::state::{App, AppState};
use crate::totp::{self, TotpCode};
use crate::users::{self, User};

use super::pending::Reference;
use super::{code, input, verify_totp};

/// What the authenticator app shows.
const APP_CODE: &str = "totpCode";

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[
    Kind::LoginTicketInvalid,
    Kind::LoginRequired,
    Kind::OtpInvalid,
    Kind::OtpNewCodeRequired,
    Kind::UserNotFound,
    Kind::ChannelNotSupported,
    Kind::CountryNotSupported,
    Kind::DestinationNotSupported,
    Kind::PhoneUnreachable,
    Kind::PhoneMissing,
    Kind::AccountLocked,
    Kind::ChallengeRequired,
    Kind::OtpGuessesExhausted,
    Kind::OtpCooldown,
    Kind::OtpLimitReached,
    Kind::OtpDestinationLimited,
    Kind::OtpRefused,
    Kind::ProviderFailed,
    Kind::ProviderUnavailable,
    Kind::SmsBudgetExhausted,
    Kind::ChallengeUnavailable,
    Kind::StoreUnavailable,
    Kind::OtpDeliveryUnknown,
];

/// Which login needs a code, and how it is to travel.
struct RequestOtp {
    reference: Reference,
    new_number: Option<PhoneNumber>,
    app_code: Option<TotpCode>,
    channel: Option<Channel>,
    app_hash: Option<AppHash>,
}

/// Which login needs a code: `loginTicket`, or `email` or `phoneNumber`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct RequestOtpBody {
    /// What `register` or `login` answered.
    login_ticket: Option<String>,
    /// Only for a login from the same address.
    #[schema(format = "email", max_length = 254, example = "ada@example.com")]
    email: Option<String>,
    /// Only for a login from the same address.
    phone_number: Option<String>,
    /// With a `loginTicket`, for somebody whose account has no number, or has still to prove the one it
    /// claims: where the code is to go. The right code makes it the account's.
    #[schema(example = "+1 415 555 2672")]
    new_phone_number: Option<String>,
    /// With a `newPhoneNumber`, and required there of somebody who has an authenticator app: what it shows, 6 digits.
    #[schema(example = "123456", min_length = 6, max_length = 32)]
    totp_code: Option<String>,
    /// `sms` or `call`; the server's choice where it is not given.
    #[schema(example = "sms", pattern = "^(sms|call)$")]
    channel: Option<String>,
    /// Of the Android app that waits for the text, so that the text can be read by it: one of
    /// `ANDROID_APP_HASHES`.
    #[schema(pattern = "^[A-Za-z0-9+/]{11}$", example = "FA+9qCX9VSu")]
    app_hash: Option<String>,
}

/// A code is on its way.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct OtpRequested {
    /// Words for a person.
    #[schema(example = "A code is on its way.")]
    message: &'static str,
    /// How it travels.
    #[schema(example = "sms")]
    channel: &'static str,
    /// Where to, masked.
    #[schema(example = "+1•••••••2671")]
    destination: String,
    /// Until when the code is good.
    expires_at: DateTime<Utc>,
    /// From when on another can be had.
    resend_after: DateTime<Utc>,
}

impl RequestOtp {
    fn read(app: &App, mut fields: Fields) -> Result<Self, Problem> {
        let reference = Reference::read(app, &mut fields);
        let new_number = Self::read_new_number(app, &mut fields, reference.as_ref());
        // Without another number nobody asks for it.
        let app_code = match new_number {
            Some(_) => fields.optional(APP_CODE, "totp_code_invalid", TotpCode::parse),
            None => None,
        };
        let channel = input::channel(&mut fields);
        let app_hash = input::app_hash(app, &mut fields);
        let request =
            reference.map(|reference| Self { reference, new_number, app_code, channel, app_hash });
        fields.finish(request)
    }

    /// `newPhoneNumber`, only from whoever has the ticket: an address is shared with others.
    fn read_new_number(
        app: &App,
        fields: &mut Fields,
        reference: Option<&Reference>,
    ) -> Option<PhoneNumber> {
        const NAME: &str = "newPhoneNumber";
        if !fields.has(NAME) {
            return fields.text(NAME).and(None);
        }
        if matches!(reference, Some(Reference::Identifier(_))) {
            let message = "Another number can be named with the ticket of the login only.";
            fields.error(FieldError::new(NAME, "ticket_required", message));
        }
        input::reachable_phone_in(app, fields, NAME)
    }
}

/// Request a code
///
/// Sends a code for a login that waits. The one before it is void from then on.
#[utoipa::path(post, path = "/api/v1/auth/request-otp", tag = "auth", operation_id = "requestOtp",
    request_body(content = RequestOtpBody,
        example = json!({"loginTicket": "the ticket of the login", "channel": "sms"})),
    responses((status = 200, description = "Sent.", body = OtpRequested)))]
pub(in crate::api) async fn request_otp(
    State(app): State<AppState>,
    client: Client,
    fields: Fields,
) -> Result<Json<OtpRequested>, Problem> {
    let RequestOtp { reference, new_number, app_code, channel, app_hash } =
        RequestOtp::read(&app, fields)?;
    proof::require_of_everybody(&app, &client, proofs::Action::RequestOtp).await?;
    let none = Problem::new(Kind::LoginRequired);
    let login = reference.find(&app, &client, app.clock.now(), none).await?;
    note_user(&login.user);
    let user = users::find(&app.database, login.user).await?;
    let user = user.ok_or_else(|| Problem::new(Kind::LoginTicketInvalid))?;
    if user.locked_at.is_some() {
        return Err(Problem::new(Kind::AccountLocked));
    }
    if let Some(number) = &new_number {
        claim(&app, &client, &user, number, app_code.as_ref()).await?;
    }
    let number = code::login_number(&app, &user).await?;
    let number = number.ok_or_else(|| Problem::new(Kind::PhoneMissing))?;
    let action = proofs::Action::RequestOtp;
    let sent = code::send(&app, &client, &user, number, channel, app_hash, action).await;
    let live = sent.map_err(|refusal| Problem::from_send(&app, refusal))?;
    Ok(Json(OtpRequested {
        message: "A code is on its way.",
        channel: live.channel.as_str(),
        destination: live.destination,
        expires_at: live.expires_at,
        resend_after: live.resend_at,
    }))
}

/// Has the codes of a person without a number go to `number`: by a code of their authenticator app, where they have
/// one. The password alone would take the second factor from whoever has lost the number, not the app.
async fn claim(
    app: &App,
    client: &Client,
    user: &User,
    number: &PhoneNumber,
    app_code: Option<&TotpCode>,
) -> Result<(), Problem> {
    if user.phone_number.is_some() {
        let message = "The account has a number. Change it once you are logged in.";
        let error = FieldError::new("newPhoneNumber", "phone_not_missing", message);
        return Err(Problem::validation(vec![error]));
    }
    if !totp::is_on(&app.database, user.id).await? {
        return Ok(number_claims::claim(&app.database, user.id, number, app.clock.now()).await?);
    }
    if number_claims::wanted(&app.database, user.id).await?.as_ref() == Some(number) {
        // Asked for again: it was named by a code of the app.
        return Ok(());
    }
    let Some(app_code) = app_code else {
        let message = "The account has an authenticator app. Send what it shows, too.";
        return Err(Problem::validation(vec![FieldError::new(APP_CODE, "required", message)]));
    };
    let (guess, step) = verify_totp::judge_code(app, client, user.id, app_code, true).await?;
    let mut transaction = app.database.begin().await?;
    if !totp::use_step(&mut transaction, user.id, step).await? {
        return Err(verify_totp::invalid());
    }
    app.otp.redeem_app_guess(&mut transaction, &guess).await?;
    number_claims::claim(&mut *transaction, user.id, number, app.clock.now()).await?;
    Ok(transaction.commit().await?)
}
