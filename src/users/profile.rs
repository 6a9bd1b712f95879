//! What people change about themselves.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::foundation::UserId;

use super::{DisplayName, User};

/// What becomes of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit<T> {
    /// It stays as it is.
    Keep,
    /// There is none any more.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Edit<T> {
    fn changes(&self) -> bool {
        !matches!(self, Self::Keep)
    }

    fn value(&self) -> Option<&T> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// What becomes of a profile.
pub struct ProfileEdit<'a> {
    /// What the person wants to be called.
    pub display_name: Edit<DisplayName>,
    /// The language tag of texts to the person.
    pub locale: Edit<&'a str>,
}

/// Changes what `edit` says and nothing else. `None`: there is no such person.
pub async fn edit_profile(
    connection: &mut PgConnection,
    id: UserId,
    edit: &ProfileEdit<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        r#"
        UPDATE users
        SET display_name = CASE WHEN $2 THEN $3 ELSE display_name END,
            locale = CASE WHEN $4 THEN $5 ELSE locale END,
            updated_at = $6
        WHERE id = $1
        RETURNING id AS "id: _", email, phone_number, password_hash AS "password_hash: _",
            is_verified, display_name, locale, email_verified_at, last_otp_sent_at, locked_at,
            locked_reason, roles, password_expires_at, created_at, updated_at,
            (SELECT erase_after FROM erasures WHERE user_id = users.id) AS erase_after
        "#,
        id as _,
        edit.display_name.changes(),
        edit.display_name.value().map(DisplayName::as_str),
        edit.locale.changes(),
        edit.locale.value().copied(),
        now,
    )
    .fetch_optional(connection)
    .await
}
