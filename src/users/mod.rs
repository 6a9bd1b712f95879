//! People: who they are, how they are found, whether their phone is verified.
//!
//! Owns the tables `users` and `erasures`. Knows password hashes only as text; what they mean is `passwords`' business.

mod administration;
mod admins;
mod bulk;
mod display_name;
mod email;
mod erasure;
mod export;
mod number;
mod profile;
mod role;
mod store;

use chrono::{DateTime, Utc};

use crate::foundation::{EmailAddress, PhoneNumber, UserId};

pub use administration::{
    LOCKED_REASON_MAX, Page, add_roles, delete, hold, list, lock, remove_roles, set_password_hash,
    set_roles, unlock,
};
pub use admins::{Standing, hold_admin, hold_role};
pub use bulk::{ImportedUser, Taken, insert_many, taken};
pub use display_name::{DisplayName, DisplayNameError};
pub use email::{ChangeEmailError, Changed, change_email};
pub use erasure::{GRACE, Leaving, erase, leave, next_to_erase, restore};
pub use export::{Exported, export};
pub use number::{NumberError, change_number, hold_number, release_number, restore_number};
pub use profile::{Edit, ProfileEdit, edit_profile};
pub use role::{Role, RoleError};
pub use store::{
    Proof, count_hashes_unlike, find, find_by_identifier, hold_password, insert, is_locked,
    record_otp_sent, replace_password_hash, require_free, reset_password_hash, verify_phone,
};

/// A person, as stored. Not `Debug`: all of it is personal.
#[derive(Clone)]
pub struct User {
    /// The primary key.
    pub id: UserId,
    /// As given, with its domain mapped.
    pub email: String,
    /// E.164. `None` for whoever has lost it to its next owner, or is still to prove the one they want.
    pub phone_number: Option<String>,
    /// Argon2id, PHC form; another kind of hash where the person was imported and has not logged in since.
    pub password_hash: PhcString,
    /// Whether a code sent to the phone has come back.
    pub is_verified: bool,
    /// What the person wants to be called.
    pub display_name: Option<String>,
    /// The language tag of texts to the person, where there are texts in it: at first the one of
    /// signing up.
    pub locale: Option<String>,
    /// When the person has shown to read mail at `email`.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// When a code was last sent.
    pub last_otp_sent_at: Option<DateTime<Utc>>,
    /// Since when the person may not log in.
    pub locked_at: Option<DateTime<Utc>>,
    /// Why, in the words of whoever locked the account.
    pub locked_reason: Option<String>,
    /// What the person is to the services that read the tokens: at most 32, in order.
    pub roles: Vec<String>,
    /// Until when the password is good, where it was made up and handed out. The next login with it has to
    /// bring one of the person's own.
    pub password_expires_at: Option<DateTime<Utc>>,
    /// When the person signed up.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// When the account is erased, unless its person logs in before; `None` for all who stay.
    pub erase_after: Option<DateTime<Utc>>,
}

impl User {
    /// Whether the account is past the time in which a login could bring it back. It may still be
    /// there, until the housekeeping comes by.
    pub fn is_gone(&self, now: DateTime<Utc>) -> bool {
        self.erase_after.is_some_and(|erase_after| erase_after <= now)
    }
}

impl User {
    /// Whether the password was handed out and has had its time.
    pub fn is_password_over(&self, now: DateTime<Utc>) -> bool {
        self.password_expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// Whether the person may use the admin API: has the role, and is not locked.
    pub fn is_admin(&self) -> bool {
        self.locked_at.is_none() && self.roles.iter().any(|role| role == Role::ADMIN)
    }
}

/// A password hash in PHC form, as text. Never shown.
#[derive(Clone, sqlx::Type)]
#[sqlx(transparent)]
pub struct PhcString(String);

impl PhcString {
    /// The PHC string, for storing and for verifying.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for PhcString {
    fn from(phc: String) -> Self {
        Self(phc)
    }
}

impl std::fmt::Debug for PhcString {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PhcString(…)")
    }
}

/// By what a person is found who has not proven anything yet.
#[derive(Clone, Debug)]
pub enum Identifier {
    /// The e-mail address, without regard to case.
    Email(EmailAddress),
    /// The phone number.
    PhoneNumber(PhoneNumber),
}

/// Somebody who signs up.
#[derive(Clone, Copy)]
pub struct NewUser<'a> {
    /// The primary key to be.
    pub id: UserId,
    /// The e-mail address.
    pub email: &'a EmailAddress,
    /// The phone number; `None` where somebody else may have the one that is wanted.
    pub phone_number: Option<&'a PhoneNumber>,
    /// Argon2id, PHC form.
    pub password_hash: &'a PhcString,
    /// Until when the password is good; `None` where it is the person's own.
    pub password_expires_at: Option<DateTime<Utc>>,
    /// The language tag of texts to this person, where a request names no language.
    pub locale: Option<&'a str>,
    /// Now.
    pub created_at: DateTime<Utc>,
}

/// Why somebody cannot sign up.
#[derive(Debug, thiserror::Error)]
pub enum InsertError {
    /// Somebody has that e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Somebody has that phone number.
    #[error("the phone number is taken")]
    PhoneTaken,
    /// Something broke.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}
