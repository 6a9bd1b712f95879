//! `POST /api/v1/auth/email/verify`: the token of a link comes back.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::trail;
use crate::audit::Event;
use crate::emails::{self, Email, Occasion};
use crate::foundation::{EmailAddress, OpaqueToken};
use crate::http::{Client, Fields, Kind, Problem, note_user};
use crate::state::AppState;
use crate::users;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::EmailTokenInvalid, Kind::EmailTaken];

/// What the link holds.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct VerifyEmail {
    /// What stands behind the `#` of the link.
    #[schema(example = "7C0mSv0n6JYkDCBzRV1t0wVO2vC3gq9bY2F7pWlZb0E")]
    token: String,
}

/// The address is proven.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct VerifiedEmail {
    /// Words for a person.
    #[schema(example = "The e-mail address is confirmed.")]
    message: &'static str,
    /// The address, which is the account's from now on.
    #[schema(example = "ada@example.org")]
    email: String,
}

/// Confirm an e-mail address
///
/// Takes the token of the link that was sent to it, once. Where it is to take the place of another
/// one it does so now, and the old one is told.
#[utoipa::path(post, path = "/api/v1/auth/email/verify", tag = "auth",
    operation_id = "verifyEmail", request_body = VerifyEmail,
    responses((status = 200, description = "The address is proven.", body = VerifiedEmail)))]
pub(in crate::api) async fn verify_email(
    State(app): State<AppState>,
    client: Client,
    mut fields: Fields,
) -> Result<Json<VerifiedEmail>, Problem> {
    let token = fields.required("token", "wrong_type", |text| {
        Ok::<_, &str>(OpaqueToken::received(text.to_owned()))
    });
    let token = fields.finish(token)?;
    let now = app.clock.now();
    let invalid = || Problem::new(Kind::EmailTokenInvalid);
    let mut transaction = app.database.begin().await?;
    let owner = emails::owner_of(&mut transaction, &token).await?.ok_or_else(invalid)?;
    users::hold(&mut transaction, owner).await?;
    let confirmed = emails::confirm(&mut transaction, &token, now).await?.ok_or_else(invalid)?;
    note_user(&confirmed.user);
    // Where somebody else has got the address meanwhile, all of it is undone, the token's use too.
    let (user, address) = (confirmed.user, &confirmed.address);
    let changed = users::change_email(&mut transaction, user, address, Some(now), now).await?;
    let changed = changed.ok_or_else(invalid)?;
    if changed.previous != *address {
        let new = EmailAddress::parse(address).map_err(Problem::internal)?;
        let email = Email {
            user: Some(user),
            to: &changed.previous,
            locale: changed.locale.as_deref(),
            occasion: Occasion::address_changed(&new),
            at_most_daily: false,
        };
        app.emails.enqueue(&mut transaction, &email, now).await?;
    }
    let is_changed = changed.previous != *address;
    let event = if is_changed { Event::EmailChanged {} } else { Event::EmailVerified {} };
    trail::record(&app, &mut transaction, &client, user, event, now).await?;
    transaction.commit().await?;
    Ok(Json(VerifiedEmail {
        message: "The e-mail address is confirmed.",
        email: confirmed.address,
    }))
}
