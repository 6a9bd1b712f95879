//! `ringfence serve`: listen, keep house, stop gracefully.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use crate::app::Application;
use crate::audit;
use crate::config::{Environment, Settings, Telemetry};
use crate::database;
use crate::foundation::{Clock, PhoneNumber};
use crate::http;
use crate::known_devices;
use crate::login_tickets;
use crate::number_claims;
use crate::observability::{Collector, SpanQueue};
use crate::otp::OtpFailure;
use crate::passwords;
use crate::phone_changes;
use crate::proofs;
use crate::reset_tickets;
use crate::tokens;

use super::{erasure, migrate, read_settings, scrape};

/// How long requests under way may take after we were told to stop: within the 10 s that container
/// runtimes commonly wait before they kill.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(7);
const POST_STOP_TIMEOUT: Duration = Duration::from_secs(1);
const POOL_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// With the time-outs before, still within those 10 s.
const SPANS_FLUSH_TIMEOUT: Duration = Duration::from_millis(500);
/// Every replica does the housekeeping; none minds when another was faster.
const HOUSEKEEPING_PERIOD: Duration = Duration::from_mins(5);
/// So long an event waits for its place in the chain.
const SEALING_PERIOD: Duration = Duration::from_secs(1);
/// One turn in so many also looks for what is long overdue.
const THOROUGH_TURN: u64 = 600;
const LIMITS_PERIOD: Duration = Duration::from_mins(1);

pub(super) async fn run(environment: &Environment, spans: Option<SpanQueue>) -> anyhow::Result<()> {
    let settings = read_settings(environment)?;
    serve(settings, spans, |address, _| info!(%address, "listening")).await
}

/// Serves until the process is told to stop. `ready` is called once, when requests are taken, with
/// the address and the base URL.
pub(super) async fn serve(
    settings: Settings,
    spans: Option<SpanQueue>,
    ready: impl FnOnce(SocketAddr, &str),
) -> anyhow::Result<()> {
    let told_to_stop = told_to_stop()?;
    let database = database::pool(settings.database.clone(), settings.pool_size);
    if settings.auto_migrate {
        migrate::apply(&database).await?;
    }
    database::require_current(&database).await?;

    let wanted = SocketAddr::new(settings.host, settings.port);
    let listener = TcpListener::bind(wanted).await.with_context(|| {
        format!("cannot listen on {wanted}; is another server there? (HOST, PORT)")
    })?;
    let address = listener.local_addr()?;
    let base_url = settings.base_url(address.port());
    let Telemetry { metrics_address, collector } = settings.telemetry.clone();
    let application =
        Application::build(settings, database.clone(), Clock::default(), base_url.clone()).await?;
    let scraping = match metrics_address {
        Some(address) => Some(scrape::start(address, &application.state).await?),
        None => None,
    };
    let tracing = Tracing::start(collector.zip(spans));
    let housekeeping = tokio::spawn(keep_house(application.state.clone()));
    let hearing = tokio::spawn(hear_of_ended_sessions(application.state.clone()));
    let (stopping_post, post_stopped) = watch::channel(false);
    let state = application.state.clone();
    let post = tokio::spawn(async move { state.emails.post(&state.database, post_stopped).await });
    let limits = application.limits.clone();
    let sealing = tokio::spawn(seal(application.state.clone()));
    let reading_keys = tokio::spawn(keep_keys(application.state.clone()));
    let forgetting = tokio::spawn(every(LIMITS_PERIOD, move || {
        limits.forget_idle();
        std::future::ready(())
    }));

    ready(address, &base_url);
    tokio::task::spawn_blocking(PhoneNumber::load_plans);
    listen(listener, &application, told_to_stop).await;
    stopping_post.send_replace(true);
    stop_post(post).await;
    housekeeping.abort();
    sealing.abort();
    reading_keys.abort();
    forgetting.abort();
    hearing.abort();
    close(&database).await;
    tracing.stop().await;
    drop(scraping);
    info!("stopped");
    Ok(())
}

/// Takes requests until told to stop, then lets those under way finish.
async fn listen(
    listener: TcpListener,
    application: &Application,
    told_to_stop: impl Future<Output = ()>,
) {
    let (stopping, mut stopped) = watch::channel(false);
    let graceful = async move {
        told_to_stop.await;
        info!("stopping: no new connections, finishing requests under way");
        stopping.send_replace(true);
    };
    let deadline = async move {
        // An error means that the server has ended by itself.
        if stopped.wait_for(|stopping| *stopping).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(DRAIN_TIMEOUT).await;
    };
    tokio::select! {
        () = http::serve(listener, application.router(), graceful) => {}
        () = deadline => warn!("some requests did not finish in time and are cut off"),
    }
}

/// The task that sends spans to the collector, where there is one.
struct Tracing(Option<(watch::Sender<bool>, JoinHandle<()>)>);

