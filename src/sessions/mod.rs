//! Sign-ins: what access tokens refer to in `sid`, and what a refresh token continues.
//!
//! Owns the table `sessions`. A session begins with a sign-in, is continued by its refresh token, and
//! ends by its user's will, by somebody else's, or by its limits. Knows access tokens only by their ids.

mod device;
mod ending;
mod export;
mod listener;
mod overview;
mod refresh;
mod refresh_token;
mod revocations;
mod store;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgExecutor, PgPool};

use crate::database::violates;
use crate::foundation::{Entropy, EntropyError, Keyring, Limited, Metric, SessionId, UserId};

pub use device::device_name;
pub use ending::{CHANNEL, EndReason, Which, end, is_open};
pub use export::{Exported, export};
pub use overview::{Overview, of_user};
pub use refresh::{Described, RefreshError, Refreshed};
pub use refresh_token::RefreshText;
pub use revocations::Revocations;
pub use store::{Listed, first_tokens, kept_under};

use refresh_token::RefreshToken;
use store::{Beginning, Since};

/// How many sessions a list has at most: nobody reads more.
const LIST_MAX: i64 = 200;
/// How long a session is kept after its absolute limit, for questions about it.
const KEPT_FOR: TimeDelta = TimeDelta::days(30);

/// A way in which somebody was authenticated, by the names of RFC 8176 where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The password.
    Password,
    /// A one-time code.
    OneTimeCode,
    /// … that came as a text message.
    Sms,
    /// … that was spoken in a call.
    Call,
}

impl Method {
    /// As it stands in the claim `amr`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::OneTimeCode => "otp",
            Self::Sms => "sms",
            Self::Call => "tel",
        }
    }
}

/// A successful sign-in.
#[derive(Clone, Debug)]
pub struct Session {
    /// The claim `sid`.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// How.
    pub methods: Vec<Method>,
    /// When: the claim `auth_time`.
    pub authenticated_at: DateTime<Utc>,
}

impl Session {
    /// Whether a code came by text or call.
    pub fn is_by_phone(&self) -> bool {
        self.methods.iter().any(|method| matches!(method, Method::Sms | Method::Call))
    }

    /// The claim `amr`.
    pub fn amr(&self) -> Vec<String> {
        self.methods.iter().map(|method| method.as_str().to_owned()).collect()
    }
}

/// From where a session began, for the list that its user sees.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// `User-Agent`, at most 256 characters.
    pub user_agent: Option<&'a str>,
    /// The address.
    pub address: Limited,
}

/// How long sessions and their access tokens live.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// `SESSION_ABSOLUTE_TTL`: from the sign-in, whatever happens.
    pub absolute: TimeDelta,
    /// `SESSION_IDLE_TTL`: from the last refresh.
    pub idle: TimeDelta,
    /// `JWT_EXPIRES_IN`: how long an access token can outlive its session's end.
    pub access_token: TimeDelta,
}

/// A refresh token for the client.
#[derive(Clone, Debug)]
pub struct IssuedRefresh {
    /// The token.
    pub text: RefreshText,
    /// Until when it can be used, unless the session ends.
    pub expires_at: DateTime<Utc>,
}

/// A session could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database failed.
    #[error("the session cannot be written")]
    Database(#[from] sqlx::Error),
    /// No secret could be drawn.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The user has been deleted meanwhile.
    #[error("the session is nobody's")]
    NoSuchUser,
}

/// Begins sessions, continues them, and knows which have ended.
#[derive(Debug)]
pub struct Sessions {
    rules: Rules,
    keyring: Arc<Keyring>,
    entropy: Entropy,
    revocations: Revocations,
}

impl Sessions {
    /// Sessions by these rules. None has ended yet as far as this one knows.
    pub fn new(rules: Rules, keyring: Arc<Keyring>, entropy: Entropy) -> Self {
        Self { rules, keyring, entropy, revocations: Revocations::new(rules.access_token) }
    }

    /// Opens the session. Its refresh token is told once, here.
    pub async fn open(
        &self,
        executor: impl PgExecutor<'_>,
        session: &Session,
        origin: Origin<'_>,
    ) -> Result<IssuedRefresh, OpenError> {
        let token = RefreshToken::first(session.id, &self.entropy)?;
        let expires_at = session.authenticated_at + self.rules.absolute;
        let beginning = Beginning {
            user_agent: origin.user_agent,
            address: origin.address,
            expires_at,
            refresh_hash: token.hash(),
        };
        store::insert(executor, session, &beginning).await.map_err(|error| {
            let is_gone = violates(&error, "sessions_user_id_fkey");
            if is_gone { OpenError::NoSuchUser } else { error.into() }
        })?;
        Metric::SessionsOpened.add(&[&session.amr().join("+")]);
        Ok(IssuedRefresh {
            text: token.text(&self.keyring),
            expires_at: expires_at.min(session.authenticated_at + self.rules.idle),
        })
    }

    /// The sessions of `user` that live, at most 200, the one seen last first.
    pub async fn list(
        &self,
        executor: impl PgExecutor<'_>,
        user: UserId,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Vec<Listed>> {
        let since = Since { seen: now - self.rules.idle, begun: now - self.rules.access_token };
        store::list(executor, user, &since, now, LIST_MAX).await
    }

    /// Which sessions have ended.
    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// Deletes the sessions whose absolute limit is long past. Returns their number.
    pub async fn delete_expired(&self, database: &PgPool, now: DateTime<Utc>) -> sqlx::Result<u64> {
        // No access token may outlive the row by which it is known to be of a session that ended.
        let expired = now - KEPT_FOR - self.rules.access_token;
        let first = SessionId::first_of(expired - self.rules.absolute);
        store::delete_before(database, first, expired).await
    }
}

/// Whether `user` has signed in, or gone on with a session, after `since`. Does the same work where there
/// is no user.
pub async fn is_active_since(
    executor: impl PgExecutor<'_>,
    user: Option<UserId>,
    since: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT FROM sessions
            WHERE user_id = $1 AND GREATEST(authenticated_at, last_seen_at) > $2
        ) AS "is_active!"
        "#,
        user as _,
        since,
    )
    .fetch_one(executor)
    .await
}
