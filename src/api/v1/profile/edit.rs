//! `PATCH /api/v1/profile`: what people change about themselves without further proof.

use std::fmt::Display;

use axum::Json;
use axum::extract::State;
use utoipa::ToSchema;

use crate::api::bearer::Bearer;
use crate::api::v1::account;
use crate::http::{Fields, Kind, Problem};
use crate::otp::Language;
use crate::state::AppState;
use crate::users::{self, DisplayName, Edit, ProfileEdit};

use super::Profile;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] =
    &[Kind::TokenMissing, Kind::TokenInvalid, Kind::PhoneVerificationRequired];

/// What is to change: a field that is not there stays, and `null` clears it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct EditProfileBody {
    /// Kept in NFC, without blanks around it; no control characters.
    #[schema(min_length = 1, max_length = 100, example = "Ada Lovelace")]
    display_name: Option<String>,
    /// The language of texts where a request names none: one that there are texts in.
    #[schema(example = "sv")]
    locale: Option<String>,
}

fn read(mut fields: Fields) -> Result<ProfileEdit<'static>, Problem> {
    let display_name = edit(&mut fields, "displayName", "display_name_invalid", DisplayName::parse);
    let locale = edit(&mut fields, "locale", "locale_unknown", |tag| {
        Language::parse(tag).map(Language::tag).ok_or_else(unknown_locale)
    });
    fields.finish(Some(ProfileEdit { display_name, locale }))
}

fn unknown_locale() -> String {
    format!("There are texts in {}.", Language::ALL.map(Language::tag).join(", "))
}

fn edit<T, E: Display>(
    fields: &mut Fields,
    name: &'static str,
    code: &'static str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Edit<T> {
    if fields.take_null(name) {
        return Edit::Clear;
    }
    fields.optional(name, code, parse).map_or(Edit::Keep, Edit::Set)
}

/// Change the profile
///
/// A field that is not sent stays as it is; `null` clears it.
#[utoipa::path(patch, path = "/api/v1/profile", tag = "account", operation_id = "editProfile",
    request_body = EditProfileBody, security(("bearer" = [])),
    responses((status = 200, description = "The user as it is now.", body = Profile)))]
pub(in crate::api) async fn edit_profile(
    State(app): State<AppState>,
    bearer: Bearer,
    fields: Fields,
) -> Result<Json<Profile>, Problem> {
    let edit = read(fields)?;
    let user = account::read(&app, &bearer).await?;
    if !user.is_verified {
        return Err(Problem::new(Kind::PhoneVerificationRequired));
    }
    let connection = &mut *app.database.acquire().await?;
    let user = users::edit_profile(connection, user.id, &edit, app.clock.now()).await?;
    let user = user.ok_or_else(|| Problem::new(Kind::TokenInvalid))?;
    Ok(Json(Profile::of(user)))
}
