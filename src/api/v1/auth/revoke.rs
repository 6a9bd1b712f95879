//! `POST /api/v1/auth/revoke`: OAuth's way to end a session (RFC 7009).

use axum::extract::State;
use axum::http::StatusCode;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::http::{Client, Form, Kind, Problem, note_user};
use crate::sessions::{EndReason, Which};
use crate::state::AppState;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] =
    &[Kind::FormInvalid, Kind::BodyTooLarge, Kind::ContentTypeNotSupported];

/// A token whose session is to end. Other parameters are ignored.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the form; it is read by name")]
pub(in crate::api) struct RevokeForm {
    /// A refresh token or an access token.
    token: String,
    /// Not needed: a token tells by itself what it is.
    token_type_hint: Option<String>,
}

/// Revoke a token
///
/// Ends the session of a refresh or access token (RFC 7009). Who has the token may: no other
/// credentials are needed. A token that is not ours, or whose session has ended, is a success.
#[utoipa::path(post, path = "/api/v1/auth/revoke", tag = "tokens", operation_id = "revoke",
    request_body(content = RevokeForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token counts for nothing.")))]
pub(in crate::api) async fn revoke(
    State(app): State<AppState>,
    client: Client,
    mut form: Form,
) -> Result<StatusCode, Problem> {
    let token = Zeroizing::new(form.take("token").ok_or_else(Form::invalid)?);
    if let Some((session, user)) = super::owner_of(&app, &token).await? {
        note_user(&user);
        let which = Which::One(session);
        super::end_sessions(&app, &client, user, which, EndReason::Revoked).await?;
    }
    Ok(StatusCode::OK)
}
