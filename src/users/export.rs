//! What this room knows of a person, for the person.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgExecutor;
use utoipa::ToSchema;

use crate::foundation::UserId;

/// The row in `users`, but for the hash of the password. Not `Debug`: all of it is personal.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedUser)]
pub struct Exported {
    /// The claim `sub`.
    id: UserId,
    email: String,
    /// E.164; `null` where there is none (any more).
    phone_number: Option<String>,
    is_verified: bool,
    display_name: Option<String>,
    email_verified_at: Option<DateTime<Utc>>,
    /// The language tag of texts.
    locale: Option<String>,
    /// Sinch's id of the verification last started, until a code has come back.
    sinch_verification_id: Option<String>,
    last_otp_sent_at: Option<DateTime<Utc>>,
    /// What the person is to the services that read the tokens.
    roles: Vec<String>,
    /// Until when the password is good, where it was handed out.
    password_expires_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What is stored of the person.
pub async fn export(executor: impl PgExecutor<'_>, id: UserId) -> sqlx::Result<Option<Exported>> {
    sqlx::query_as!(
        Exported,
        r#"
        SELECT id AS "id: _", email, phone_number, is_verified, display_name, email_verified_at, locale,
            sinch_verification_id, last_otp_sent_at, roles,
            password_expires_at, created_at, updated_at
        FROM users u
        WHERE u.id = $1
        "#,
        id as _,
    )
    .fetch_optional(executor)
    .await
}