impl Tracing {
    fn start(traces: Option<(Collector, SpanQueue)>) -> Self {
        Self(traces.map(|(collector, spans)| {
            let (stopping, mut stopped) = watch::channel(false);
            let following = tokio::spawn(async move {
                let stopped = async move {
                    // An error means that nobody will ever say so.
                    let _ = stopped.wait_for(|stopped| *stopped).await;
                };
                if let Err(cause) = collector.follow(spans, stopped).await {
                    let cause: &dyn std::error::Error = &cause;
                    error!(cause, "no traces are exported");
                }
            });
            (stopping, following)
        }))
    }

    /// Sends what has not been sent yet, or lets it go.
    async fn stop(self) {
        let Some((stopping, mut following)) = self.0 else { return };
        stopping.send_replace(true);
        if tokio::time::timeout(SPANS_FLUSH_TIMEOUT, &mut following).await.is_err() {
            warn!("the collector of traces does not answer; the last spans are lost");
            following.abort();
        }
    }
}

/// An e-mail that is being handed over is finished: cut off it might be sent twice.
async fn stop_post(mut post: JoinHandle<()>) {
    if tokio::time::timeout(POST_STOP_TIMEOUT, &mut post).await.is_err() {
        warn!("the mail server does not answer; an e-mail may be sent again");
        post.abort();
    }
}

async fn close(database: &PgPool) {
    if tokio::time::timeout(POOL_CLOSE_TIMEOUT, database.close()).await.is_err() {
        warn!("some database connections did not close in time");
    }
}

/// Completes on SIGTERM or Ctrl-C.
fn told_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be heard")?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// Keeps the set of ended sessions fed.
async fn hear_of_ended_sessions(state: crate::state::AppState) {
    state.sessions.revocations().follow(&state.database, &state.clock, &state.entropy).await;
}

/// Deletes, again and again, what nothing asks for any more.
async fn keep_house(state: crate::state::AppState) {
    every(HOUSEKEEPING_PERIOD, || async {
        let now = state.clock.now();
        let deleted = async {
            let tickets = login_tickets::delete_expired(&state.database, now).await?;
            let resets = reset_tickets::delete_expired(&state.database, now).await?;
            let devices = known_devices::delete_expired(&state.database, now).await?;
            let changes = phone_changes::delete_expired(&state.database, now).await?;
            let claims = number_claims::delete_expired(&state.database, now).await?;
            let proofs = proofs::delete_expired(&state.database, now).await?;
            let guesses =
                passwords::delete_expired_guesses(&mut *state.database.acquire().await?, now)
                    .await?;
            let watched = state.guard.keep_house(&state.database, now).await?;
            let codes = state.otp.keep_house(&state.database, now).await?;
            let sessions = state.sessions.delete_expired(&state.database, now).await?;
            let addresses = audit::forget_addresses(&state.database, now).await?;
            let emails = state.emails.keep_house(&state.database, now).await?;
            let limits = state.shared_limits.delete_expired(now).await?;
            // Last, since it also wants the store of codes, which may be away.
            let people =
                erasure::erase_due(&state.otp, &state.database, &state.entropy, now).await?;
            let begun = tickets + resets + devices + changes + claims + proofs + guesses + watched;
            Ok::<_, OtpFailure>(begun + codes + sessions + addresses + emails + limits + people)
        };
        match deleted.await {
            Ok(0) => {}
            Ok(rows) => info!(rows, "deleted what has run out"),
            Err(cause) => error!(cause = &cause as &dyn std::error::Error, "housekeeping failed"),
        }
    })
    .await;
}

/// Brings the audit log into its order, again and again.
async fn seal(state: crate::state::AppState) {
    let mut turn: u64 = 0;
    every(SEALING_PERIOD, || {
        let is_thorough = turn.is_multiple_of(THOROUGH_TURN);
        turn += 1;
        let state = state.clone();
        async move {
            let now = state.clock.now();
            if let Err(cause) = state.sealer.seal(&state.database, is_thorough, now).await {
                warn!(cause = &cause as &dyn std::error::Error, "the audit log waits to be sealed");
            }
        }
    })
    .await;
}

/// Looks, again and again, how the signing keys stand, and has the next one made when it is due.
async fn keep_keys(state: crate::state::AppState) {
    every(tokens::RELOAD_PERIOD, || async {
        if let Err(cause) = state.tokens.reload_keys(&state.database, state.clock.now()).await {
            let cause: &dyn std::error::Error = &cause;
            error!(cause, "the signing keys could not be read anew; those in memory stay");
        }
    })
    .await;
}

async fn every<F: Future<Output = ()>>(period: Duration, mut work: impl FnMut() -> F) {
    let mut ticks = tokio::time::interval(period);
    loop {
        ticks.tick().await;
        work().await;
    }
}
