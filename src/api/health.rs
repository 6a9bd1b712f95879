//! Whether the server lives, and whether it can serve.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::database::DatabaseHealth;
use crate::state::AppState;

/// The answer of `/health` and `/livez`.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `UP`: a server that is not up does not answer.
    #[schema(example = "UP")]
    status: &'static str,
    /// The server's time.
    timestamp: DateTime<Utc>,
}

/// The answer of `/readyz`.
#[derive(Serialize, ToSchema)]
pub(super) struct Readiness {
    /// `DOWN` where the database or its schema is, `DEGRADED` where only codes cannot be sent or
    /// checked because Redis is away, otherwise `UP`.
    #[schema(example = "UP")]
    status: &'static str,
    checks: Checks,
}

/// What `/readyz` looks at.
#[derive(Serialize, ToSchema)]
pub(super) struct Checks {
    /// Whether the database answers: `UP` or `DOWN`.
    #[schema(example = "UP")]
    database: &'static str,
    /// Whether its schema has everything that this version needs: `UP` or `DOWN`.
    #[schema(example = "UP")]
    migrations: &'static str,
    /// Whether Redis answers: `UP` or `DOWN`. Only where codes are kept there. Without it the server is
    /// not `DOWN`: whoever needs no code can still log in.
    #[schema(example = "UP")]
    #[serde(skip_serializing_if = "Option::is_none")]
    redis: Option<&'static str>,
    /// Who carries the codes, in the order in which they are asked. A carrier that is out of order
    /// does not make the server `DOWN`: whoever needs no code can still log in.
    providers: Vec<ProviderCheck>,
    /// How this replica knows of sessions that have ended. `listening`: from memory. `asking`: by
    /// asking the database for each token, which makes it slower, not `DOWN`.
    #[schema(example = "listening")]
    revocations: &'static str,
}

/// A carrier, as this process has found it.
#[derive(Serialize, ToSchema)]
pub(super) struct ProviderCheck {
    /// Its name in `VERIFICATION_PROVIDER`.
    #[schema(example = "sinch")]
    name: &'static str,
    /// Its circuit breaker. `closed`: it works. `open`: it has failed too often and is left alone.
    /// `half_open`: one message tries whether it works again.
    #[schema(example = "closed")]
    breaker: &'static str,
}

/// Health
///
/// The server lives.
#[utoipa::path(get, path = "/health", tag = "operations", operation_id = "health",
    responses((status = 200, description = "The server lives.", body = Health)))]
pub(super) async fn health(State(app): State<AppState>) -> Json<Health> {
    Json(Health { status: "UP", timestamp: app.clock.now() })
}

/// Liveness
///
/// The server lives. Asks nobody else: a server is not restarted because its database is away.
#[utoipa::path(get, path = "/livez", tag = "operations", operation_id = "livez",
    responses((status = 200, description = "The server lives.", body = Health)))]
pub(super) async fn livez(state: State<AppState>) -> Json<Health> {
    health(state).await
}

/// Readiness
///
/// The server can serve: its database answers and has the schema that this version needs.
#[utoipa::path(get, path = "/readyz", tag = "operations", operation_id = "readyz",
    responses(
        (status = 200, description = "Send requests here.", body = Readiness),
        (status = 503, description = "Send them elsewhere.", body = Readiness),
    ))]
pub(super) async fn readyz(State(app): State<AppState>) -> (StatusCode, Json<Readiness>) {
    let DatabaseHealth { answers, is_current } = app.database_watch.look(&app.database).await;
    let redis = app.otp.store().answers().await;
    let (code, status) = match redis {
        _ if !(answers && is_current) => (StatusCode::SERVICE_UNAVAILABLE, "DOWN"),
        Some(false) => (StatusCode::OK, "DEGRADED"),
        _ => (StatusCode::OK, "UP"),
    };
    let providers = app.otp.carriers().all().iter().map(|carrier| ProviderCheck {
        name: carrier.name(),
        breaker: carrier.breaker_state().as_str(),
    });
    let checks = Checks {
        database: word(answers),
        migrations: word(is_current),
        redis: redis.map(word),
        providers: providers.collect(),
        revocations: if app.sessions.revocations().is_listening() { "listening" } else { "asking" },
    };
    (code, Json(Readiness { status, checks }))
}

fn word(is_up: bool) -> &'static str {
    if is_up { "UP" } else { "DOWN" }
}
