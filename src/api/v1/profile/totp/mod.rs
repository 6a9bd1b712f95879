//! `POST /api/v1/profile/totp`: the seed of an authenticator app, which `confirm` makes count; `DELETE` takes it
//! away.

pub(in crate::api) mod confirm;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;

use crate::api::bearer::Bearer;
use crate::api::trail;
use crate::api::v1::account;
use crate::api::v1::auth::input;
use crate::audit::Event;
use crate::emails::Occasion;
use crate::http::{Client, Fields, Kind, Problem};
use crate::state::{App, AppState};
use crate::totp;
use crate::users;

/// The problems of beginning, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[
    Kind::TokenMissing,
    Kind::TokenInvalid,
    Kind::StepUpRequired,
    Kind::PasswordWrong,
    Kind::PhoneVerificationRequired,
    Kind::TotpActive,
    Kind::PasswordGuessesExhausted,
    Kind::HashingBusy,
];

/// … and those of taking it away.
pub(in crate::api) const REMOVE_PROBLEMS: &[Kind] = &[
    Kind::TokenMissing,
    Kind::TokenInvalid,
    Kind::StepUpRequired,
    Kind::PasswordWrong,
    Kind::PasswordGuessesExhausted,
    Kind::HashingBusy,
];

/// The proof that it is the person who wants it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct TotpBody {
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        example = "correct horse battery"
    )]
    password: String,
}

/// What an authenticator app is told. Not shown again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct TotpBegun {
    /// To be typed into the app: base32.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same as a QR code holds it.
    #[schema(
        example = "otpauth://totp/auth.example.com:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    )]
    otpauth_uri: String,
}

/// Begin with an authenticator app
///
/// Takes the password. The app's codes count once the first of them has come to `confirm`; from then on a login
/// asks for them, and sends a text only where it is asked to.
#[utoipa::path(post, path = "/api/v1/profile/totp", tag = "account", operation_id = "beginTotp",
    request_body = TotpBody, security(("bearer" = [])),
    responses((status = 201, description = "Begun.", body = TotpBegun)))]
pub(in crate::api) async fn begin_totp(
    State(app): State<AppState>,
    client: Client,
    bearer: Bearer,
    mut fields: Fields,
) -> Result<(StatusCode, Json<TotpBegun>), Problem> {
    let password = input::password(&mut fields, "password");
    let password = fields.finish(password)?;
    let user = account::read(&app, &bearer).await?;
    account::require_fresh_login(&app, &bearer, &user)?;
    if !user.is_verified {
        return Err(Problem::new(Kind::PhoneVerificationRequired));
    }
    account::prove_password(&app, &client, &bearer, &user, password).await?;
    let seed = app.totp.begin(&app.database, user.id, app.clock.now()).await?;
    let seed = seed.ok_or_else(|| Problem::new(Kind::TotpActive))?;
    let secret = seed.base32().as_str().to_owned();
    let otpauth_uri = seed.uri(issuer(&app), &user.email).as_str().to_owned();
    Ok((StatusCode::CREATED, Json(TotpBegun { secret, otpauth_uri })))
}

/// What the app calls the account by: the host of `BASE_URL`.
fn issuer(app: &App) -> &str {
    let issuer = app.tokens.issuer();
    issuer.split_once("://").map_or(issuer, |(_, host)| host)
}

/// Take the authenticator app away
///
/// Takes the password. Codes come by text again.
#[utoipa::path(delete, path = "/api/v1/profile/totp", tag = "account", operation_id = "removeTotp",
    request_body = TotpBody, security(("bearer" = [])),
    responses((status = 204, description = "There is none any more.")))]
pub(in crate::api) async fn remove_totp(
    State(app): State<AppState>,
    client: Client,
    bearer: Bearer,
    mut fields: Fields,
) -> Result<StatusCode, Problem> {
    let password = input::password(&mut fields, "password");
    let password = fields.finish(password)?;
    let user = account::read(&app, &bearer).await?;
    account::require_fresh_login(&app, &bearer, &user)?;
    account::prove_password(&app, &client, &bearer, &user, password).await?;
    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    // The user before the seed, as an undo of a changed number locks them.
    users::hold(&mut transaction, user.id).await?;
    if totp::remove(&mut transaction, user.id, None).await? {
        let occasion = Occasion::TotpDisabled { at: now };
        account::tell(&app, &mut transaction, &user, occasion, now).await?;
        trail::record(&app, &mut transaction, &client, user.id, Event::TotpDisabled {}, now)
            .await?;
        info!(user_id = %user.id, "an authenticator app was taken away");
    }
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
