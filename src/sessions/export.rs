//! What this room knows of a person, for the person.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgExecutor;
use utoipa::ToSchema;

use crate::foundation::{SessionId, UserId};

/// A row of a person: all of it but what belongs to the refresh token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedSession)]
pub struct Exported {
    /// The claim `sid`.
    id: SessionId,
    /// How it began, in the words of RFC 8176.
    amr: Vec<String>,
    authenticated_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    last_seen_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    ended_as: Option<String>,
    user_agent: Option<String>,
    /// Where it began: an IPv4 address, or an IPv6 /64 network.
    client_address: Option<String>,
    rotated_at: Option<DateTime<Utc>>,
}

/// What is stored of `user`'s sign-ins.
pub async fn export(executor: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<Vec<Exported>> {
    sqlx::query_as!(
        Exported,
        r#"
        SELECT id AS "id: _", amr, authenticated_at, created_at, last_seen_at, expires_at, ended_at,
            ended_as, user_agent, abbrev(client_address) AS client_address, rotated_at
        FROM sessions
        WHERE user_id = $1
        ORDER BY created_at
        "#,
        user as _,
    )
    .fetch_all(executor)
    .await
}
