//! A number that somebody without one has proven: theirs, or another's for some time yet.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tracing::info;

use crate::api::trail;
use crate::api::v1::account;
use crate::audit::Event;
use crate::emails::Occasion;
use crate::foundation::{PhoneNumber, UserId};
use crate::http::{Client, Kind, Problem};
use crate::known_devices;
use crate::number_claims;
use crate::otp::Ending;
use crate::phone_changes;
use crate::reset_tickets;
use crate::state::App;
use crate::users::{self, User};

use super::verify_otp::over;

/// What a right code has come to.
pub(super) enum Proof {
    /// The number is the person's, and verified.
    Theirs(Box<User>),
    /// Somebody else has proven it before, and can keep it until then.
    Held {
        /// From when on proving it again makes it the person's.
        release_at: DateTime<Utc>,
    },
}

/// What `number`, which `user` has just proven, is to them. An error undoes all of it.
///
/// Whoever has the number already proves it once more by this: nobody's release of it goes on. Otherwise
/// the row of whoever has it is held first, as they hold it when they prove it: so either they have kept
/// it by the time that the claim is read, or they find that it is not theirs any more.
pub(super) async fn prove(
    app: &App,
    connection: &mut PgConnection,
    claimant: (&Client, UserId),
    number: &PhoneNumber,
    now: DateTime<Utc>,
) -> Result<Proof, Problem> {
    let (_, user) = claimant;
    if let Some(user) = users::verify_phone(connection, user, number, now).await? {
        number_claims::keep(connection, number.e164()).await?;
        return Ok(Proof::Theirs(Box::new(user)));
    }
    if let Some(holder) = users::hold_number(connection, number).await? {
        if let Some(release_at) =
            quarantine(app, connection, claimant, number, &holder, now).await?
        {
            return Ok(Proof::Held { release_at });
        }
        release(app, connection, claimant, &holder, number, now).await?;
    }
    let changed = users::change_number(connection, user, None, number, now).await?;
    // The number is not what the code was sent for any more.
    let changed = changed.ok_or_else(|| over(Ending::Superseded))?;
    if phone_changes::is_kept_from(connection, user, number, now).await? {
        return Err(Problem::new(Kind::PhoneTaken));
    }
    if !number_claims::fulfil(connection, user, number).await? {
        return Err(over(Ending::Superseded));
    }
    number_claims::keep(connection, number.e164()).await?;
    Ok(Proof::Theirs(Box::new(changed)))
}

/// Until when `holder` can keep the number. `None`: not any longer, or it was never proven.
async fn quarantine(
    app: &App,
    connection: &mut PgConnection,
    (client, user): (&Client, UserId),
    number: &PhoneNumber,
    holder: &User,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Problem> {
    if !holder.is_verified {
        return Ok(None);
    }
    // Without the number an administrator's password would be all that guards the others.
    if holder.is_admin() {
        return Err(Problem::new(Kind::PhoneTaken));
    }
    if let Some(at) = number_claims::release_at(connection, user, number, holder.id).await? {
        return Ok(Some(at).filter(|at| *at > now));
    }
    let begun = number_claims::begin_release(connection, user, number, holder.id, now).await?;
    let release_at = begun.ok_or_else(|| over(Ending::Superseded))?;
    let occasion = Occasion::number_claimed(number, release_at);
    account::tell(app, connection, holder, occasion, now).await?;
    let event = Event::PhoneClaimed { claimant: user };
    trail::record(app, connection, client, holder.id, event, now).await?;
    info!(user_id = %holder.id, "somebody else has proven a number: its release has begun");
    Ok(Some(release_at))
}

/// Takes the number from `holder`, and all that it has proven. Their sessions go on: the password opened
/// them, which the next owner of the number does not know, and one of them may be the last way for the
/// person to name another number.
async fn release(
    app: &App,
    connection: &mut PgConnection,
    (client, claimant): (&Client, UserId),
    holder: &User,
    number: &PhoneNumber,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    users::release_number(connection, holder.id, now).await?;
    reset_tickets::revoke(connection, holder.id).await?;
    known_devices::forget(connection, holder.id).await?;
    account::tell(app, connection, holder, Occasion::number_released(number), now).await?;
    let event = Event::PhoneReleased { claimant };
    trail::record(app, connection, client, holder.id, event, now).await?;
    info!(user_id = %holder.id, "a number was released");
    Ok(())
}
