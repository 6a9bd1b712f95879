//! The answer of a finished login, and the session behind it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use tracing::info;
use utoipa::ToSchema;

use crate::api::trail;
use crate::audit::Event;
use crate::foundation::{SessionId, UserId};
use crate::http::{Client, Problem};
use crate::sessions::{IssuedRefresh, Method, Origin, Session};
use crate::state::App;
use crate::tokens::Grant;
use crate::users::{self, User};

use super::refresh_token::{RefreshTokenIn, WithCookie};

/// NIST SP 800-63B-4, 3.2.9, and OWASP ASVS 5.0, 6.6.1: who offers codes by phone tells of their risk.
const ADVICE: &str = "Texts and calls can be intercepted or redirected, for instance by who takes over your number. \
    An authenticator app is safer: set one up in your account.";

/// Nothing more is to be proven.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct SignedIn {
    /// Words for a person.
    #[schema(example = "Logged in.")]
    message: &'static str,
    user_id: UserId,
    /// Always `false` here.
    #[schema(example = false)]
    requires_otp: bool,
    /// The access token: a JWT of type `at+jwt` (RFC 9068).
    token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// For how many seconds the token is good.
    #[schema(example = 900)]
    expires_in: i64,
    /// For `refresh`, once. Not there with `refreshTokenIn` `cookie`.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// For how many seconds the refresh token is good.
    #[schema(example = 1_209_600)]
    refresh_expires_in: u64,
    /// After a right code: to be kept on the device and sent with its next login. Wrong passwords from
    /// elsewhere do not slow a device that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<String>,
    /// After a code by phone: words for the person on what texts and calls risk, and what there is instead.
    #[schema(example = "Texts and calls can be intercepted. An authenticator app is safer.")]
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
    /// The account was about to be deleted, and is kept because of this login.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    account_restored: bool,
}

impl SignedIn {
    /// … by which an account that was about to be deleted is kept.
    pub(super) fn restored(self, is_restored: bool) -> Self {
        let message =
            if is_restored { "Logged in. Your account will not be deleted." } else { self.message };
        Self { account_restored: is_restored, message, ..self }
    }
}

/// Keeps the account of `user`, if it is about to be deleted: whoever logs in has thought again.
/// Whether it was.
pub(super) async fn restore(
    app: &App,
    connection: &mut PgConnection,
    client: &Client,
    user: &User,
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    if user.erase_after.is_none() || !users::restore(&mut *connection, user.id, now).await? {
        return Ok(false);
    }
    trail::record(app, connection, client, user.id, Event::DeletionCancelled {}, now).await?;
    tell_restored(user);
    Ok(true)
}

/// Where the person is told.
fn tell_restored(user: &User) {
    info!(user_id = %user.id, "an account that was about to be deleted is kept: its person logged in");
}

/// A session that has just begun, and what continues it.
pub(super) struct Opened {
    session: Session,
    refresh: IssuedRefresh,
}

/// Opens a session for `user`, who has been authenticated by `methods`.
pub(super) async fn open_session(
    app: &App,
    connection: &mut PgConnection,
    client: &Client,
    user: &User,
    methods: Vec<Method>,
    now: DateTime<Utc>,
) -> Result<Opened, Problem> {
    let id = SessionId::new(now, &app.entropy).map_err(Problem::internal)?;
    let session = Session { id, user: user.id, methods, authenticated_at: now };
    let origin =
        Origin { user_agent: client.user_agent.as_deref(), address: client.address.limited() };
    let refresh = app.sessions.open(&mut *connection, &session, origin).await?;
    let methods = session.methods.iter().map(|method| method.as_str()).collect();
    let event = Event::LoginSucceeded { session: id, methods };
    trail::record(app, connection, client, user.id, event, now).await?;
    Ok(Opened { session, refresh })
}

/// The answer that carries the tokens of the session.
pub(super) fn answer(
    app: &App,
    user: &User,
    opened: &Opened,
    refresh_token_in: RefreshTokenIn,
    device_token: Option<String>,
    message: &'static str,
    now: DateTime<Utc>,
) -> Result<WithCookie<SignedIn>, Problem> {
    let Opened { session, refresh } = opened;
    let grant = Grant {
        user: user.id,
        session: session.id,
        email: user.email.clone(),
        is_verified: user.is_verified,
        roles: user.roles.clone(),
        amr: session.amr(),
        authenticated_at: session.authenticated_at,
    };
    let issued = app.tokens.issue(grant, now).map_err(Problem::internal)?;
    let mut handed = refresh_token_in.hand(refresh, now);
    let answer = SignedIn {
        message,
        user_id: user.id,
        requires_otp: false,
        token: issued.token,
        token_type: "Bearer",
        expires_in: issued.expires_in,
        refresh_token: handed.text.take(),
        refresh_expires_in: handed.expires_in,
        device_token,
        advice: session.is_by_phone().then_some(ADVICE),
        account_restored: false,
    };
    Ok(handed.with(answer))
}
