//! `POST /api/v1/auth/introspect`: what a token says, for services that would rather ask (RFC 7662).

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::api::trail;
use crate::audit::Event;
use crate::foundation::{SessionId, TokenId, UserId};
use crate::http::{Client, Form, Kind, Problem};
use crate::sessions::Described;
use crate::state::{App, AppState};
use crate::tokens::Claims;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] =
    &[Kind::ClientInvalid, Kind::FormInvalid, Kind::BodyTooLarge, Kind::ContentTypeNotSupported];

/// A token to be looked at. Other parameters are ignored.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the form; it is read by name")]
pub(in crate::api) struct IntrospectForm {
    /// An access token or a refresh token.
    token: String,
    /// Not needed: a token tells by itself what it is.
    token_type_hint: Option<String>,
}

/// What a token says. Of one that is not good nothing but `active` is told.
#[derive(Default, Serialize, ToSchema)]
pub(in crate::api) struct Introspection {
    /// Whether it is ours, its time is not over and its session lives.
    active: bool,
    /// `access`, or `refresh`: a refresh token opens nothing, whoever brings it.
    #[schema(example = "access")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_use: Option<&'static str>,
    /// `Bearer` for an access token.
    #[schema(example = "Bearer")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    /// Whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<UserId>,
    /// Whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    /// When it was issued, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// From when on it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    /// Until when it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// Its own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<TokenId>,
    /// The session that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Whether the phone is verified.
    #[serde(rename = "isVerified", skip_serializing_if = "Option::is_none")]
    is_verified: Option<bool>,
    /// What the person is to the services that read the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    /// How the person was authenticated (RFC 8176).
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<Vec<String>>,
    /// When the person was authenticated.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
}

impl Introspection {
    fn of_access_token(claims: &Claims) -> Self {
        Self {
            active: true,
            token_use: Some("access"),
            token_type: Some("Bearer"),
            iss: Some(claims.iss.clone()),
            sub: Some(claims.sub),
            aud: Some(claims.aud.clone()),
            iat: Some(claims.iat),
            nbf: Some(claims.nbf),
            exp: Some(claims.exp),
            jti: Some(claims.jti),
            sid: Some(claims.sid),
            email: Some(claims.email.clone()),
            is_verified: Some(claims.is_verified),
            roles: (!claims.roles.is_empty()).then(|| claims.roles.clone()),
            amr: Some(claims.amr.clone()),
            auth_time: Some(claims.auth_time),
        }
    }

    fn of_refresh_token(described: &Described) -> Self {
        Self {
            active: true,
            token_use: Some("refresh"),
            sub: Some(described.user),
            exp: Some(described.expires_at.timestamp()),
            sid: Some(described.session),
            auth_time: Some(described.authenticated_at.timestamp()),
            ..Self::default()
        }
    }
}

/// Introspect a token
///
/// What a token says, as of now (RFC 7662): unlike a check of the signature alone this knows of
/// sessions that have ended. Only for `INTROSPECTION_CLIENTS`.
#[utoipa::path(post, path = "/api/v1/auth/introspect", tag = "tokens",
    operation_id = "introspect", security(("client" = [])),
    request_body(content = IntrospectForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "What the token says.", body = Introspection)))]
pub(in crate::api) async fn introspect(
    State(app): State<AppState>,
    client: Client,
    headers: HeaderMap,
    form: Result<Form, Problem>,
) -> Result<Json<Introspection>, Problem> {
    require_client(&app, &client, &headers).await?;
    let token = Zeroizing::new(form?.take("token").ok_or_else(Form::invalid)?);
    look_at(&app, &token, app.clock.now()).await.map(Json)
}

async fn look_at(app: &App, token: &str, now: DateTime<Utc>) -> Result<Introspection, Problem> {
    if let Ok(claims) = app.tokens.check(&app.database, token, now).await {
        let known = app.sessions.revocations();
        let ended = known.has_ended(&app.database, claims.sid, claims.good_for()).await?;
        return Ok(if ended {
            Introspection::default()
        } else {
            Introspection::of_access_token(&claims)
        });
    }
    let described = app.sessions.describe(&app.database, token, now).await?;
    Ok(described.as_ref().map(Introspection::of_refresh_token).unwrap_or_default())
}

/// Refusals are written down together where they come fast: nothing limits how often anybody asks here.
async fn require_client(app: &App, client: &Client, headers: &HeaderMap) -> Result<(), Problem> {
    let known = read_basic(headers)
        .is_some_and(|(id, secret)| app.introspection_clients.knows(&id, &secret));
    if known {
        return Ok(());
    }
    if let Some(times) = app.introspection_refusals.count(app.clock.now()) {
        trail::record_alone(app, client, None, Event::IntrospectionRefused { times }).await?;
    }
    Err(Problem::new(Kind::ClientInvalid).with("error", "invalid_client"))
}

/// RFC 7617, 2. Ids and secrets have no characters that RFC 6749, 2.3.1 would have encoded.
fn read_basic(headers: &HeaderMap) -> Option<(String, Zeroizing<String>)> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (scheme, encoded) = values.next()?.to_str().ok()?.split_once(' ')?;
    if values.next().is_some() || !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((id.to_owned(), Zeroizing::new(secret.to_owned())))
}
