//! Whose account a token opens, the proof that it is really them who asks, and the word to them of what
//! happens to it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::api::bearer::Bearer;
use crate::api::limits;
use crate::api::trail;
use crate::audit::Event;
use crate::emails::{Email, Occasion};
use crate::http::{Client, Kind, Problem};
use crate::passwords::{Origin, Password, Verification, Whose};
use crate::rate_limits::{Action, Subject};
use crate::state::{App, OtpPolicy};
use crate::users::{self, User};

use super::auth::password_proof;

/// The bearer's user, read fresh. Nobody who is about to be erased: the token is of before.
pub(super) async fn read(app: &App, Bearer(claims): &Bearer) -> Result<User, Problem> {
    let user = users::find(&app.database, claims.sub).await?;
    let user = user.filter(|user| user.erase_after.is_none());
    user.ok_or_else(|| Problem::new(Kind::TokenInvalid))
}

/// Where each login of `user`, read fresh, takes a code, whatever a login depends on is changed after a fresh one only:
/// whoever has got hold of a session that is open has not given the code (OWASP ASVS 5.0, 7.5.1 and 7.5.2). So it is for
/// administrators, whatever the policy: their second factor, replaced after the password alone, would open the admin API.
pub(super) fn require_fresh_login(app: &App, bearer: &Bearer, user: &User) -> Result<(), Problem> {
    let is_due = app.login.otp_policy == OtpPolicy::Always || user.is_admin();
    if is_due && !bearer.shows_fresh_code(app.clock.now()) {
        return Err(Problem::new(Kind::StepUpRequired));
    }
    Ok(())
}

/// Proves anew that `user` knows the password: a token alone, which a thief or a borrowed device may
/// have, is not enough for what cannot be taken back. Wrong ones are counted for the session.
pub(super) async fn prove_password(
    app: &App,
    client: &Client,
    Bearer(claims): &Bearer,
    user: &User,
    password: Password,
) -> Result<(), Problem> {
    limits::take(app, Action::ProvePassword, &[Subject::User(user.id)]).await?;
    let now = app.clock.now();
    let mut connection = app.database.acquire().await?;
    let (whose, origin) = (Whose::User(user.id), Origin::Session(claims.sid));
    let guess = app.guesses.take(&mut connection, whose, origin, now).await;
    let guess = guess.map_err(|refusal| Problem::from_password_guess(app, refusal))?;
    // None is held while the password is hashed.
    drop(connection);
    match app.hasher.verify(password, password_proof::read_hash(user)).await {
        Ok(Verification::Match | Verification::MatchOutdated) => {
            Ok(app.guesses.redeem(&app.database, &guess, now).await?)
        }
        Ok(Verification::Mismatch) => {
            let (event, problem) = (Event::PasswordWrong {}, Problem::new(Kind::PasswordWrong));
            Err(trail::refuse(app, client, Some(user.id), event, problem).await)
        }
        Err(cause) => {
            app.guesses.give_back(&app.database, &guess, now).await?;
            Err(cause.into())
        }
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
