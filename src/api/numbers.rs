//! Under which phone numbers something is kept for a person: what an export tells, and what a deletion forgets.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::foundation::{PhoneNumber, UserId};
use crate::number_claims;
use crate::otp;
use crate::phone_changes;
use crate::users::{self, Identifier};

/// `own`, the number of `user` in E.164, if they have one; and those that they want, have given up or were
/// sent a code at, as far as that is still known.
///
/// None that is somebody else's by now, or wanted by or kept for them: what is counted for it tells of
/// them, and whoever is deleted must not make it forgotten.
pub(crate) async fn of_person(
    connection: &mut PgConnection,
    user: UserId,
    own: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<PhoneNumber>> {
    let mut others = phone_changes::numbers_of(&mut *connection, user).await?;
    others.extend(otp::numbers_of(&mut *connection, user).await?);
    others.extend(
        number_claims::wanted(&mut *connection, user).await?.map(|it| it.e164().to_owned()),
    );
    others.retain(|number| Some(number.as_str()) != own);
    others.sort_unstable();
    others.dedup();
    let mut numbers = Vec::from_iter(own.map(readable).transpose()?);
    for number in others {
        let number = readable(&number)?;
        let identifier = Identifier::PhoneNumber(number.clone());
        let is_anothers = users::find_by_identifier(&mut *connection, &identifier).await?.is_some()
            || number_claims::is_wanted_by_another(&mut *connection, user, &number).await?
            || phone_changes::is_kept_from(connection, user, &number, now).await?;
        if !is_anothers {
            numbers.push(number);
        }
    }
    Ok(numbers)
}

fn readable(stored: &str) -> sqlx::Result<PhoneNumber> {
    let number = PhoneNumber::from_e164(stored);
    number.ok_or_else(|| sqlx::Error::Decode("a stored phone number is not E.164".into()))
}
