//! `POST /api/v1/profile/phone`: a code to another number, which `confirm` makes the person's own.
//!
//! Whether somebody has the number already is not told here, where nothing of it is proven: whoever
//! enters its code learns it.

pub(in crate::api) mod confirm;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::bearer::Bearer;
use crate::api::unattended::to_the_end;
use crate::api::v1::account;
use crate::api::v1::auth::{code, input};
use crate::foundation::PhoneNumber;
use crate::http::{Client, FieldError, Fields, Kind, Problem};
use crate::otp::{AppHash, Channel, Purpose};
use crate::passwords::Password;
use crate::proofs;
use crate::state::{App, AppState};

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[
    Kind::ChannelNotSupported,
    Kind::CountryNotSupported,
    Kind::DestinationNotSupported,
    Kind::PhoneUnreachable,
    Kind::TokenMissing,
    Kind::TokenInvalid,
    Kind::StepUpRequired,
    Kind::PasswordWrong,
    Kind::OtpCooldown,
    Kind::OtpLimitReached,
    Kind::OtpDestinationLimited,
    Kind::OtpRefused,
    Kind::ChallengeRequired,
    Kind::ChallengeUnavailable,
    Kind::ProviderFailed,
    Kind::ProviderUnavailable,
    Kind::StoreUnavailable,
    Kind::SmsBudgetExhausted,
    Kind::PasswordGuessesExhausted,
    Kind::HashingBusy,
    Kind::OtpDeliveryUnknown,
];

/// Another number, and the proof that it is the person who wants it.
struct ChangePhone {
    number: PhoneNumber,
    password: Password,
    channel: Option<Channel>,
    app_hash: Option<AppHash>,
}

/// Another number, and the proof that it is the person who wants it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct ChangePhoneBody {
    /// Any usual way of writing an international number.
    #[schema(example = "+1 415 555 2672")]
    phone_number: String,
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        example = "correct horse battery"
    )]
    password: String,
    /// `sms` or `call`; the server's choice where it is not given.
    #[schema(example = "sms", pattern = "^(sms|call)$")]
    channel: Option<String>,
    /// Of the Android app that waits for the text, so that the text can be read by it: one of
    /// `ANDROID_APP_HASHES`.
    #[schema(pattern = "^[A-Za-z0-9+/]{11}$", example = "FA+9qCX9VSu")]
    app_hash: Option<String>,
}

/// A code is on its way to the new number.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct PhoneChangeRequested {
    /// Words for a person.
    #[schema(example = "A code is on its way to the new number.")]
    message: &'static str,
    /// How it travels.
    #[schema(example = "sms")]
    channel: &'static str,
    /// Where to, masked.
    #[schema(example = "+1•••••••2672")]
    destination: String,
    /// Until when the code is good.
    expires_at: DateTime<Utc>,
    /// From when on another can be had.
    resend_after: DateTime<Utc>,
}

impl ChangePhone {
    fn read(app: &App, mut fields: Fields) -> Result<Self, Problem> {
        let number = input::reachable_phone(app, &mut fields);
        let password = input::password(&mut fields, "password");
        let channel = input::channel(&mut fields);
        let app_hash = input::app_hash(app, &mut fields);
        let request = number.zip(password);
        let request =
            request.map(|(number, password)| Self { number, password, channel, app_hash });
        fields.finish(request)
    }
}

/// Change the phone number
///
/// Takes the password, and sends a code to the new number. Nothing changes until `confirm` has that
/// code; asking anew, for the same number or another, makes the code before it void.
#[utoipa::path(post, path = "/api/v1/profile/phone", tag = "account", operation_id = "changePhone",
    request_body(content = ChangePhoneBody,
        example = json!({"phoneNumber": "+1 415 555 2672", "password": "correct horse battery"})),
    security(("bearer" = [])),
    responses((status = 202, description = "Sent.", body = PhoneChangeRequested)))]
pub(in crate::api) async fn change_phone(
    State(app): State<AppState>,
    client: Client,
    bearer: Bearer,
    fields: Fields,
) -> Result<(StatusCode, Json<PhoneChangeRequested>), Problem> {
    let ChangePhone { number, password, channel, app_hash } = ChangePhone::read(&app, fields)?;
    let user = account::read(&app, &bearer).await?;
    account::require_fresh_login(&app, &bearer, &user)?;
    account::prove_password(&app, &client, &bearer, &user, password).await?;
    if user.phone_number.as_deref() == Some(number.e164()) {
        let message = "This is your number already.";
        return Err(Problem::validation(vec![FieldError::new(
            "phoneNumber",
            "phone_unchanged",
            message,
        )]));
    }
    let purpose = Purpose::PhoneChange;
    let outgoing = code::outgoing_at(&app, &client, &user, number, purpose, channel, app_hash);
    let (sender, asking) = (app.clone(), client.clone());
    let action = proofs::Action::ChangePhone;
    let sent = async move { code::send_to(&sender, &asking, action, outgoing).await };
    let sent = to_the_end(sent).await;
    let live = sent.map_err(|refusal| Problem::from_send(&app, refusal))?;
    let answer = PhoneChangeRequested {
        message: "A code is on its way to the new number.",
        channel: live.channel.as_str(),
        destination: live.destination,
        expires_at: live.expires_at,
        resend_after: live.resend_at,
    };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}
