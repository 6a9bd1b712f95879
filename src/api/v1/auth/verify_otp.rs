//! `POST /api/v1/auth/verify-otp`: the code; the right one verifies the phone and gives a token.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::api::limits;
use crate::api::trail;
use crate::api::unattended::to_the_end;
use crate::api::v1::account;
use crate::audit::Event;
use crate::emails::Occasion;
use crate::foundation::OpaqueToken;
use crate::http::{Client, FieldError, Fields, Kind, Problem, note_user};
use crate::known_devices;
use crate::login_tickets::{self, PendingLogin};
use crate::otp::{Channel, Ending, Guess, GuessError, Judgement, OtpCode, Purpose};
use crate::rate_limits::Action;
use crate::sessions::{Method, device_name};
use crate::state::{App, AppState, OtpPolicy};
use crate::totp::TotpCode;
use crate::users::{self, User};

use super::claim::{self, Proof};
use super::code::note_entered;
use super::input;
use super::pending::Reference;
use super::refresh_token::{RefreshTokenIn, WithCookie};
use super::signed_in::{self, Opened, SignedIn};
use super::verify_totp;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[
    Kind::OtpInvalid,
    Kind::OtpNewCodeRequired,
    Kind::LoginTicketInvalid,
    Kind::OriginNotAllowed,
    Kind::UserNotFound,
    Kind::PhoneTaken,
    Kind::AccountLocked,
    Kind::OtpGuessesExhausted,
    Kind::OtpRefused,
    Kind::ProviderFailed,
    Kind::ProviderUnavailable,
    Kind::StoreUnavailable,
    Kind::OtpDeliveryUnknown,
];

/// A code, and the login it is for.
struct VerifyOtp {
    reference: Reference,
    code: Entered,
    refresh_token_in: RefreshTokenIn,
    device: Option<OpaqueToken>,
}

/// A code, and who judges it.
enum Entered {
    /// It came to the phone.
    Sent(OtpCode),
    /// An authenticator app has shown it.
    App(TotpCode),
}

/// A code, and the login it is for: `loginTicket`, or `email` or `phoneNumber`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct VerifyOtpBody {
    /// What `register` or `login` answered.
    login_ticket: Option<String>,
    /// Only for a login from the same address.
    #[schema(format = "email", max_length = 254, example = "ada@example.com")]
    email: Option<String>,
    /// Only for a login from the same address.
    phone_number: Option<String>,
    /// 4 to 10 digits; blanks and dashes between them are ignored.
    #[schema(example = "123456", min_length = 4, max_length = 32)]
    otp_code: Option<String>,
    /// In its place, and with a `loginTicket` only: what the authenticator app shows, 6 digits.
    #[schema(example = "123456", min_length = 6, max_length = 32)]
    totp_code: Option<String>,
    /// `body` (default), or `cookie`: then the refresh token comes in a cookie that no script can read,
    /// for pages of `BASE_URL` and `FRONTEND_URL`.
    #[schema(pattern = "^(body|cookie)$", example = "body")]
    refresh_token_in: Option<String>,
    /// What an earlier code has given this device, if it has it still: it stays that.
    device_token: Option<String>,
}

impl VerifyOtp {
    fn read(app: &App, mut fields: Fields) -> Result<Self, Problem> {
        let reference = Reference::read(app, &mut fields);
        let code = Self::read_code(&mut fields, reference.as_ref());
        let refresh_token_in = RefreshTokenIn::read(&mut fields);
        let device = input::opaque_token(&mut fields, "deviceToken");
        let request = reference.zip(code);
        let request =
            request.map(|(reference, code)| Self { reference, code, refresh_token_in, device });
        fields.finish(request)
    }

    fn read_code(fields: &mut Fields, reference: Option<&Reference>) -> Option<Entered> {
        const NAME: &str = "totpCode";
        if !fields.has(NAME) {
            fields.text(NAME);
            let code = fields.required("otpCode", "otp_code_invalid", OtpCode::parse);
            return code.map(Entered::Sent);
        }
        if fields.has("otpCode") {
            fields.text("otpCode");
            let message = "Send the code of the text or that of the app, not both.";
            fields.error(FieldError::new(NAME, "ambiguous", message));
        }
        // An address is shared with others.
        if matches!(reference, Some(Reference::Identifier(_))) {
            let message = "A code of an app counts with the ticket of the login only.";
            fields.error(FieldError::new(NAME, "ticket_required", message));
        }
        fields.required(NAME, "totp_code_invalid", TotpCode::parse).map(Entered::App)
    }
}

/// Enter the code
///
/// The right one verifies the phone, ends the login and gives the token, all or
/// nothing, once.
#[utoipa::path(post, path = "/api/v1/auth/verify-otp", tag = "auth", operation_id = "verifyOtp",
    request_body(content = VerifyOtpBody,
        example = json!({"loginTicket": "the ticket of the login", "otpCode": "123456"})),
    responses((status = 200, description = "The code was right.", body = SignedIn)))]
