//! The password of a login: counted before it is hashed, forgiven when it is right.

use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use tracing::{error, warn};

use crate::api::trail;
use crate::api::unattended::without_an_answer;
use crate::api::v1::account;
use crate::audit::Event;
use crate::emails::Occasion;
use crate::foundation::{Metric, OpaqueToken, UserId};
use crate::http::{Client, Kind, Problem};
use crate::known_devices;
use crate::passwords::{Guess, Origin, Password, PasswordHash, Verification, Whose};
use crate::state::{App, AppState};
use crate::users::{self, Identifier, PhcString, User};

/// Somebody whose password was right.
pub(super) struct Proven {
    pub(super) user: User,
    pub(super) is_device_known: bool,
    /// Passwords are being stuffed, and the device is not known.
    pub(super) is_doubted: bool,
    /// For the next statements: getting one and giving it back costs as much as they do.
    pub(super) connection: PoolConnection<Postgres>,
}

/// A password that is tried.
pub(super) struct Tried<'a> {
    pub(super) identifier: &'a Identifier,
    pub(super) password: &'a Password,
    pub(super) device_token: Option<&'a OpaqueToken>,
}

/// The user, if there is one and the password is right. An unknown user costs the same: the same
/// statements and one hash, and no hash where too many were wrong.
pub(super) async fn prove(
    app: &AppState,
    client: &Client,
    tried: &Tried<'_>,
) -> Result<Proven, Problem> {
    let now = app.clock.now();
    let mut connection = app.database.acquire().await?;
    let user = users::find_by_identifier(&mut *connection, tried.identifier).await?;
    let user = user.filter(|user| !user.is_gone(now));
    let device = known_device(&mut connection, tried.device_token, user.as_ref(), now).await?;
    let block = client.address.block();
    let origin = device.map_or(Origin::Block(block), |token| Origin::KnownDevice(token, block));
    let name = name_of(tried.identifier);
    let whose = user.as_ref().map_or(Whose::Nobody(&name), |user| Whose::User(user.id));
    let guess = app.guesses.take(&mut connection, whose, origin, now).await;
    let guess = guess.map_err(|refusal| Problem::from_password_guess(app, refusal))?;
    // None is held while the password is hashed.
    drop(connection);

    let stored = user.as_ref().and_then(read_hash);
    let user = match (user, app.hasher.verify(tried.password.clone(), stored).await) {
        // One that was handed out and has had its time is a wrong one.
        (Some(user), Ok(_)) if user.is_password_over(now) => {
            return Err(wrong(app, client, Some(user), &guess, now).await?);
        }
        (Some(user), Ok(Verification::Match)) => user,
        (Some(user), Ok(Verification::MatchOutdated)) => {
            match renew_hash(app, user, tried.password.clone()).await? {
                Ok(user) => user,
                Err(user) => return Err(wrong(app, client, user, &guess, now).await?),
            }
        }
        (user, Ok(_)) => return Err(wrong(app, client, user, &guess, now).await?),
        (_, Err(cause)) => {
            app.guesses.give_back(&app.database, &guess, now).await?;
            return Err(cause.into());
        }
    };
    let mut connection = app.database.acquire().await?;
    app.guesses.redeem(&mut *connection, &guess, now).await?;
    if let Some(token) = device {
        known_devices::renew(&mut *connection, token, user.id, now).await?;
    }
    let (is_device_known, is_doubted) = (device.is_some(), guess.is_doubted());
    Ok(Proven { user, is_device_known, is_doubted, connection })
}

/// The token that was sent, where it is one of a device that is known for this user.
async fn known_device<'a>(
    connection: &mut PgConnection,
    token: Option<&'a OpaqueToken>,
    user: Option<&User>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<&'a OpaqueToken>> {
    let Some(token) = token else { return Ok(None) };
    let user = user.map(|user| user.id);
    let is_known = known_devices::is_known(connection, token, user, now).await?;
    Ok(Some(token).filter(|_| is_known))
}

/// By what wrong passwords are counted for somebody who is not there: however they are written.
fn name_of(identifier: &Identifier) -> String {
    match identifier {
        Identifier::Email(email) => email.as_str().to_lowercase(),
        Identifier::PhoneNumber(number) => number.e164().to_owned(),
    }
}

/// What is told of a wrong password. The person hears of the one that was the last; no answer waits for
/// that, so that the time that it takes tells nobody anything.
async fn wrong(
    app: &AppState,
    client: &Client,
    user: Option<User>,
    guess: &Guess,
    now: DateTime<Utc>,
) -> sqlx::Result<Problem> {
    app.guesses.note_wrong(&app.database, guess, now).await?;
    let id = user.as_ref().map(|user| user.id);
    if let Some(user) = user.filter(|_| guess.has_shut()) {
        warn!(user_id = %user.id, "a hundred wrong passwords in a row: only known devices log in");
        let app = app.clone();
        without_an_answer(async move { tell_shut(&app, &user, now).await });
    }
    Ok(refuse(app, client, id).await)
}

/// What is told of a password that is not the person's, or not any more.
pub(super) async fn refuse(app: &App, client: &Client, id: Option<UserId>) -> Problem {
    Metric::Logins.add(&["refused"]);
    let event = Event::LoginFailed { reason: Kind::InvalidCredentials.entry().code };
    let problem = Problem::new(Kind::InvalidCredentials).detail("Invalid email or password.");
    trail::refuse(app, client, id, event, problem).await
}

async fn tell_shut(app: &App, user: &User, now: DateTime<Utc>) {
    let told = async {
        let mut connection = app.database.acquire().await?;
        let occasion = Occasion::PasswordGuessed { at: now };
        account::tell(app, &mut connection, user, occasion, now).await
    };
    if let Err(problem) = told.await {
        error!(user_id = %user.id, cause = ?problem.cause(), "nobody could be told of wrong passwords");
    }
}

/// The stored hash; `None`, and a line in the log, where it cannot be read.
pub(in crate::api::v1) fn read_hash(user: &User) -> Option<PasswordHash> {
    PasswordHash::parse(user.password_hash.as_str())
        .inspect_err(|cause| {
            error!(user_id = %user.id, cause = cause as &dyn std::error::Error, "a stored password hash cannot be read");
        })
        .ok()
}

/// Hashes anew under today's cost. The user with the hash that is stored then, of which `password` is; `Err` where it
/// is not, any more.
///
/// Somebody else may have replaced the old hash meanwhile: another login of the same person by one of the same
/// password, or whoever has set another password. Only the new hash can tell which.
async fn renew_hash(
    app: &App,
    user: User,
    password: Password,
) -> Result<Result<User, Option<User>>, Problem> {
    let salt = app.entropy.bytes().map_err(Problem::internal)?;
    let new = PhcString::from(app.hasher.hash(password.clone(), salt).await?.to_phc());
    let (now, old, until) = (app.clock.now(), &user.password_hash, user.password_expires_at);
    if users::replace_password_hash(&app.database, user.id, old, &new, until, now).await? {
        return Ok(Ok(User { password_hash: new, ..user }));
    }
    let user = users::find(&app.database, user.id).await?;
    let stored = user.as_ref().and_then(read_hash);
    Ok(match (user, app.hasher.verify(password, stored).await?) {
        (user, Verification::Mismatch) => Err(user),
        (Some(user), _) if !user.is_password_over(now) => Ok(user),
        (user, _) => Err(user),
    })
}
