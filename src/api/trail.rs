//! What endpoints tell the audit log: by whom and from where something was done or refused.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::audit::{self, Actor, Entry, Event, Origin};
use crate::foundation::UserId;
use crate::http::{Client, Problem};
use crate::otp::{GuessError, OtpFailure, Purpose, SendError};
use crate::state::App;

use super::admin::Admin;

/// Who does something, and from where.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    actor: Actor,
    client: &'a Client,
}

impl<'a> From<&'a Client> for By<'a> {
    fn from(client: &'a Client) -> Self {
        Self { actor: Actor::Oneself, client }
    }
}

impl<'a> From<&'a Admin> for By<'a> {
    fn from(admin: &'a Admin) -> Self {
        Self { actor: Actor::Admin(admin.user), client: &admin.client }
    }
}

/// From where a client asks.
pub(super) fn origin(client: &Client) -> Origin {
    Origin { address: client.address, request_id: client.request_id.clone() }
}

/// Writes down what the transaction of `connection` does, to `user` where it concerns one.
pub(super) async fn record(
    app: &App,
    connection: &mut PgConnection,
    by: impl Into<By<'_>>,
    user: impl Into<Option<UserId>>,
    event: Event,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let By { actor, client } = by.into();
    let entry = Entry { event, user: user.into(), actor, origin: Some(&origin(client)) };
    Ok(audit::record(connection, &app.entropy, &entry, now).await?)
}

/// Writes down what no transaction goes with.
pub(super) async fn record_alone(
    app: &App,
    by: impl Into<By<'_>>,
    user: Option<UserId>,
    event: Event,
) -> Result<(), Problem> {
    let By { actor, client } = by.into();
    let entry = Entry { event, user, actor, origin: Some(&origin(client)) };
    Ok(audit::record_alone(&app.database, &app.entropy, &entry, app.clock.now()).await?)
}

/// Writes a refusal down: the problem to answer with.
pub(super) async fn refuse(
    app: &App,
    client: &Client,
    user: Option<UserId>,
    event: Event,
    problem: Problem,
) -> Problem {
    match record_alone(app, client, user, event).await {
        Ok(()) => problem,
        Err(failure) => failure,
    }
}

/// Writes down a code that is not right: the problem to answer with.
pub(super) async fn refuse_code(
    app: &App,
    client: &Client,
    user: Option<UserId>,
    (purpose, reason): (Purpose, &'static str),
    problem: Problem,
) -> Problem {
    let event = Event::CodeWrong { purpose: purpose.as_str(), reason };
    refuse(app, client, user, event, problem).await
}

/// Why a guess was not judged, in a word.
pub(super) fn why_not_judged(error: &GuessError) -> &'static str {
    match error {
        GuessError::NoLiveCode => "no_code",
        GuessError::Exhausted { .. } => "exhausted",
        GuessError::Provider(_) | GuessError::Failure(_) => "not_judged",
    }
}

/// Writes down that a code for `user` was sent, or why not; and what became of budgets by it.
pub(super) async fn record_send(
    app: &App,
    origin: &Origin,
    (user, purpose): (UserId, Purpose),
    sent: Result<&'static str, &'static str>,
) -> Result<(), OtpFailure> {
    let (now, purpose) = (app.clock.now(), purpose.as_str());
    let event = match sent {
        Ok(channel) => Event::CodeSent { purpose, channel },
        Err(reason) => Event::CodeRefused { purpose, reason },
    };
    let entry = Entry { event, user: Some(user), actor: Actor::Oneself, origin: Some(origin) };
    audit::record_alone(&app.database, &app.entropy, &entry, now)
        .await
        .map_err(sqlx::Error::from)?;
    for news in app.otp.take_budget_news() {
        let event = if news.is_exhausted {
            Event::BudgetExhausted { scope: news.scope }
        } else {
            Event::BudgetWarned { scope: news.scope }
        };
        let entry = Entry { event, user: None, actor: Actor::System, origin: None };
        audit::record_alone(&app.database, &app.entropy, &entry, now)
            .await
            .map_err(sqlx::Error::from)?;
    }
    Ok(())
}

/// Why no code was sent, in a word.
pub(super) fn why_not_sent(refusal: &SendError) -> &'static str {
    match refusal {
        SendError::Cooldown { .. } => "cooldown",
        SendError::Capped { .. } => "capped",
        SendError::BudgetExhausted { .. } => "budget_exhausted",
        SendError::ChannelImpossible => "channel_impossible",
        SendError::CountryNotAllowed => "country_not_allowed",
        SendError::NoCarrier { .. } => "no_carrier",
        SendError::Overtaken => "overtaken",
        SendError::Provider(_) => "provider",
        SendError::Failure(_) => "failure",
    }
}
