//! Whose account a token opens, the proof that it is really them who asks, and the word to them of what
//! happens to it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::api::bearer::Bearer;
use crate::emails::{Email, Occasion};
use crate::http::{Kind, Problem};
use crate::passwords::{Password, Verification};
use crate::state::{App, OtpPolicy};
use crate::users::{self, User};

use super::auth::login;

/// The bearer's user, read fresh. Nobody who is about to be erased: the token is of before.
pub(super) async fn read(app: &App, Bearer(claims): &Bearer) -> Result<User, Problem> {
    let user = users::find(&app.database, claims.sub).await?;
    let user = user.filter(|user| user.erase_after.is_none());
    user.ok_or_else(|| Problem::new(Kind::TokenInvalid))
}

/// Where each login takes a code, whatever a login depends on is changed after a fresh one only: whoever has
/// got hold of a session that is open has not given the code (OWASP ASVS 5.0, 7.5.1 and 7.5.2).
pub(super) fn require_fresh_login(app: &App, bearer: &Bearer) -> Result<(), Problem> {
    let is_due = app.login.otp_policy == OtpPolicy::Always;
    if is_due && !bearer.shows_fresh_code(app.clock.now()) {
        return Err(Problem::new(Kind::StepUpRequired));
    }
    Ok(())
}

/// Proves anew that `user` knows the password: a token alone, which a thief or a borrowed device may
/// have, is not enough for what cannot be taken back.
pub(super) async fn prove_password(
    app: &App,
    user: &User,
    password: Password,
) -> Result<(), Problem> {
    match app.hasher.verify(password, login::read_hash(user)).await? {
        Verification::Match | Verification::MatchOutdated => Ok(()),
        Verification::Mismatch => Err(Problem::new(Kind::PasswordWrong)),
    }
}

/// Tells a person what happens to the account, by e-mail where there are e-mails, and in the transaction in
/// which it happens.
pub(super) async fn tell(
    app: &App,
    connection: &mut PgConnection,
    user: &User,
    occasion: Occasion,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let (to, locale) = (user.email.as_str(), user.locale.as_deref());
    let email = Email { user: Some(user.id), to, locale, occasion, at_most_daily: false };
    Ok(app.emails.enqueue(connection, &email, now).await?)
}
