//! `POST /api/v1/auth/login`: the password, and a code where one is due.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Postgres};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::api::limits;
use crate::api::trail;
use crate::api::v1::proof;
use crate::audit::Event;
use crate::foundation::{Metric, OpaqueToken, PhoneNumber, UserId};
use crate::http::{Client, Fields, Kind, Problem, note_user};
use crate::login_tickets;
use crate::otp::{AppHash, Live, OtpFailure, SendError};
use crate::passwords::Password;
use crate::proofs;
use crate::rate_limits::Action;
use crate::sessions::Method;
use crate::state::{App, AppState, OtpPolicy};
use crate::totp;
use crate::users::{self, Identifier, Proof, User};

use super::code::NotSent;
use super::password_proof::{self, Proven, Tried};
use super::refresh_token::{RefreshTokenIn, WithCookie};
use super::signed_in::{self, SignedIn};
use super::{code, first_login, input};

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[
    Kind::InvalidCredentials,
    Kind::OriginNotAllowed,
    Kind::PasswordChangeRequired,
    Kind::AccountLocked,
    Kind::PasswordGuessesExhausted,
    Kind::ChallengeRequired,
    Kind::HashingBusy,
    Kind::ChallengeUnavailable,
];

/// Somebody who logs in.
struct Login {
    identifier: Identifier,
    password: Password,
    /// As it was typed.
    new_password: Option<Zeroizing<String>>,
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
    /// In place of a password that was handed out, and only then: one of the person's own, by the rules of
    /// signing up.
    #[schema(format = "password", min_length = 8, max_length = 256)]
    new_password: Option<String>,
    /// What an earlier code on this device was answered with: the device is known by it, and is not slowed by
    /// wrong passwords from elsewhere.
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

/// A code is due. It has been sent, unless `otpError` says why not, or `methods` begins with `totp`.
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
    /// By what a code can come, the first choice first: `totp` (an authenticator app: nothing is sent by itself),
    /// `sms` (a text, or a call).
    #[schema(example = json!(["sms"]))]
    methods: Vec<&'static str>,
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
        let new_password = fields.text("newPassword").map(Zeroizing::new);
        let device_token = input::opaque_token(&mut fields, "deviceToken");
        let app_hash = input::app_hash(app, &mut fields);
        let refresh_token_in = RefreshTokenIn::read(&mut fields);
        let request = identifier.zip(password);
        let request = request.map(|(identifier, password)| Self {
            identifier,
            password,
            new_password,
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
/// this login. A password that was handed out counts together with a `newPassword` only, which takes its place.
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
    limits::take_at(&app, Action::Login, client.address.limited(), []).await?;
    proof::require_of_everybody(&app, &client, proofs::Action::Login).await?;
    let tried = Tried {
        identifier: &login.identifier,
        password: &login.password,
        device_token: login.device_token.as_ref(),
    };
    let proven = password_proof::prove(&app, &client, &tried).await?;
    note_user(&proven.user.id);
    // Told to nobody but who knows the password.
    if proven.user.locked_at.is_some() {
        let Proven { user, connection, .. } = proven;
        drop(connection);
        return Err(refuse_locked(&app, &client, &user).await);
    }
    let typed = (&login.password, login.new_password.as_deref().map(String::as_str));
    let proven = first_login::replace_handed_out(&app, &client, proven, typed).await?;
    if is_code_due(&app, &proven) {
        let Proven { user, connection, .. } = proven;
        let ticket = issue_ticket(&app, &client, &user, connection).await?;
        Metric::Logins.add(&["code_due"]);
        let answer = ask_for_code(&app, &client, &user, ticket, login.app_hash).await?;
        return Ok(WithCookie::untouched(Json(LoginAnswer::CodeRequired(answer))));
    }
    let signed_in = sign_in(&app, &client, proven, login.refresh_token_in).await?;
    super::end_brought(&app, &client, &headers).await;
    Ok(signed_in)
}

/// Opens the session, for as long as the password that was proven is the person's: who changes that or locks the
/// account next finds the session there.
async fn sign_in(
    app: &App,
    client: &Client,
    proven: Proven,
    into: RefreshTokenIn,
) -> Result<WithCookie<Json<LoginAnswer>>, Problem> {
    let Proven { user, mut connection, .. } = proven;
    let now = app.clock.now();
    let mut transaction = connection.begin().await?;
    let proof = users::hold_password(&mut transaction, user.id, &user.password_hash).await?;
    if proof != Proof::Holds {
        transaction.rollback().await?;
        drop(connection);
        return Err(refuse_unproven(app, client, &user, proof).await);
    }
    let is_restored = signed_in::restore(app, &mut transaction, client, &user, now).await?;
    let methods = vec![Method::Password];
    let opened =
        signed_in::open_session(app, &mut transaction, client, &user, methods, now).await?;
    transaction.commit().await?;
    drop(connection);
    Metric::Logins.add(&["signed_in"]);
    let answer = signed_in::answer(app, &user, &opened, into, None, "Logged in.", now)?;
    Ok(answer.map(|answer| Json(LoginAnswer::SignedIn(answer.restored(is_restored)))))
}

/// What is told of a password that has changed, or of a lock, since it was proven.
async fn refuse_unproven(app: &App, client: &Client, user: &User, proof: Proof) -> Problem {
    match proof {
        Proof::Locked => refuse_locked(app, client, user).await,
        Proof::Holds | Proof::Outdated => password_proof::refuse(app, client, Some(user.id)).await,
    }
}

async fn refuse_locked(app: &App, client: &Client, user: &User) -> Problem {
    Metric::Logins.add(&["locked"]);
    let event = Event::LoginFailed { reason: Kind::AccountLocked.entry().code };
    let problem = Problem::new(Kind::AccountLocked);
    trail::refuse(app, client, Some(user.id), event, problem).await
}

fn is_code_due(app: &App, proven: &Proven) -> bool {
    let Proven { user, is_device_known, is_doubted, .. } = proven;
    match app.login.otp_policy {
        _ if !user.is_verified => true,
        // The admin API wants a fresh code, and this is the one way to give it.
        _ if user.is_admin() => true,
        // The pair may be one of a list that somebody tries.
        _ if *is_doubted => true,
        OtpPolicy::Enrollment => false,
        OtpPolicy::Always => true,
        OtpPolicy::NewDevice => !is_device_known,
    }
}

/// The ticket of a login that waits for its code, for as long as the password that was proven is the person's.
async fn issue_ticket(
    app: &App,
    client: &Client,
    user: &User,
    mut connection: PoolConnection<Postgres>,
) -> Result<OpaqueToken, Problem> {
    let ticket = OpaqueToken::generate(&app.entropy).map_err(Problem::internal)?;
    let mut transaction = connection.begin().await?;
    let proof = users::hold_password(&mut transaction, user.id, &user.password_hash).await?;
    if proof != Proof::Holds {
        transaction.rollback().await?;
        drop(connection);
        return Err(refuse_unproven(app, client, user, proof).await);
    }
    let address = client.address.limited();
    login_tickets::issue(&mut *transaction, &ticket, user.id, address, app.clock.now()).await?;
    transaction.commit().await?;
    Ok(ticket)
}

async fn ask_for_code(
    app: &AppState,
    client: &Client,
    user: &User,
    ticket: OpaqueToken,
    app_hash: Option<AppHash>,
) -> Result<CodeRequired, Problem> {
    let number = code::login_number(app, user).await?;
    let has_app = user.is_verified
        && totp::is_on(&app.database, user.id).await?
        && app.otp.takes_app_codes(&app.database, user.id).await?;
    if has_app {
        return Ok(CodeRequired::by_app(user, number.as_ref(), &ticket));
    }
    let Some(number) = number else {
        return Ok(CodeRequired::new(user, None, &ticket, Err(Problem::new(Kind::PhoneMissing))));
    };
    let action = proofs::Action::Login;
    let sent = match code::send(app, client, user, number.clone(), None, app_hash, action).await {
        Ok(live) => Ok(live),
        Err(refusal) => match (code::join(app, user, &refusal).await?, refusal) {
            (Some(live), _) => Ok(live),
            // The login is good whatever became of the code; only our own faults end it, and of those
            // not the one that the next request may not meet.
            (
                None,
                NotSent::Send(SendError::Failure(
                    failure @ (OtpFailure::Database(_) | OtpFailure::Entropy(_)),
                )),
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
        let mut answer = Self::unsent(user, number, ticket);
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

    /// Of somebody whose app shows the code. A text goes out where it is asked for.
    fn by_app(user: &User, number: Option<&PhoneNumber>, ticket: &OpaqueToken) -> Self {
        let mut answer = Self::unsent(user, number, ticket);
        answer.methods.insert(0, "totp");
        answer.message = "Enter the code that your authenticator app shows.";
        answer
    }

    fn unsent(user: &User, number: Option<&PhoneNumber>, ticket: &OpaqueToken) -> Self {
        Self {
            message: "Enter the code that was sent to your phone.",
            user_id: user.id,
            requires_otp: true,
            methods: number.map(|_| "sms").into_iter().collect(),
            login_ticket: ticket.expose().to_owned(),
            destination: number.map(PhoneNumber::masked),
            channel: None,
            expires_at: None,
            resend_after: None,
            otp_error: None,
        }
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
