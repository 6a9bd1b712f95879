//! Changing a password, and setting one anew that was forgotten.

pub(in crate::api) mod change;
pub(in crate::api) mod forgot;
pub(in crate::api) mod reset;

use crate::api::trail;
use crate::api::v1::account;
use crate::api::v1::auth::input;
use crate::audit::Event;
use crate::emails::{self, Occasion};
use crate::http::{Client, FieldError, Problem};
use crate::login_tickets;
use crate::passwords::{self, Password};
use crate::reset_tickets;
use crate::sessions::{self, EndReason, Which};
use crate::state::App;
use crate::users::{self, PhcString, User};

/// The hash of a new password, under today's cost.
pub(super) async fn hash(app: &App, password: Password) -> Result<PhcString, Problem> {
    let salt = app.entropy.bytes().map_err(Problem::internal)?;
    Ok(PhcString::from(app.hasher.hash(password, salt).await?.to_phc()))
}

/// The new password of `user`, by every rule, and not the present one.
pub(super) fn checked(
    app: &App,
    user: &User,
    present: &Password,
    typed: &str,
) -> Result<Password, Problem> {
    let (email, number) = (user.email.as_str(), user.phone_number.as_deref());
    let errors = match app.password_policy.check(typed, Some(email), number) {
        Ok(new) if !new.is_same_as(present) => return Ok(new),
        Ok(_) => {
            let message = "This is the present password. Choose another one.";
            vec![FieldError::new("newPassword", "password_unchanged", message)]
        }
        Err(problems) => input::refused_password("newPassword", problems).collect(),
    };
    Err(Problem::validation(errors))
}

/// All or nothing: the new password counts, and nothing that the old one was good for does. `false`: the
/// password has changed since `user` was read.
pub(super) async fn replace(
    app: &App,
    client: &Client,
    user: &User,
    new: &PhcString,
    which: Which,
) -> Result<bool, Problem> {
    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    // Tickets of logins before the user, as a login locks them when it is finished.
    login_tickets::revoke(&mut transaction, user.id).await?;
    let old = &user.password_hash;
    if !users::replace_password_hash(&mut *transaction, user.id, old, new, None, now).await? {
        return Ok(false);
    }
    // One that was issued while the row was waited for is of the old password, too.
    login_tickets::revoke(&mut transaction, user.id).await?;
    reset_tickets::revoke(&mut transaction, user.id).await?;
    emails::withdraw_change(&mut transaction, user.id, &user.email).await?;
    passwords::forget_guesses(&mut *transaction, user.id).await?;
    let reason = EndReason::PasswordChange;
    let ended = sessions::end(&mut transaction, user.id, which, reason, now).await?;
    account::tell(app, &mut transaction, user, Occasion::PasswordChanged { at: now }, now).await?;
    let event = Event::PasswordChanged { sessions_ended: ended.len() };
    trail::record(app, &mut transaction, client, user.id, event, now).await?;
    transaction.commit().await?;
    app.sessions.revocations().note(&ended, now);
    Ok(true)
}
