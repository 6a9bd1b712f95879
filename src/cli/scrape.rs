//! What `METRICS_ADDR` serves: `GET /metrics`, on a listener of its own, and the gauges that are read when
//! somebody scrapes.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use sqlx::{Connection as _, PgConnection};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use crate::foundation::Metric;
use crate::http::{self, Kind};
use crate::observability::{METRICS_CONTENT_TYPE, Recorder, UPKEEP_PERIOD};
use crate::otp::BreakerState;
use crate::state::{App, AppState};

/// How long a scrape waits for a connection of the pool, and then for the database: Prometheus itself
/// gives up after ten seconds.
const PATIENCE: Duration = Duration::from_secs(1);
const MICROS: f64 = 1_000_000.0;

/// Serves metrics at `address`, until what is returned is dropped.
pub(super) async fn start(address: SocketAddr, app: &AppState) -> anyhow::Result<JoinSet<()>> {
    let recorder = Recorder::install()?;
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; is another server there? (METRICS_ADDR)")
    })?;
    let address = listener.local_addr()?;
    info!(%address, "metrics can be scraped");
    let now = app.clock.now();
    Metric::StartTime.set(&[], number(now.timestamp()));
    Metric::BuildInfo.set(&[env!("CARGO_PKG_VERSION")], 1.0);
    Metric::DatabaseConnectionsMax.set(&[], app.database.options().get_max_connections().into());
    // Begins at nothing, so that the first one is an increase and sets off the alert.
    Metric::Refusals.add_many(&[Kind::InternalError.entry().code, "", ""], 0);
    let router =
        Router::new().route("/metrics", get(scrape)).with_state((recorder.clone(), app.clone()));
    let mut tasks = JoinSet::new();
    tasks.spawn(http::serve(listener, router, std::future::pending()));
    tasks.spawn(async move {
        let mut ticks = tokio::time::interval(UPKEEP_PERIOD);
        loop {
            ticks.tick().await;
            recorder.keep_up();
        }
    });
    Ok(tasks)
}

async fn scrape(State((recorder, app)): State<(Recorder, AppState)>) -> impl IntoResponse {
    look(&app);
    look_into_database(&app).await;
    ([(CONTENT_TYPE, METRICS_CONTENT_TYPE)], recorder.render())
}

/// What this process knows by itself.
fn look(app: &App) {
    let idle = u32::try_from(app.database.num_idle()).unwrap_or(u32::MAX);
    let in_use = app.database.size().saturating_sub(idle);
    Metric::DatabaseConnections.set(&["idle"], idle.into());
    Metric::DatabaseConnections.set(&["in_use"], in_use.into());
    let waiting = u32::try_from(app.hasher.queue_depth()).unwrap_or(u32::MAX);
    Metric::HashQueueDepth.set(&[], waiting.into());
    let is_listening = app.sessions.revocations().is_listening();
    Metric::RevocationsListening.set(&[], u8::from(is_listening).into());
    let now = app.clock.now();
    let since = app.tokens.signing_since(now).unwrap_or(now);
    Metric::SigningKeyAge.set(&[], number((now - since).num_seconds()));
    for carrier in app.otp.carriers().all() {
        let found = carrier.breaker_state();
        for state in [BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen] {
            let is_in_it = u8::from(state == found);
            Metric::ProviderBreaker.set(&[carrier.name(), state.as_str()], is_in_it.into());
        }
    }
}

/// What the database knows. Where it is away what it said last stays, and `ringfence_database_up` is 0.
async fn look_into_database(app: &App) {
    let began = Instant::now();
    let connection = timeout(PATIENCE, app.database.acquire()).await;
    Metric::DatabaseAcquire.set(&[], began.elapsed().min(PATIENCE).as_secs_f64());
    let is_up = match connection {
        Ok(Ok(mut connection)) => {
            matches!(timeout(PATIENCE, ask(app, &mut connection)).await, Ok(Ok(())))
        }
        Ok(Err(_)) | Err(_) => false,
    };
    if !is_up {
        warn!("the database did not answer a scrape of the metrics in time");
    }
    Metric::DatabaseUp.set(&[], u8::from(is_up).into());
}

async fn ask(app: &App, connection: &mut PgConnection) -> sqlx::Result<()> {
    connection.ping().await?;
    if let Some(waiting) = app.emails.count_waiting(&mut *connection).await? {
        Metric::EmailsWaiting.set(&[], number(waiting));
    }
    let (currency, budgets) = app.otp.budgets_spent(connection).await?;
    for budget in budgets {
        let labels = [budget.scope, currency.as_str()];
        Metric::SmsBudgetSpent.set(&labels, number(budget.micros) / MICROS);
        Metric::SmsBudgetLimit.set(&labels, number(budget.cap.micros()) / MICROS);
    }
    Ok(())
}

/// A whole number as Prometheus has numbers.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
fn number(whole: i64) -> f64 {
    whole as f64
}
