//! `POST /api/v1/auth/login`: the password, and a code where one is due.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use serde::Serialize;
use tracing::error;
use utoipa::ToSchema;

use crate::foundation::{OpaqueToken, PhoneNumber, UserId};
use crate::http::{Client, Fields, Kind, Problem, note_user};
use crate::known_devices;
use crate::login_tickets;
use crate::otp::{AppHash, Live, OtpFailure, SendError};
use crate::passwords::{Password, PasswordHash, Verification};
use crate::sessions::Method;
use crate::state::{App, AppState, OtpPolicy};
use crate::users::{self, Identifier, PhcString, User};

use super::refresh_token::{RefreshTokenIn, WithCookie};
use super::signed_in::{self, SignedIn};
use super::{code, input};

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] =
    &[Kind::InvalidCredentials, Kind::OriginNotAllowed, Kind::AccountLocked, Kind::HashingBusy];

/// Somebody who logs in.
struct Login {
    identifier: Identifier,
    password: Password,
    device_token: Option<OpaqueToken>,
    app_hash: Option<AppHash>,
    refresh_token_in: RefreshTokenIn,
}

/// Somebody who logs in: with `email` or with `phoneNumber`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct LoginBody {
    #[schema(format = "email", max_length = 254, example = "ada@example.com")]
    email: Option<String>,
    phone_number: Option<String>,
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        example = "correct horse battery"
    )]
    password: String,
    /// With `OTP_POLICY=new-device`: what an earlier login of this device was given.
    device_token: Option<String>,
    /// Of the Android app that waits for the text, so that the text can be read by it: one of
    /// `ANDROID_APP_HASHES`.
    #[schema(pattern = "^[A-Za-z0-9+/]{11}$", example = "FA+9qCX9VSu")]
    app_hash: Option<String>,
    /// `body` (default), or `cookie`: then the refresh token comes in a cookie that no script can read,
    /// for pages of `BASE_URL` and `FRONTEND_URL`. Where a code is due, `verify-otp` decides.
    #[schema(pattern = "^(body|cookie)$", example = "body")]
    refresh_token_in: Option<String>,
}

/// The password was right, and so was everything else that is asked for, or a code is due.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api) enum LoginAnswer {
    /// Nothing more is to be proven.
    SignedIn(SignedIn),
    /// A code is due.
    CodeRequired(CodeRequired),
}

/// A code is due. It has been sent, unless `otpError` says why not.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct CodeRequired {
    /// Words for a person.
    #[schema(example = "Enter the code that was sent to your phone.")]
    message: &'static str,
    user_id: UserId,
    /// Always `true` here.
    #[schema(example = true)]
    requires_otp: bool,
    /// For `verify-otp` and `request-otp`; good for 10 minutes.
    login_ticket: String,
    /// Where the code goes, masked. Not there with the `otpError` `phone_missing`.
    #[schema(example = "+1•••••••2671")]
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
    /// How the code travels.
    #[schema(example = "sms")]
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'static str>,
    /// Until when the code is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
    /// From when on another code can be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    resend_after: Option<DateTime<Utc>>,
    /// Why no code was sent; `request-otp` asks again.
    #[serde(skip_serializing_if = "Option::is_none")]
    otp_error: Option<OtpError>,
}

/// Why no code was sent, in the terms of a problem document.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct OtpError {
    /// The stable name.
    #[schema(example = "provider_unavailable")]
    code: &'static str,
    /// Words for a person.
    detail: String,
    /// When to ask again, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl Login {
    fn read(app: &App, mut fields: Fields) -> Result<Self, Problem> {
        let identifier = input::identifier(app, &mut fields);
        let password = input::password(&mut fields, "password");
        let device_token = input::opaque_token(&mut fields, "deviceToken");
        let app_hash = input::app_hash(app, &mut fields);
        let refresh_token_in = RefreshTokenIn::read(&mut fields);
        let request = identifier.zip(password);
        let request = request.map(|(identifier, password)| Self {
            identifier,
            password,
            device_token,
            app_hash,
            refresh_token_in,
        });
        fields.finish(request)
    }
}

/// Log in
///
/// Checks the password. Where a second step is due a code is sent, and `loginTicket` binds it to
/// this login.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "auth", operation_id = "login",
    request_body(content = LoginBody,
        example = json!({"email": "ada@example.com", "password": "correct horse battery"})),
    responses((status = 200, description = "The password was right.", body = LoginAnswer)))]
pub(in crate::api) async fn login(
    State(app): State<AppState>,
    client: Client,
    headers: HeaderMap,
    fields: Fields,
) -> Result<WithCookie<Json<LoginAnswer>>, Problem> {
    let login = Login::read(&app, fields)?;
    login.refresh_token_in.require_own_page(&app, &headers)?;
    let user = prove_password(&app, &login.identifier, login.password).await?;
    note_user(&user.id);
    // Told to nobody but who knows the password.
    if user.locked_at.is_some() {
        return Err(Problem::new(Kind::AccountLocked));
    }
    if is_code_due(&app, &user, login.device_token.as_ref()).await? {
        let answer = ask_for_code(&app, &client, &user, login.app_hash).await?;
        return Ok(WithCookie::untouched(Json(LoginAnswer::CodeRequired(answer))));
    }
    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    if users::is_locked(&mut transaction, user.id).await? {
        return Err(Problem::new(Kind::AccountLocked));
    }
    let is_restored = signed_in::restore(&mut *transaction, &user, now).await?;
    let methods = vec![Method::Password];
    let opened =
        signed_in::open_session(&app, &mut *transaction, &client, &user, methods, now).await?;
    transaction.commit().await?;
    super::end_brought(&app, &headers).await;
    let into = login.refresh_token_in;
    let answer = signed_in::answer(&app, &user, &opened, into, None, "Logged in.", now)?;
    Ok(answer.map(|answer| Json(LoginAnswer::SignedIn(answer.restored(is_restored)))))
}