pub(in crate::api) async fn verify_otp(
    State(app): State<AppState>,
    client: Client,
    headers: HeaderMap,
    fields: Fields,
) -> Result<WithCookie<Json<SignedIn>>, Problem> {
    let request = VerifyOtp::read(&app, fields)?;
    request.refresh_token_in.require_own_page(&app, &headers)?;
    limits::take_at(&app, Action::VerifyCode, client.address.limited(), []).await?;
    let has_ticket = matches!(request.reference, Reference::Ticket(_));
    let login = match request.reference.find(&app, &client, app.clock.now(), invalid()).await {
        Ok(login) => login,
        Err(problem) => {
            let why = (Purpose::Login, "no_login");
            return Err(trail::refuse_code(&app, &client, None, why, problem).await);
        }
    };
    note_user(&login.user);

    let VerifyOtp { code, refresh_token_in: into, device, .. } = request;
    let finish = async move {
        let answer = match code {
            Entered::Sent(code) => {
                let client = client.clone();
                let attempt = Attempt { login, client, code, into, device, has_ticket };
                judge(&app, &attempt).await?
            }
            Entered::App(code) => {
                let (login, client, code, device) = (&login, &client, &code, device.as_ref());
                let attempt = verify_totp::Attempt { login, client, code, into, device };
                verify_totp::judge(&app, &attempt).await?
            }
        };
        super::end_brought(&app, &client, &headers).await;
        Ok::<_, Problem>(answer)
    };
    let answer = to_the_end(finish).await?;
    Ok(answer.map(Json))
}

/// A code that is to be judged for a login.
struct Attempt {
    login: PendingLogin,
    client: Client,
    code: OtpCode,
    into: RefreshTokenIn,
    device: Option<OpaqueToken>,
    has_ticket: bool,
}

/// Has the guess judged and, where it is right, finishes the login. Not to be broken off: a provider
/// says "right" only once.
///
/// Without the ticket every code that is not right, even for a code that is used up, is answered like
/// one for an unknown user: who shares an address with somebody who is logging in must not learn of it.
async fn judge(app: &App, attempt: &Attempt) -> Result<WithCookie<SignedIn>, Problem> {
    let Attempt { login, client, code, has_ticket, .. } = attempt;
    let has_ticket = *has_ticket;
    let refuse = async |why: &'static str, problem: Problem| {
        let (user, why) = (Some(login.user), (Purpose::Login, why));
        trail::refuse_code(app, client, user, why, problem).await
    };
    let unjudged = async |error: GuessError| {
        let why = trail::why_not_judged(&error);
        let problem = match error {
            GuessError::NoLiveCode if !has_ticket => invalid(),
            error => Problem::from_guess(app, error),
        };
        refuse(why, problem).await
    };
    let guess = match app.otp.take_guess(&app.database, login.user, Purpose::Login).await {
        Ok(guess) => guess,
        Err(error) => return Err(unjudged(error).await),
    };
    match app.otp.judge(&app.database, &guess, code).await {
        Ok(Judgement::Right) => {}
        Ok(Judgement::Wrong) => return Err(refuse("wrong", wrong(&guess, has_ticket)).await),
        Ok(Judgement::Over(_)) if !has_ticket => return Err(refuse("over", invalid()).await),
        Ok(Judgement::Over(ending)) => return Err(refuse("over", over(ending)).await),
        Err(error) => return Err(unjudged(error).await),
    }
    let now = app.clock.now();
    let finished = finish(app, attempt, &guess, now).await;
    if finished.as_ref().is_err_and(|problem| problem.kind() == Kind::PhoneTaken) {
        // Nothing has come of the code, which was right: it must not count as a wrong one.
        app.otp.give_back(&app.database, &guess).await?;
    }
    if finished.as_ref().is_err_and(|problem| problem.kind() == Kind::AccountLocked) {
        let event = Event::LoginFailed { reason: Kind::AccountLocked.entry().code };
        trail::record_alone(app, client, Some(login.user), event).await?;
    }
    let finished = finished?;
    note_entered(app, &guess.number).await;
    let Finished { user, opened, device, is_restored } = match finished {
        Outcome::LoggedIn(finished) => *finished,
        Outcome::Held { release_at } => return Err(held(release_at)),
    };
    let device = Some(device.expose().to_owned());
    let message = "Phone verified. Logged in.";
    let answer = signed_in::answer(app, &user, &opened, attempt.into, device, message, now)?;
    Ok(answer.map(|answer| answer.restored(is_restored)))
}

/// What has come of a right code.
enum Outcome {
    LoggedIn(Box<Finished>),
    /// The number is somebody else's until then.
    Held {
        release_at: DateTime<Utc>,
    },
}

struct Finished {
    user: User,
    opened: Opened,
    device: OpaqueToken,
    is_restored: bool,
}

