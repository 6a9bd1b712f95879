//! Proofs that a person reads mail at an address: a token that goes there and comes back.
//!
//! A person has at most one such token; a new one ends the old one.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::foundation::{EmailAddress, EntropyError, OpaqueToken, UserId, whole_seconds_until};

use super::{Email, Emails, EnqueueError, Occasion};

/// How long a token is good for. The texts say so, too.
pub const LIFETIME: TimeDelta = TimeDelta::hours(24);
/// How many a person can have sent in [`WINDOW`]: enough for two typing errors and a lost e-mail,
/// too few to pester somebody with.
const SENDS_MAX: i16 = 5;
/// From the first one on.
const WINDOW: TimeDelta = TimeDelta::hours(24);

/// An address that is to be proven.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Whose it is, or is to be.
    pub user: UserId,
    /// The address.
    pub address: &'a EmailAddress,
    /// The language tag of the e-mail.
    pub locale: Option<&'a str>,
    /// Whether it takes the place of another one.
    pub is_new: bool,
}

/// An address that has been proven.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// Whose it is.
    pub user: UserId,
    /// The address, as in [`EmailAddress::as_str`].
    pub address: String,
}

/// Why no token was sent.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Five were sent within 24 hours.
    #[error("too many confirmations were sent to addresses of this user")]
    LimitReached {
        /// When another can be had, in seconds.
        retry_after: u64,
    },
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The e-mail could not be written down.
    #[error(transparent)]
    Enqueue(#[from] EnqueueError),
}

impl Emails {
    /// Sends a token to the address that is claimed. Does nothing without `SMTP_URL`.
    pub async fn claim(
        &self,
        connection: &mut PgConnection,
        claim: Claim<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), ClaimError> {
        let Some(office) = &self.0 else { return Ok(()) };
        let token = OpaqueToken::generate(&office.entropy)?;
        if !begin(connection, &claim, &token, now).await.map_err(EnqueueError::Database)? {
            let window = window_of(connection, claim.user).await.map_err(EnqueueError::Database)?;
            let retry_at = window.unwrap_or(now) + WINDOW;
            let retry_after = whole_seconds_until(retry_at, now).max(1);
            return Err(ClaimError::LimitReached { retry_after });
        }
        let link = office.link("/email/verify", &token);
        let occasion = if claim.is_new {
            Occasion::AddressChange { link }
        } else {
            Occasion::AddressVerification { link }
        };
        let email = Email {
            user: Some(claim.user),
            to: claim.address.as_str(),
            locale: claim.locale,
            occasion,
            at_most_daily: false,
        };
        Ok(self.enqueue(connection, &email, now).await?)
    }
}

/// Writes the token's hash down, unless too many were sent. One statement counts and decides.
async fn begin(
    connection: &mut PgConnection,
    claim: &Claim<'_>,
    token: &OpaqueToken,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let begun = sqlx::query!(
        r#"
        INSERT INTO email_confirmations AS c
            (user_id, token_hash, address, sends, window_began_at, expires_at)
        VALUES ($1, $2, $3, 1, $4, $5)
        ON CONFLICT (user_id) DO UPDATE
        SET token_hash = $2, address = $3, expires_at = $5,
            sends = CASE WHEN c.window_began_at <= $6 THEN 1 ELSE c.sends + 1 END,
            window_began_at = CASE WHEN c.window_began_at <= $6 THEN $4 ELSE c.window_began_at END
        WHERE c.window_began_at <= $6 OR c.sends < $7
        "#,
        claim.user as _,
        token.hash() as _,
        claim.address.as_str(),
        now,
        now + LIFETIME,
        now - WINDOW,
        SENDS_MAX,
    )
    .execute(connection)
    .await?;
    Ok(begun.rows_affected() == 1)
}

async fn window_of(
    connection: &mut PgConnection,
    user: UserId,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "SELECT window_began_at FROM email_confirmations WHERE user_id = $1",
        user as _
    )
    .fetch_optional(connection)
    .await
}

/// Whose the token is. Nothing is used up: who confirms holds the row of its user first, as everybody does
/// who withdraws one.
pub async fn owner_of(
    connection: &mut PgConnection,
    token: &OpaqueToken,
) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(
        r#"SELECT user_id AS "user: _" FROM email_confirmations WHERE token_hash = $1"#,
        token.hash() as _,
    )
    .fetch_optional(connection)
    .await
}

/// Uses the token up and says what it proves. Exactly one caller is told, however many race.
pub async fn confirm(
    connection: &mut PgConnection,
    token: &OpaqueToken,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Confirmed>> {
    sqlx::query_as!(
        Confirmed,
        r#"
        UPDATE email_confirmations SET token_hash = NULL
        WHERE token_hash = $1 AND expires_at > $2
        RETURNING user_id AS "user: _", address
        "#,
        token.hash() as _,
        now,
    )
    .fetch_optional(connection)
    .await
}

/// Ends the person's token: the address was changed some other way.
pub async fn withdraw(connection: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM email_confirmations WHERE user_id = $1", user as _)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends the token by which another address would take the place of `current`: whoever asked for it may
/// have been a thief who is shut out now. What was sent goes on being counted. The row of the user is held
/// by then, so that none is asked for meanwhile.
pub async fn withdraw_change(
    connection: &mut PgConnection,
    user: UserId,
    current: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE email_confirmations SET token_hash = NULL
        WHERE user_id = $1 AND lower(address) <> lower($2)
        "#,
        user as _,
        current,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes what has run out and counts for no limit any more. Returns how many.
pub(super) async fn delete_expired(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!(
        "DELETE FROM email_confirmations WHERE expires_at <= $1 AND window_began_at <= $2",
        now,
        now - WINDOW,
    )
    .execute(executor)
    .await?;
    Ok(deleted.rows_affected())
}
