//! Whose account a token opens, and the proof that it is really them who asks.

use crate::api::bearer::Bearer;
use crate::http::{Kind, Problem};
use crate::passwords::{Password, Verification};
use crate::state::App;
use crate::users::{self, User};

use super::auth::login;

/// The bearer's user, read fresh. Nobody who is about to be erased: the token is of before.
pub(super) async fn read(app: &App, Bearer(claims): &Bearer) -> Result<User, Problem> {
    let user = users::find(&app.database, claims.sub).await?;
    let user = user.filter(|user| user.erase_after.is_none());
    user.ok_or_else(|| Problem::new(Kind::TokenInvalid))
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
