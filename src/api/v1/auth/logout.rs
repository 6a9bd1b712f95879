//! `POST /api/v1/auth/logout`: this session, the others, or all.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use utoipa::ToSchema;

use crate::api::bearer::Bearer;
use crate::api::v1::account;
use crate::http::{Client, Fields, Kind, Problem};
use crate::sessions::{EndReason, Which};
use crate::state::AppState;

use super::refresh_token::{WithCookie, in_cookie};

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] =
    &[Kind::TokenMissing, Kind::TokenInvalid, Kind::StepUpRequired];

/// Which sessions of the bearer end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Scope {
    #[default]
    Current,
    Others,
    All,
}

/// Which sessions end; without a body the current one.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct LogoutBody {
    /// `current` (default), `others` or `all`.
    #[schema(pattern = "^(current|others|all)$", example = "current")]
    scope: Option<String>,
}

impl Scope {
    fn read(fields: Option<Fields>) -> Result<Self, Problem> {
        let mut fields = fields.unwrap_or_default();
        let scope = fields.optional("scope", "scope_invalid", |text| match text {
            "current" => Ok(Self::Current),
            "others" => Ok(Self::Others),
            "all" => Ok(Self::All),
            _ => Err("One of \"current\", \"others\" and \"all\"."),
        });
        fields.finish(Some(scope.unwrap_or_default()))
    }
}

/// Log out
///
/// Ends the current session, the others, or all. Their access tokens count for nothing from then on.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth", operation_id = "logout",
    security(("bearer" = [])),
    request_body(content = Option<LogoutBody>, example = json!({"scope": "current"})),
    responses((status = 204, description = "They have ended. Where the current one has, the cookie is cleared.")))]
pub(in crate::api) async fn logout(
    State(app): State<AppState>,
    client: Client,
    bearer: Bearer,
    headers: HeaderMap,
    fields: Option<Fields>,
) -> Result<WithCookie<StatusCode>, Problem> {
    let scope = Scope::read(fields)?;
    if scope != Scope::Current {
        let user = account::read(&app, &bearer).await?;
        account::require_fresh_login(&app, &bearer, &user)?;
    }
    let Bearer(claims) = bearer;
    let which = match scope {
        Scope::Current => Which::One(claims.sid),
        Scope::Others => Which::Others(claims.sid),
        Scope::All => Which::All,
    };
    super::end_sessions(&app, &client, claims.sub, which, EndReason::Logout).await?;
    let done = StatusCode::NO_CONTENT;
    Ok(if scope != Scope::Others && in_cookie(&headers).is_some() {
        WithCookie::cleared(done)
    } else {
        WithCookie::untouched(done)
    })
}
