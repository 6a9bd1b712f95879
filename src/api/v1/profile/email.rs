//! `POST /api/v1/profile/email`: another e-mail address, or a new link for the one there is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::bearer::Bearer;
use crate::api::trail;
use crate::api::v1::account;
use crate::api::v1::auth::input;
use crate::audit::Event;
use crate::emails::{self, Claim};
use crate::foundation::EmailAddress;
use crate::http::{Client, Fields, Kind, Problem};
use crate::passwords::Password;
use crate::sessions;
use crate::state::AppState;
use crate::users;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[
    Kind::TokenMissing,
    Kind::TokenInvalid,
    Kind::StepUpRequired,
    Kind::PasswordWrong,
    Kind::PhoneVerificationRequired,
    Kind::EmailTaken,
    Kind::EmailLimitReached,
    Kind::PasswordGuessesExhausted,
    Kind::HashingBusy,
];

/// The address that is wanted.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(in crate::api) struct ChangeEmail {
    /// At most 254 characters. The one of the account: only a new link is sent there.
    #[schema(value_type = String, format = "email", max_length = 254, example = "ada@example.org")]
    email: EmailAddress,
    /// The password of the account: a token alone must not move it.
    #[schema(value_type = String, format = "password", min_length = 1, max_length = 256, example = "correct horse battery")]
    password: Password,
}

/// What happens with the address.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct EmailChange {
    /// Words for a person.
    #[schema(example = "Open the link that was sent to the address.")]
    message: &'static str,
    /// The address.
    #[schema(example = "ada@example.org")]
    email: String,
    /// Whether it counts only once the link was opened. `false` where no e-mails are sent: then it
    /// counts at once.
    confirmation_required: bool,
    /// Until when the link is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
}

impl ChangeEmail {
    fn read(mut fields: Fields) -> Result<Self, Problem> {
        let email = fields.required("email", "email_invalid", EmailAddress::parse);
        let password = input::password(&mut fields, "password");
        fields.finish(email.zip(password).map(|(email, password)| Self { email, password }))
    }
}

/// Change the e-mail address
///
/// A link goes to the new address; until it is opened the old one counts. The old one is told then.
/// Where the server sends no e-mails the change counts at once.
#[utoipa::path(post, path = "/api/v1/profile/email", tag = "account", operation_id = "changeEmail",
    security(("bearer" = [])), request_body = ChangeEmail,
    responses(
        (status = 200, description = "The address counts.", body = EmailChange),
        (status = 202, description = "A link was sent to the address.", body = EmailChange)))]
pub(in crate::api) async fn change_email(
    State(app): State<AppState>,
    client: Client,
    bearer: Bearer,
    fields: Fields,
) -> Result<(StatusCode, Json<EmailChange>), Problem> {
    let ChangeEmail { email, password } = ChangeEmail::read(fields)?;
    let user = account::read(&app, &bearer).await?;
    account::require_fresh_login(&app, &bearer, &user)?;
    if !user.is_verified {
        return Err(Problem::new(Kind::PhoneVerificationRequired));
    }
    account::prove_password(&app, &client, &bearer, &user, password).await?;
    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    // Who withdraws a change may have come between the look at the token and the hold on the row.
    users::hold(&mut transaction, user.id).await?;
    if !sessions::is_open(&mut transaction, bearer.0.sid).await? {
        return Err(Problem::new(Kind::TokenInvalid).detail("The session has ended."));
    }
    let is_new = email.as_str() != user.email;
    let expires_at = if app.emails.is_on() {
        let locale = user.locale.as_deref();
        let claim = Claim { user: user.id, address: &email, locale, is_new };
        app.emails.claim(&mut transaction, claim, now).await?;
        Some(now + emails::CONFIRMATION_LIFETIME)
    } else {
        if is_new {
            emails::withdraw(&mut transaction, user.id).await?;
            users::change_email(&mut transaction, user.id, email.as_str(), None, now).await?;
        }
        None
    };
    if is_new {
        let event = match expires_at {
            Some(_) => Event::EmailChangeRequested {},
            None => Event::EmailChanged {},
        };
        trail::record(&app, &mut transaction, &client, user.id, event, now).await?;
    }
    transaction.commit().await?;
    let (status, message) = match expires_at {
        Some(_) => (StatusCode::ACCEPTED, "Open the link that was sent to the address."),
        None => (StatusCode::OK, "The e-mail address is changed."),
    };
    let email = email.as_str().to_owned();
    let confirmation_required = expires_at.is_some();
    Ok((status, Json(EmailChange { message, email, confirmation_required, expires_at })))
}