/// All or nothing: the code and the ticket are used up, the phone is verified, the session is open.
async fn finish(
    app: &App,
    attempt: &Attempt,
    guess: &Guess,
    now: DateTime<Utc>,
) -> Result<Outcome, Problem> {
    let Attempt { login, client, .. } = attempt;
    let mut transaction = app.database.begin().await?;
    if !app.otp.consume(&mut transaction, guess).await? {
        return Err(over(Ending::Superseded));
    }
    if !login_tickets::consume(&mut transaction, login, now).await? {
        return Err(Problem::new(Kind::LoginTicketInvalid));
    }
    let event = Event::CodeRight { purpose: Purpose::Login.as_str() };
    trail::record(app, &mut transaction, client, login.user, event, now).await?;
    let before = users::find(&mut *transaction, login.user).await?;
    let claimant = (client, login.user);
    let user = match claim::prove(app, &mut transaction, claimant, &guess.number, now).await? {
        Proof::Theirs(user) => *user,
        Proof::Held { release_at } => {
            if !app.otp.commit_consumed(transaction, guess).await? {
                return Err(over(Ending::Superseded));
            }
            return Ok(Outcome::Held { release_at });
        }
    };
    if user.is_gone(now) {
        return Err(Problem::new(Kind::LoginTicketInvalid));
    }
    // The row is ours until the commit: whoever locks the account next finds the session and ends it.
    if user.locked_at.is_some() {
        return Err(Problem::new(Kind::AccountLocked));
    }
    if before.is_some_and(|before| !before.is_verified) {
        trail::record(app, &mut transaction, client, user.id, Event::PhoneVerified {}, now).await?;
    }
    let is_restored = signed_in::restore(app, &mut transaction, client, &user, now).await?;
    let methods = vec![Method::Password, Method::OneTimeCode, method_of(guess.channel)];
    let opened =
        signed_in::open_session(app, &mut transaction, client, &user, methods, now).await?;
    let device = (client, attempt.device.as_ref());
    let device = remember_device(app, &mut transaction, device, &user, now).await?;
    if !app.otp.commit_consumed(transaction, guess).await? {
        return Err(over(Ending::Superseded));
    }
    let finished = Finished { user, opened, device, is_restored };
    Ok(Outcome::LoggedIn(Box::new(finished)))
}

/// Makes the device known, unless it is. What it keeps from then on.
pub(super) async fn remember_device(
    app: &App,
    connection: &mut PgConnection,
    (client, device): (&Client, Option<&OpaqueToken>),
    user: &User,
    now: DateTime<Utc>,
) -> Result<OpaqueToken, Problem> {
    if let Some(token) = device
        && known_devices::is_known(&mut *connection, token, Some(user.id), now).await?
    {
        return Ok(token.clone());
    }
    let token = OpaqueToken::generate(&app.entropy).map_err(Problem::internal)?;
    // Only where each device is asked for a code is another one news, and the first of all never is.
    let is_news = app.login.otp_policy == OtpPolicy::NewDevice
        && known_devices::any(&mut *connection, user.id, now).await?;
    if is_news {
        let device = device_name(client.user_agent.as_deref());
        let occasion = Occasion::NewDevice { at: now, device };
        account::tell(app, connection, user, occasion, now).await?;
    }
    known_devices::remember(connection, &token, user.id, now).await?;
    Ok(token)
}

/// What is told of a right code on a number that somebody else can keep for some time yet.
fn held(release_at: DateTime<Utc>) -> Problem {
    let detail = "Another account has this number. Its owner is told, and has time to keep it.";
    Problem::new(Kind::PhoneTaken).detail(detail).with("releaseAt", release_at.to_rfc3339())
}

fn method_of(channel: Channel) -> Method {
    match channel {
        Channel::Sms => Method::Sms,
        Channel::Call => Method::Call,
    }
}

/// What is told of a wrong code.
pub(in crate::api::v1) fn wrong(guess: &Guess, has_ticket: bool) -> Problem {
    match guess.attempts_left {
        _ if !has_ticket => invalid(),
        0 => over(Ending::Burnt),
        left => invalid()
            .with("attemptsLeft", left)
            .with("codeExpiresAt", guess.expires_at.to_rfc3339()),
    }
}

fn invalid() -> Problem {
    Problem::new(Kind::OtpInvalid).detail("Invalid or expired OTP code.")
}

/// What is told of a code that takes no more guesses.
pub(in crate::api::v1) fn over(ending: Ending) -> Problem {
    let new_code = |detail: &'static str| {
        Problem::new(Kind::OtpNewCodeRequired).detail(detail).with("attemptsLeft", 0)
    };
    match ending {
        Ending::Burnt => new_code("Invalid or expired OTP code. Request a new code."),
        Ending::Expired => {
            new_code("Invalid or expired OTP code: its time is over. Request a new code.")
        }
        Ending::Superseded => {
            new_code("Invalid or expired OTP code: a newer one has taken its place or it was used.")
        }
        Ending::Failed => {
            new_code("Invalid or expired OTP code: it could not be delivered. Request a new code.")
        }
        Ending::Denied => Problem::new(Kind::OtpRefused),
    }
}
