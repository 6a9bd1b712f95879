//! `POST /api/v1/auth/password/forgot`: a code by which a new password can be set.
//!
//! Answers everybody alike, and after the same work: who asks proves nothing, so they learn nothing.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use tracing::{error, info};
use utoipa::ToSchema;

use crate::api::limits;
use crate::api::trail;
use crate::api::unattended::without_an_answer;
use crate::api::v1::auth::code::NotSent;
use crate::api::v1::auth::{code, input};
use crate::api::v1::proof;
use crate::audit::Event;
use crate::foundation::OpaqueToken;
use crate::http::{Client, Fields, Kind, Problem};
use crate::otp::{AppHash, Purpose, SendError};
use crate::phone_changes;
use crate::proofs;
use crate::rate_limits::Action;
use crate::reset_tickets;
use crate::sessions;
use crate::state::{App, AppState};
use crate::users::{self, Identifier, User};

/// The problems of this endpoint, beside those of every endpoint: the same, whoever is asked for.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::ChallengeRequired, Kind::ChallengeUnavailable];

/// After so long without a sign-in a number alone is not enough to ask for a code: it may be somebody
/// else's by now. No carrier in the United States gives a number out again sooner (47 CFR 52.15(f)).
const QUIET_AFTER: TimeDelta = TimeDelta::days(45);

/// Whose password was forgotten.
struct Forgot {
    identifier: Identifier,
    app_hash: Option<AppHash>,
}

/// Whose password was forgotten: `email` or `phoneNumber`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct ForgotPasswordBody {
    #[schema(format = "email", max_length = 254, example = "ada@example.com")]
    email: Option<String>,
    phone_number: Option<String>,
    /// Of the Android app that waits for the text, so that the text can be read by it: one of
    /// `ANDROID_APP_HASHES`.
    #[schema(pattern = "^[A-Za-z0-9+/]{11}$", example = "FA+9qCX9VSu")]
    app_hash: Option<String>,
}

/// The same for everybody. Whether a code is on its way is known to whoever has the phone.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct ResetRequested {
    /// Words for a person.
    #[schema(example = "If there is such an account, a code is on its way to its verified phone.")]
    message: &'static str,
    /// For `password/reset`, with the code.
    reset_ticket: String,
    /// Until when the ticket is good.
    reset_ticket_expires_at: DateTime<Utc>,
    /// From when on asking again may bring another code.
    resend_after: DateTime<Utc>,
}

impl Forgot {
    fn read(app: &App, mut fields: Fields) -> Result<Self, Problem> {
        let identifier = input::identifier(app, &mut fields);
        let app_hash = input::app_hash(app, &mut fields);
        fields.finish(identifier.map(|identifier| Self { identifier, app_hash }))
    }
}

/// Ask for a new password
///
/// A code goes to the account's verified phone, if there is such an account, within the limits on
/// texts, not for 72 hours after a change of the number, by `phoneNumber` only where somebody has signed in
/// within 45 days, and at most three times an hour and five times a day. The answer is always the same.
#[utoipa::path(post, path = "/api/v1/auth/password/forgot", tag = "auth",
    operation_id = "forgotPassword",
    request_body(content = ForgotPasswordBody, example = json!({"email": "ada@example.com"})),
    responses((status = 202, description = "Taken.", body = ResetRequested)))]
pub(in crate::api) async fn forgot(
    State(app): State<AppState>,
    client: Client,
    fields: Fields,
) -> Result<(StatusCode, Json<ResetRequested>), Problem> {
    let Forgot { identifier, app_hash } = Forgot::read(&app, fields)?;
    limits::take_at(&app, Action::ForgotPassword, client.address.limited(), []).await?;
    proof::require_of_everybody(&app, &client, proofs::Action::ForgotPassword).await?;
    let now = app.clock.now();
    let user = users::find_by_identifier(&app.database, &identifier).await?;
    // A number that nobody has proven may be anybody's.
    let user = user.filter(|user| user.is_verified && !user.is_gone(now));
    let is_trusted = is_number_trusted(&app, &identifier, user.as_ref(), now).await?;
    let user = user.filter(|_| is_trusted);
    let ticket = OpaqueToken::generate(&app.entropy).map_err(Problem::internal)?;
    let (id, address) = (user.as_ref().map(|user| user.id), client.address.limited());
    reset_tickets::issue(&app.database, &ticket, id, address, now).await?;
    let event = Event::PasswordResetRequested {};
    trail::record_alone(&app, &client, id, event).await?;
    let answer = ResetRequested {
        message: "If there is such an account, a code is on its way to its verified phone.",
        reset_ticket: ticket.expose().to_owned(),
        reset_ticket_expires_at: now + reset_tickets::LIFETIME,
        resend_after: now + app.otp.rules().resend_wait,
    };
    without_an_answer(async move {
        if let Some(user) = user {
            send(&app, &client, &user, app_hash).await;
        }
    });
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// Whether the number may set a password by itself. The same two statements for everybody.
///
/// One that has just taken the place of another may be that of whoever made the change: not for as long as
/// the owner can undo it. One of an account that has been quiet may have been given to somebody else: that
/// one does not know the e-mail address, so it must be named.
async fn is_number_trusted(
    app: &App,
    identifier: &Identifier,
    user: Option<&User>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let user = user.map(|user| user.id);
    let is_recent = phone_changes::is_recent(&app.database, user, now).await?;
    let since = now - QUIET_AFTER;
    let is_active = sessions::is_active_since(&app.database, user, since).await?;
    Ok(!is_recent && (is_active || matches!(identifier, Identifier::Email(_))))
}

/// Sends the code. Why none was sent is for the log alone.
async fn send(app: &App, client: &Client, user: &User, app_hash: Option<AppHash>) {
    let user_id = user.id;
    match try_to_send(app, client, user, app_hash).await {
        Ok(()) => info!(%user_id, "a code for a new password was sent"),
        Err(NotSent::Send(SendError::Failure(cause))) => {
            let cause = &cause as &dyn std::error::Error;
            error!(%user_id, cause, "a code for a new password could not be sent");
        }
        Err(reason) => info!(%user_id, %reason, "no code for a new password was sent"),
    }
}

async fn try_to_send(
    app: &App,
    client: &Client,
    user: &User,
    app_hash: Option<AppHash>,
) -> Result<(), NotSent> {
    let purpose = Purpose::PasswordReset;
    let outgoing = code::outgoing(app, client, user, purpose, None, app_hash);
    let outgoing = outgoing.map_err(SendError::from)?;
    code::send_to(app, client, proofs::Action::ForgotPassword, outgoing).await?;
    Ok(())
}