/// The user, if there is one and the password is right. An unknown user costs the same: one
/// statement and one hash.
async fn prove_password(
    app: &App,
    identifier: &Identifier,
    password: Password,
) -> Result<User, Problem> {
    let user = users::find_by_identifier(&app.database, identifier).await?;
    let user = user.filter(|user| !user.is_gone(app.clock.now()));
    let stored = user.as_ref().and_then(read_hash);
    let verification = app.hasher.verify(password.clone(), stored).await?;
    match (user, verification) {
        (Some(user), Verification::Match) => Ok(user),
        (Some(user), Verification::MatchOutdated) => {
            renew_hash(app, &user, password).await?;
            Ok(user)
        }
        (_, Verification::Mismatch) | (None, _) => {
            Err(Problem::new(Kind::InvalidCredentials).detail("Invalid email or password."))
        }
    }
}

/// The stored hash; `None`, and a line in the log, where it cannot be read.
pub(in crate::api::v1) fn read_hash(user: &User) -> Option<PasswordHash> {
    PasswordHash::parse(user.password_hash.as_str())
        .inspect_err(|cause| {
            error!(user_id = %user.id, cause = cause as &dyn std::error::Error, "a stored password hash cannot be read");
        })
        .ok()
}

/// Hashes anew under today's cost.
async fn renew_hash(app: &App, user: &User, password: Password) -> Result<(), Problem> {
    let salt = app.entropy.bytes().map_err(Problem::internal)?;
    let new = PhcString::from(app.hasher.hash(password, salt).await?.to_phc());
    let now = app.clock.now();
    users::replace_password_hash(&app.database, user.id, &user.password_hash, &new, now).await?;
    Ok(())
}

async fn is_code_due(
    app: &App,
    user: &User,
    device: Option<&OpaqueToken>,
) -> Result<bool, Problem> {
    Ok(match (app.login.otp_policy, device) {
        _ if !user.is_verified => true,
        // The admin API wants a fresh code, and this is the one way to give it.
        _ if user.is_admin() => true,
        (OtpPolicy::Enrollment, _) => false,
        (OtpPolicy::Always, _) | (OtpPolicy::NewDevice, None) => true,
        (OtpPolicy::NewDevice, Some(device)) => {
            let now = app.clock.now();
            !known_devices::is_known(&app.database, device, user.id, now).await?
        }
    })
}

async fn ask_for_code(
    app: &AppState,
    client: &Client,
    user: &User,
    app_hash: Option<AppHash>,
) -> Result<CodeRequired, Problem> {
    let ticket = OpaqueToken::generate(&app.entropy).map_err(Problem::internal)?;
    let address = client.address.limited();
    login_tickets::issue(&app.database, &ticket, user.id, address, app.clock.now()).await?;
    let Some(number) = code::login_number(app, user).await? else {
        return Ok(CodeRequired::new(user, None, &ticket, Err(Problem::new(Kind::PhoneMissing))));
    };
    let sent = match code::send(app, client, user, number.clone(), None, app_hash).await {
        Ok(live) => Ok(live),
        Err(refusal) => match (code::join(app, user, &refusal).await?, refusal) {
            (Some(live), _) => Ok(live),
            // The login is good whatever became of the code; only our own faults end it, and of those
            // not the one that the next request may not meet.
            (
                None,
                SendError::Failure(failure @ (OtpFailure::Database(_) | OtpFailure::Entropy(_))),
            ) => return Err(failure.into()),
            (None, refusal) => Err(Problem::from_send(app, refusal)),
        },
    };
    Ok(CodeRequired::new(user, Some(&number), &ticket, sent))
}

impl CodeRequired {
    fn new(
        user: &User,
        number: Option<&PhoneNumber>,
        ticket: &OpaqueToken,
        sent: Result<Live, Problem>,
    ) -> Self {
        let mut answer = Self {
            message: "Enter the code that was sent to your phone.",
            user_id: user.id,
            requires_otp: true,
            login_ticket: ticket.expose().to_owned(),
            destination: number.map(PhoneNumber::masked),
            channel: None,
            expires_at: None,
            resend_after: None,
            otp_error: None,
        };
        match sent {
            Ok(live) => {
                answer.channel = Some(live.channel.as_str());
                answer.expires_at = Some(live.expires_at);
                answer.resend_after = Some(live.resend_at);
            }
            Err(refusal) => {
                answer.message = "The code could not be sent. Request another.";
                answer.otp_error = Some(OtpError::new(&refusal));
            }
        }
        answer
    }
}

impl OtpError {
    fn new(problem: &Problem) -> Self {
        Self {
            code: problem.kind().entry().code,
            detail: problem.words().to_owned(),
            retry_after: problem.seconds_to_wait(),
        }
    }
}
