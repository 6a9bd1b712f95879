//! The SQL of `otp_challenges`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::foundation::{ChallengeId, PhoneNumber, UserId};

use super::code::CodeHash;
use super::{Channel, Purpose};

/// A challenge as it is written when sending is decided.
pub(super) struct NewChallenge<'a> {
    pub(super) id: ChallengeId,
    pub(super) user: UserId,
    pub(super) purpose: Purpose,
    pub(super) channel: Channel,
    pub(super) number: &'a PhoneNumber,
    pub(super) provider: &'static str,
    pub(super) code_hash: Option<CodeHash>,
    pub(super) attempts: i16,
    pub(super) free_resend: bool,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
}

/// A challenge as it is read for a guess or a second login.
pub(super) struct Row {
    pub(super) id: ChallengeId,
    pub(super) channel: String,
    pub(super) phone_number: String,
    pub(super) provider: String,
    pub(super) provider_reference: Option<String>,
    pub(super) code_hash: Option<Vec<u8>>,
    pub(super) code_key_id: Option<String>,
    pub(super) attempts_left: i16,
    pub(super) expires_at: DateTime<Utc>,
}

/// Takes the resend that is due after a burnt code. `false`: none is due.
pub(super) async fn take_free_resend(
    connection: &mut PgConnection,
    user: UserId,
    purpose: Purpose,
    created_after: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        r#"
        UPDATE otp_challenges
        SET free_resend = false
        WHERE user_id = $1 AND purpose = $2 AND ended_as = 'burnt' AND free_resend
            AND created_at > $3
        "#,
        user as _,
        purpose.as_str(),
        created_after,
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// Ends the live challenge of the user and purpose, if any, and writes the new one.
pub(super) async fn replace(
    connection: &mut PgConnection,
    new: &NewChallenge<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE otp_challenges
        SET ended_at = $3, ended_as = 'superseded'
        WHERE user_id = $1 AND purpose = $2 AND ended_at IS NULL
        "#,
        new.user as _,
        new.purpose.as_str(),
        new.created_at,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        r#"
        INSERT INTO otp_challenges (
            id, user_id, purpose, channel, phone_number, provider, code_hash, code_key_id,
            attempts_left, free_resend, created_at, expires_at
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        "#,
        new.id as _,
        new.user as _,
        new.purpose.as_str(),
        new.channel.as_str(),
        new.number.e164(),
        new.provider,
        new.code_hash.as_ref().map(|hash| hash.mac.as_slice()),
        new.code_hash.as_ref().map(|hash| hash.key_id.as_str()),
        new.attempts,
        new.free_resend,
        new.created_at,
        new.expires_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Has another carrier carry the live challenge. `false`: it was replaced in the meantime.
pub(super) async fn hand_to(
    connection: &mut PgConnection,
    id: ChallengeId,
    provider: &str,
    code_hash: Option<&CodeHash>,
) -> sqlx::Result<bool> {
    let handed = sqlx::query!(
        r#"
        UPDATE otp_challenges
        SET provider = $2, code_hash = $3, code_key_id = $4
        WHERE id = $1 AND ended_at IS NULL
        "#,
        id as _,
        provider,
        code_hash.map(|hash| hash.mac.as_slice()),
        code_hash.map(|hash| hash.key_id.as_str()),
    )
    .execute(connection)
    .await?;
    Ok(handed.rows_affected() == 1)
}

/// Notes that the provider took it. `false`: it was replaced in the meantime.
pub(super) async fn mark_sent(
    connection: &mut PgConnection,
    id: ChallengeId,
    reference: Option<&str>,
    sent_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let marked = sqlx::query!(
        r#"
        UPDATE otp_challenges
        SET provider_reference = $2, sent_at = $3
        WHERE id = $1 AND ended_at IS NULL
        "#,
        id as _,
        reference,
        sent_at,
    )
    .execute(connection)
    .await?;
    Ok(marked.rows_affected() == 1)
}

/// How a challenge ends other than by the right code, a newer code or time.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// The provider judges no more guesses.
    Burnt,
    /// It never left.
    NotSent,
}

impl End {
    /// As the database has it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Burnt => "burnt",
            Self::NotSent => "not_sent",
        }
    }
}

