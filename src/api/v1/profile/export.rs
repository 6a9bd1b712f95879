//! `GET /api/v1/profile/export`: all that is stored of a person, for the person (GDPR, article 15).
//!
//! Each room tells what it holds. `tests/api/v1/profile/export.rs` holds this against the schema: a table
//! or a column of a person that is not here has its reason there.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::bearer::Bearer;
use crate::api::numbers;
use crate::api::trail;
use crate::api::v1::account;
use crate::audit::{self, Event};
use crate::emails;
use crate::http::{Client, Kind, Problem};
use crate::known_devices;
use crate::login_tickets;
use crate::number_claims;
use crate::otp;
use crate::passwords;
use crate::phone_changes;
use crate::reset_tickets;
use crate::sessions;
use crate::state::{App, AppState};
use crate::totp;
use crate::users::{self, User};

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] =
    &[Kind::TokenMissing, Kind::TokenInvalid, Kind::StoreUnavailable];

/// All that is stored of a person, but for hashes of secrets and what could let somebody in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Export {
    exported_at: DateTime<Utc>,
    user: users::Exported,
    /// Sign-ins.
    sessions: Vec<sessions::Exported>,
    /// Logins whose password was right, until they run out.
    logins: Vec<login_tickets::Exported>,
    /// Requests for a new password, until they run out.
    password_resets: Vec<reset_tickets::Exported>,
    /// Devices that have given a right code.
    devices: Vec<known_devices::Exported>,
    /// The authenticator app.
    totp: Option<totp::Exported>,
    /// Wrong passwords in a row, until they are forgotten.
    password_guesses: Vec<passwords::ExportedGuesses>,
    /// Changes of the phone number that can still be undone.
    number_claim: Option<number_claims::Exported>,
    phone_changes: Vec<phone_changes::Exported>,
    #[serde(flatten)]
    events: audit::Exported,
    #[serde(flatten)]
    emails: emails::Exported,
    #[serde(flatten)]
    codes: otp::Exported,
}

/// Export the account
///
/// All that is stored of the user, as one file.
#[utoipa::path(get, path = "/api/v1/profile/export", tag = "account",
    operation_id = "exportProfile", security(("bearer" = [])),
    responses((status = 200, description = "All that is stored of the user.", body = Export)))]
pub(in crate::api) async fn export_profile(
    State(app): State<AppState>,
    client: Client,
    bearer: Bearer,
) -> Result<impl IntoResponse, Problem> {
    let user = account::read(&app, &bearer).await?;
    trail::record_alone(&app, &client, Some(user.id), Event::ProfileExported {}).await?;
    let export = gather(&app, &user).await?;
    let disposition = r#"attachment; filename="account.json""#;
    Ok(([(CONTENT_DISPOSITION, disposition)], Json(export)))
}

async fn gather(app: &App, user: &User) -> Result<Export, Problem> {
    let own = user.phone_number.as_deref();
    let mut connection = app.database.acquire().await?;
    let numbers = numbers::of_person(&mut connection, user.id, own, app.clock.now()).await?;
    // None is held while Redis is asked.
    drop(connection);
    let codes = app.otp.export(&app.database, user.id, &numbers).await?;
    let connection = &mut *app.database.acquire().await?;
    let exported = users::export(&mut *connection, user.id).await?;
    Ok(Export {
        exported_at: app.clock.now(),
        user: exported.ok_or_else(|| Problem::new(Kind::TokenInvalid))?,
        sessions: sessions::export(&mut *connection, user.id).await?,
        logins: login_tickets::export(&mut *connection, user.id).await?,
        password_resets: reset_tickets::export(&mut *connection, user.id).await?,
        devices: known_devices::export(&mut *connection, user.id).await?,
        totp: totp::export(&mut *connection, user.id).await?,
        password_guesses: passwords::export_guesses(&mut *connection, user.id).await?,
        number_claim: number_claims::export(&mut *connection, user.id).await?,
        phone_changes: phone_changes::export(&mut *connection, user.id).await?,
        events: audit::export(&mut *connection, user.id).await?,
        emails: emails::export(connection, user.id).await?,
        codes,
    })
}
