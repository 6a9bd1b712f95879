//! The first login with a password that was handed out: it counts together with one of the person's own only,
//! and no session begins by it alone (OWASP ASVS 5.0, 6.4.1).

use tracing::info;

use crate::api::trail;
use crate::audit::Event;
use crate::foundation::Metric;
use crate::http::{Client, FieldError, Kind, Problem};
use crate::passwords::Password;
use crate::sessions::Which;
use crate::state::App;
use crate::users::User;

use super::password::{self, checked};
use super::password_proof::Proven;

/// Puts the new password in place of one that was handed out. Any other login goes on as it is; one that
/// brings a new password all the same is told of it, since it would not count.
pub(super) async fn replace_handed_out(
    app: &App,
    client: &Client,
    proven: Proven,
    (given, new): (&Password, Option<&str>),
) -> Result<Proven, Problem> {
    let is_handed_out = proven.user.password_expires_at.is_some();
    let new = match (is_handed_out, new) {
        (false, None) => return Ok(proven),
        (false, Some(_)) => {
            let message = "Your password is your own. Log in with it, and change it then.";
            let error = FieldError::new("newPassword", "password_not_handed_out", message);
            return Err(Problem::validation(vec![error]));
        }
        (true, new) => new,
    };
    let Proven { user, is_device_known, is_doubted, connection } = proven;
    // None is held while a password is hashed.
    drop(connection);
    let Some(new) = new else { return Err(refuse(app, client, &user).await) };
    let new = checked(app, &user, given, new)?;
    let new = password::hash(app, new).await?;
    if !password::replace(app, client, &user, &new, Which::All).await? {
        // Somebody with the same password was quicker.
        return Err(Problem::new(Kind::InvalidCredentials).detail("Invalid email or password."));
    }
    info!(user_id = %user.id, "a password that was handed out was replaced");
    let user = User { password_hash: new, password_expires_at: None, ..user };
    let connection = app.database.acquire().await?;
    Ok(Proven { user, is_device_known, is_doubted, connection })
}

async fn refuse(app: &App, client: &Client, user: &User) -> Problem {
    Metric::Logins.add(&["change_due"]);
    let kind = Kind::PasswordChangeRequired;
    let event = Event::LoginFailed { reason: kind.entry().code };
    trail::refuse(app, client, Some(user.id), event, Problem::new(kind)).await
}
