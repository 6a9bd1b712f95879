//! Exchanging a refresh token for the next one (RFC 9700, 4.14.2): once each, and the same answer
//! again for whoever repeats the last exchange because its answer got lost.
//!
//! One statement decides. A token that is older than the last exchange is a copy in other hands, or
//! the owner's after the thief was faster; which of them it is nobody can tell, so the session ends.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tracing::warn;

use crate::foundation::{EntropyError, Metric, SessionId, TokenId, UserId};

use super::refresh_token::{RefreshText, RefreshToken};
use super::store::{self, Rotation, Unended};
use super::{EndReason, IssuedRefresh, Sessions, Which, ending};

/// For how long a repeated exchange is answered with the same access token, too.
const SAME_ACCESS_TOKEN_FOR: TimeDelta = TimeDelta::seconds(60);

/// A session that goes on.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// The claim `sid`.
    pub session: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The claim `amr`.
    pub amr: Vec<String>,
    /// The claim `auth_time`.
    pub authenticated_at: DateTime<Utc>,
    /// The next refresh token.
    pub refresh: IssuedRefresh,
    /// The claim `jti` of the access token to be issued.
    pub token_id: TokenId,
    /// The claim `iat` of the access token to be issued.
    pub issued_at: DateTime<Utc>,
}

/// Why a session does not go on.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Not a token of ours.
    #[error("not a refresh token of ours")]
    Foreign,
    /// The session is not there, has ended or has run out.
    #[error("the session has ended or run out")]
    Over,
    /// The token was used up; the session has been ended because of it.
    #[error("the refresh token was used up")]
    Reused {
        /// Whose it was.
        user: UserId,
        /// Which session was ended.
        session: SessionId,
    },
    /// No id could be drawn.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The database failed.
    #[error("the session cannot be read or written")]
    Database(#[from] sqlx::Error),
}

/// What a refresh token is good for that was not exchanged just now.
enum Standing {
    /// It is the parent of the present one: the exchange is repeated.
    Parent,
    /// It is the present one.
    Present,
    /// It is older.
    UsedUp,
    /// Nothing is left to continue.
    Over,
}

/// A live session, as its refresh token names it: for introspection.
#[derive(Clone, Debug)]
pub struct Described {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub user: UserId,
    /// When its user was authenticated.
    pub authenticated_at: DateTime<Utc>,
    /// Until when the token can be used.
    pub expires_at: DateTime<Utc>,
}

impl Sessions {
    /// The session that the token `text` names, where the token is ours. Asks no database, so nothing says
    /// that the session lives.
    pub fn named_by(&self, text: &str) -> Option<SessionId> {
        RefreshToken::read(text, &self.keyring).map(|token| token.session)
    }

    /// Exchanges the token `text` for the next one.
    pub async fn refresh(
        &self,
        database: &PgPool,
        text: &str,
        now: DateTime<Utc>,
    ) -> Result<Refreshed, RefreshError> {
        let refreshed = self.exchange(database, text, now).await;
        let outcome = match &refreshed {
            Ok((_, is_repeated)) if *is_repeated => "repeated",
            Ok(_) => "exchanged",
            Err(RefreshError::Foreign) => "foreign",
            Err(RefreshError::Over) => "over",
            Err(RefreshError::Reused { .. }) => "reused",
            Err(RefreshError::Entropy(_) | RefreshError::Database(_)) => "failed",
        };
        Metric::Refreshes.add(&[outcome]);
        refreshed.map(|(refreshed, _)| refreshed)
    }

    /// The exchange, and whether it repeats the one before.
    async fn exchange(
        &self,
        database: &PgPool,
        text: &str,
        now: DateTime<Utc>,
    ) -> Result<(Refreshed, bool), RefreshError> {
        let token = RefreshToken::read(text, &self.keyring).ok_or(RefreshError::Foreign)?;
        let key_id = self.keyring.current_id();
        let child = token.child(&self.keyring, key_id).ok_or(RefreshError::Over)?;
        let rotation = Rotation {
            session: token.session,
            generation: token.generation,
            hash: token.hash(),
            child_hash: child.hash(),
            key_id,
            token_id: TokenId::new(now, &self.entropy)?,
            idle_since: now - self.rules.idle,
            now,
        };
        let Some(rotated) = store::rotate(database, &rotation).await? else {
            let repeated = self.repeat(database, &token, rotation.token_id, now).await?;
            return Ok((repeated, true));
        };
        let refreshed = Refreshed {
            session: token.session,
            user: rotated.user,
            amr: rotated.amr,
            authenticated_at: rotated.authenticated_at,
            refresh: self.issued(&child, rotated.expires_at, now),
            token_id: rotation.token_id,
            issued_at: now,
        };
        Ok((refreshed, false))
    }

