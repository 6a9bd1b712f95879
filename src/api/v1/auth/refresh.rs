//! `POST /api/v1/auth/refresh`: a refresh token for the next one and a fresh access token.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::api::limits;
use crate::api::trail;
use crate::api::unattended::to_the_end;
use crate::api::v1::account;
use crate::audit::Event;
use crate::emails::Occasion;
use crate::foundation::{SessionId, UserId};
use crate::http::{Client, FieldError, Fields, Kind, Problem, note_user};
use crate::rate_limits::{Action, Subject};
use crate::sessions::RefreshError;
use crate::state::{App, AppState};
use crate::tokens::Grant;
use crate::users::{self, User};

use super::refresh_token::{RefreshTokenIn, WithCookie, in_cookie};

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::RefreshInvalid, Kind::OriginNotAllowed];

/// A refresh token, and where it came from, which is where the next one goes.
struct Refresh {
    text: Zeroizing<String>,
    from: RefreshTokenIn,
}

/// The refresh token; with the cookie no body is needed.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct RefreshBody {
    /// What `login`, `verify-otp` or `refresh` answered last.
    #[schema(min_length = 112, max_length = 112)]
    refresh_token: Option<String>,
}

/// The session goes on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct RefreshAnswer {
    /// The access token: a JWT of type `at+jwt` (RFC 9068).
    token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// For how many seconds the token is good.
    #[schema(example = 900)]
    expires_in: i64,
    /// For the next `refresh`: the one that was sent is used up. Not there where it came in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// For how many seconds the refresh token is good.
    #[schema(example = 1_209_600)]
    refresh_expires_in: u64,
}

impl Refresh {
    fn read(fields: Option<Fields>, headers: &HeaderMap) -> Result<Self, Problem> {
        let mut fields = fields.unwrap_or_default();
        let sent = fields.text("refreshToken");
        let request = match (sent, in_cookie(headers)) {
            (Some(text), _) => Some((text, RefreshTokenIn::Body)),
            (None, Some(text)) => Some((text, RefreshTokenIn::Cookie)),
            (None, None) => {
                let words = "This field is required, or the cookie.";
                fields.error(FieldError::new("refreshToken", "required", words));
                None
            }
        };
        fields.finish(request.map(|(text, from)| Self { text: Zeroizing::new(text), from }))
    }
}

/// Refresh
///
/// Exchanges the refresh token for the next one, with a fresh access token. Each is good for one
/// exchange. Who repeats the last exchange, because its answer got lost, gets its answer again; a
/// token that is older than that ends the session.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "auth", operation_id = "refresh",
    request_body(content = Option<RefreshBody>,
        example = json!({"refreshToken": "what login, verify-otp or refresh answered last"})),
    responses((status = 200, description = "The session goes on.", body = RefreshAnswer)))]
pub(in crate::api) async fn refresh(
    State(app): State<AppState>,
    client: Client,
    headers: HeaderMap,
    fields: Option<Fields>,
) -> Result<WithCookie<Json<RefreshAnswer>>, Problem> {
    let request = Refresh::read(fields, &headers)?;
    request.from.require_own_page(&app, &headers)?;
    // Of a token that is not ours no session is named; that costs no more than to look at it.
    if let Some(session) = app.sessions.named_by(&request.text) {
        limits::take(&app, Action::Refresh, &[Subject::Session(session)]).await?;
    }
    // A copy that is found out ends its session even where its bearer has hung up.
    to_the_end(async move { exchange(&app, &client, &request).await }).await
}

async fn exchange(
    app: &App,
    client: &Client,
    request: &Refresh,
) -> Result<WithCookie<Json<RefreshAnswer>>, Problem> {
    let now = app.clock.now();
    let refreshed = match app.sessions.refresh(&app.database, &request.text, now).await {
        Err(RefreshError::Reused { user, session }) => {
            tell_of_reuse(app, client, user, session, now).await?;
            return Err(Problem::new(Kind::RefreshInvalid));
        }
        refreshed => refreshed?,
    };
    note_user(&refreshed.user);
    let user = still_welcome(app, refreshed.user).await?;
    let grant = Grant {
        user: user.id,
        session: refreshed.session,
        email: user.email,
        is_verified: user.is_verified,
        roles: user.roles,
        amr: refreshed.amr,
        authenticated_at: refreshed.authenticated_at,
    };
    let (id, issued_at) = (refreshed.token_id, refreshed.issued_at);
    let issued = app.tokens.issue_again(grant, id, issued_at, now).map_err(Problem::internal)?;
    let mut handed = request.from.hand(&refreshed.refresh, now);
    let answer = RefreshAnswer {
        token: issued.token,
        token_type: "Bearer",
        expires_in: issued.expires_in,
        refresh_token: handed.text.take(),
        refresh_expires_in: handed.expires_in,
    };
    Ok(handed.with(Json(answer)))
}

/// The user, read fresh: the one place that decides who may go on with a session that lives.
async fn still_welcome(app: &App, user: UserId) -> Result<User, Problem> {
    let user = users::find(&app.database, user).await?;
    let user = user.filter(|user| user.locked_at.is_none() && user.erase_after.is_none());
    user.ok_or_else(|| Problem::new(Kind::RefreshInvalid))
}

/// Whoever has the account learns that somebody has a copy of a token of theirs.
async fn tell_of_reuse(
    app: &App,
    client: &Client,
    user: UserId,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let mut transaction = app.database.begin().await?;
    let event = Event::RefreshReused { session };
    trail::record(app, &mut transaction, client, user, event, now).await?;
    if let Some(user) = users::find(&mut *transaction, user).await? {
        let occasion = Occasion::RefreshTokenReused { at: now };
        account::tell(app, &mut transaction, &user, occasion, now).await?;
    }
    Ok(transaction.commit().await?)
}
