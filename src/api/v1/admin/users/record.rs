//! A user as administrators see them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::foundation::UserId;
use crate::users::User;

/// A user, read fresh.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct UserRecord {
    id: UserId,
    #[schema(example = "ada@example.com")]
    email: String,
    /// E.164; `null` where there is none (any more).
    #[schema(example = "+14155552671")]
    phone_number: Option<String>,
    /// Whether a code sent to the phone has come back.
    is_verified: bool,
    /// What the user is to the services that read the tokens; `admin` is for this API.
    #[schema(example = json!(["admin"]))]
    roles: Vec<String>,
    /// Language tag of texts to the user.
    #[schema(example = "de")]
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<String>,
    /// Since when the user may not log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_at: Option<DateTime<Utc>>,
    /// Why, in the words of whoever locked the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_reason: Option<String>,
    /// Until when the password is good that was handed out; not there for one of the user's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_expires_at: Option<DateTime<Utc>>,
    /// When a code was last sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_otp_sent_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<User> for UserRecord {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            phone_number: user.phone_number,
            is_verified: user.is_verified,
            roles: user.roles,
            locale: user.locale,
            locked_at: user.locked_at,
            locked_reason: user.locked_reason,
            password_expires_at: user.password_expires_at,
            last_otp_sent_at: user.last_otp_sent_at,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}