    /// The answer to a token that is not the present one: that of the last exchange, where the token
    /// is the one that was exchanged; the end of the session, where it is older.
    async fn repeat(
        &self,
        database: &PgPool,
        token: &RefreshToken,
        new_id: TokenId,
        now: DateTime<Utc>,
    ) -> Result<Refreshed, RefreshError> {
        let row = store::find_unended(database, token.session).await?;
        let row = row.ok_or(RefreshError::Over)?;
        match self.standing(&row, token, now) {
            Standing::Parent => {}
            Standing::UsedUp => {
                return Err(self.end_reused(database, token, row.user, now).await?);
            }
            Standing::Present | Standing::Over => return Err(RefreshError::Over),
        }
        let child = row.key_id.as_ref().and_then(|key| token.child(&self.keyring, key));
        // The key that it was derived under is gone: nothing can be told again.
        let child = child.ok_or(RefreshError::Over)?;
        let same = row.rotated_token_id.zip(row.rotated_at);
        let same = same.filter(|(_, rotated_at)| now - *rotated_at < SAME_ACCESS_TOKEN_FOR);
        let (token_id, issued_at) = same.unwrap_or((new_id, now));
        Ok(Refreshed {
            session: token.session,
            user: row.user,
            refresh: self.issued(&child, row.expires_at, row.last_seen_at),
            amr: row.amr,
            authenticated_at: row.authenticated_at,
            token_id,
            issued_at,
        })
    }

    /// The session that the token `text` continues, if it is the present one or the one before, whose
    /// exchange can be repeated. Changes nothing.
    pub async fn describe(
        &self,
        database: &PgPool,
        text: &str,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Option<Described>> {
        let Some(token) = RefreshToken::read(text, &self.keyring) else { return Ok(None) };
        let Some(row) = store::find_unended(database, token.session).await? else {
            return Ok(None);
        };
        Ok(match self.standing(&row, &token, now) {
            Standing::Present | Standing::Parent => Some(Described {
                session: token.session,
                user: row.user,
                authenticated_at: row.authenticated_at,
                expires_at: self.usable_until(row.expires_at, row.last_seen_at),
            }),
            Standing::UsedUp | Standing::Over => None,
        })
    }

    /// The session that the token `text` was issued for, however old the token is, and its user. For
    /// ending it, which whoever has a copy of a token may.
    pub async fn find_owner(
        &self,
        database: &PgPool,
        text: &str,
    ) -> sqlx::Result<Option<(SessionId, UserId)>> {
        let Some(token) = RefreshToken::read(text, &self.keyring) else { return Ok(None) };
        let row = store::find_unended(database, token.session).await?;
        Ok(row.map(|row| (token.session, row.user)))
    }

    fn standing(&self, row: &Unended, token: &RefreshToken, now: DateTime<Utc>) -> Standing {
        let hash = token.hash();
        if now >= self.usable_until(row.expires_at, row.last_seen_at) {
            Standing::Over
        } else if row.generation == token.generation && row.hash == hash {
            Standing::Present
        } else if row.previous_hash.as_deref() == Some(hash.as_slice())
            && row.generation - 1 == token.generation
        {
            Standing::Parent
        } else {
            Standing::UsedUp
        }
    }

    /// Ends the session, once, whoever else finds it out at the same moment. Here, beside the log,
    /// is the place for whatever else has to hear of it.
    async fn end_reused(
        &self,
        database: &PgPool,
        token: &RefreshToken,
        user: UserId,
        now: DateTime<Utc>,
    ) -> sqlx::Result<RefreshError> {
        let session = token.session;
        let mut transaction = database.begin().await?;
        let which = Which::One(session);
        let ended = ending::end(&mut transaction, user, which, EndReason::Reuse, now).await?;
        transaction.commit().await?;
        self.revocations.note(&ended, now);
        if ended.is_empty() {
            return Ok(RefreshError::Over);
        }
        warn!(
            event = "refresh_reuse",
            session_id = %session,
            user_id = %user,
            generation = token.generation,
            "a refresh token came again that was used up: its session is ended"
        );
        Ok(RefreshError::Reused { user, session })
    }

    fn issued(
        &self,
        token: &RefreshToken,
        expires_at: DateTime<Utc>,
        seen_at: DateTime<Utc>,
    ) -> IssuedRefresh {
        let text: RefreshText = token.text(&self.keyring);
        IssuedRefresh { text, expires_at: self.usable_until(expires_at, seen_at) }
    }

    fn usable_until(&self, expires_at: DateTime<Utc>, seen_at: DateTime<Utc>) -> DateTime<Utc> {
        expires_at.min(seen_at + self.rules.idle)
    }
}
