//! `POST /api/v1/profile/totp/confirm`: the first code of an authenticator app, from which on it counts.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;

use crate::api::bearer::Bearer;
use crate::api::trail;
use crate::api::v1::account;
use crate::api::v1::auth::verify_totp;
use crate::audit::Event;
use crate::emails::Occasion;
use crate::http::{Client, Fields, Kind, Problem};
use crate::state::AppState;
use crate::totp::{self, TotpCode};
use crate::users;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[
    Kind::TokenMissing,
    Kind::TokenInvalid,
    Kind::OtpInvalid,
    Kind::OtpNewCodeRequired,
    Kind::OtpGuessesExhausted,
];

/// What the app shows.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct ConfirmTotpBody {
    /// 6 digits; blanks and dashes between them are ignored.
    #[schema(example = "123456", min_length = 6, max_length = 32)]
    totp_code: String,
}

/// The app's codes count.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct TotpConfirmed {
    /// Words for a person.
    #[schema(
        example = "Your app gives the codes from now on. A text to your phone stays the way back in."
    )]
    message: &'static str,
}

/// Confirm the authenticator app
///
/// From now on logins ask for its codes. There are no recovery codes: who has lost the app asks for a text to the
/// verified phone (`request-otp`).
#[utoipa::path(post, path = "/api/v1/profile/totp/confirm", tag = "account",
    operation_id = "confirmTotp", request_body = ConfirmTotpBody, security(("bearer" = [])),
    responses((status = 200, description = "It counts.", body = TotpConfirmed)))]
pub(in crate::api) async fn confirm_totp(
    State(app): State<AppState>,
    client: Client,
    bearer: Bearer,
    mut fields: Fields,
) -> Result<Json<TotpConfirmed>, Problem> {
    let code = fields.required("totpCode", "totp_code_invalid", TotpCode::parse);
    let code = fields.finish(code)?;
    let user = account::read(&app, &bearer).await?;
    let (guess, step) = verify_totp::judge_code(&app, &client, user.id, &code, false).await?;
    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    // The user before the seed, as an undo of a changed number locks them.
    users::hold(&mut transaction, user.id).await?;
    if !totp::confirm(&mut transaction, user.id, step, now).await? {
        return Err(verify_totp::invalid());
    }
    app.otp.redeem_app_guess(&mut transaction, &guess).await?;
    let occasion = Occasion::TotpEnabled { at: now };
    account::tell(&app, &mut transaction, &user, occasion, now).await?;
    trail::record(&app, &mut transaction, &client, user.id, Event::TotpEnabled {}, now).await?;
    transaction.commit().await?;
    info!(user_id = %user.id, "an authenticator app gives the codes");
    let message =
        "Your app gives the codes from now on. A text to your phone stays the way back in.";
    Ok(Json(TotpConfirmed { message }))
}
