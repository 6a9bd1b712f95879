//! Changing a password, and setting one anew that was forgotten.

pub(in crate::api) mod change;
pub(in crate::api) mod forgot;
pub(in crate::api) mod reset;

use crate::http::Problem;
use crate::passwords::Password;
use crate::state::App;
use crate::users::PhcString;

/// The hash of a new password, under today's cost.
pub(super) async fn hash(app: &App, password: Password) -> Result<PhcString, Problem> {
    let salt = app.entropy.bytes().map_err(Problem::internal)?;
    Ok(PhcString::from(app.hasher.hash(password, salt).await?.to_phc()))
}