/// Ends a live challenge.
pub(super) async fn end(
    connection: &mut PgConnection,
    id: ChallengeId,
    end: End,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE otp_challenges
        SET ended_at = $2, ended_as = $3
        WHERE id = $1 AND ended_at IS NULL
        "#,
        id as _,
        now,
        end.as_str(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The live challenge: on its way or sent, not ended, not expired.
pub(super) async fn find_live(
    connection: &mut PgConnection,
    user: UserId,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: _", channel, phone_number, provider, provider_reference, code_hash,
            code_key_id, attempts_left, expires_at
        FROM otp_challenges
        WHERE user_id = $1 AND purpose = $2 AND ended_at IS NULL AND attempts_left > 0
            AND expires_at > $3
        "#,
        user as _,
        purpose.as_str(),
        now,
    )
    .fetch_optional(connection)
    .await
}

/// Spends one guess on the live challenge. `None`: there is none, or no guess is left.
///
/// A code of our own can be judged before the carrier has confirmed it: a text may be faster than
/// that answer. One that the provider judges can not, since its id comes with the answer.
pub(super) async fn take_attempt(
    connection: &mut PgConnection,
    user: UserId,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"
        UPDATE otp_challenges
        SET attempts_left = attempts_left - 1
        WHERE user_id = $1 AND purpose = $2 AND ended_at IS NULL AND attempts_left > 0
            AND expires_at > $3 AND (sent_at IS NOT NULL OR code_hash IS NOT NULL)
        RETURNING id AS "id: _", channel, phone_number, provider, provider_reference, code_hash,
            code_key_id, attempts_left, expires_at
        "#,
        user as _,
        purpose.as_str(),
        now,
    )
    .fetch_optional(connection)
    .await
}

/// Gives a guess back that nobody judged.
pub(super) async fn give_attempt_back(
    connection: &mut PgConnection,
    id: ChallengeId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE otp_challenges SET attempts_left = attempts_left + 1 WHERE id = $1",
        id as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Uses the challenge up. `true` for exactly one caller, however many race.
///
/// A challenge that a racing guess has marked burnt in between is still good: the provider says
/// "right" at most once, and it has.
pub(super) async fn consume(
    connection: &mut PgConnection,
    id: ChallengeId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let consumed = sqlx::query!(
        r#"
        UPDATE otp_challenges
        SET ended_at = $2, ended_as = 'verified'
        WHERE id = $1 AND (ended_at IS NULL OR ended_as = 'burnt')
        "#,
        id as _,
        now,
    )
    .execute(connection)
    .await?;
    Ok(consumed.rows_affected() == 1)
}

/// Whether a hosted provider was asked, after `created_after`, to send a code by `channel` to `number`
/// under the reference `id`, and that code is still live.
pub(super) async fn is_expected(
    connection: &mut PgConnection,
    id: ChallengeId,
    number: &PhoneNumber,
    channel: Channel,
    created_after: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT FROM otp_challenges
            WHERE id = $1 AND phone_number = $2 AND channel = $3 AND code_hash IS NULL
                AND ended_at IS NULL AND created_at > $4 AND expires_at > $5
        ) AS "is_expected!"
        "#,
        id as _,
        number.e164(),
        channel.as_str(),
        created_after,
        now,
    )
    .fetch_one(connection)
    .await
}

/// Takes the one permission to speak the code. `true` for exactly one caller, however many race.
pub(super) async fn mark_spoken(
    connection: &mut PgConnection,
    id: ChallengeId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let marked = sqlx::query!(
        r#"
        UPDATE otp_challenges
        SET spoken_at = $2
        WHERE id = $1 AND spoken_at IS NULL AND ended_at IS NULL AND expires_at > $2
        "#,
        id as _,
        now,
    )
    .execute(connection)
    .await?;
    Ok(marked.rows_affected() == 1)
}

/// Deletes the challenges made before `before`.
pub(super) async fn delete_old(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!("DELETE FROM otp_challenges WHERE created_at < $1", before)
        .execute(connection)
        .await?;
    Ok(deleted.rows_affected())
}

/// The numbers, E.164, that codes of `user` went to.
pub(super) async fn numbers_of(
    connection: &mut PgConnection,
    user: UserId,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "SELECT DISTINCT phone_number FROM otp_challenges WHERE user_id = $1",
        user as _
    )
    .fetch_all(connection)
    .await
}

/// A row of a person, for the person: all of it but the code's hash and which key made it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedCode)]
pub(super) struct Exported {
    pub(super) id: ChallengeId,
    pub(super) purpose: String,
    pub(super) channel: String,
    /// E.164.
    pub(super) phone_number: String,
    pub(super) provider: String,
    /// The carrier's own id, where it judges the code.
    pub(super) provider_reference: Option<String>,
    pub(super) attempts_left: i16,
    pub(super) free_resend: bool,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) sent_at: Option<DateTime<Utc>>,
    pub(super) spoken_at: Option<DateTime<Utc>>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    pub(super) ended_as: Option<String>,
}

/// The challenges of `user`, oldest first.
pub(super) async fn export(
    connection: &mut PgConnection,
    user: UserId,
) -> sqlx::Result<Vec<Exported>> {
    sqlx::query_as!(
        Exported,
        r#"
        SELECT id AS "id: _", purpose, channel, phone_number, provider, provider_reference,
            attempts_left, free_resend, created_at, expires_at, sent_at, spoken_at, ended_at, ended_as
        FROM otp_challenges
        WHERE user_id = $1
        ORDER BY created_at, id
        "#,
        user as _,
    )
    .fetch_all(connection)
    .await
}
