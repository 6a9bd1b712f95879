//! The SQL of `audit_events` and `audit_addresses`: writing, reading, forgetting addresses.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::{PgConnection, PgExecutor};
use utoipa::ToSchema;

use crate::foundation::{EventId, UserId};

use super::Entry;

/// Writes one event, and its address beside it. `is_hasty`: its commit does not wait for the disk; only
/// for a statement that is a transaction of its own.
pub(super) async fn add(
    executor: impl PgExecutor<'_>,
    id: EventId,
    entry: &Entry<'_>,
    detail: String,
    is_hasty: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let Entry { event, user, actor, origin } = entry;
    sqlx::query!(
        r#"
        WITH added AS (
            INSERT INTO audit_events (
                id, created_at, event, outcome, user_id, actor, actor_id, network, request_id, detail
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::cidr, $9, $10::text::json)
        )
        INSERT INTO audit_addresses (event_id, address, created_at)
        SELECT $1, $11::text::inet, $2
        WHERE set_config(
                'synchronous_commit',
                CASE WHEN $12::boolean THEN 'off' ELSE current_setting('synchronous_commit') END,
                true
            ) IS NOT NULL
            AND $11::text IS NOT NULL
        "#,
        id as _,
        now,
        event.name(),
        event.outcome().as_str(),
        *user as _,
        actor.as_str(),
        actor.admin() as _,
        origin.map(|origin| origin.address.block().to_string()),
        origin.map(|origin| origin.request_id.as_str()),
        detail,
        origin.map(|origin| origin.address.ip().to_string()),
        is_hasty,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Deletes the addresses of before then. Returns how many.
pub(super) async fn delete_addresses(
    executor: impl PgExecutor<'_>,
    before: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!("DELETE FROM audit_addresses WHERE created_at <= $1", before)
        .execute(executor);
    Ok(deleted.await?.rows_affected())
}

/// Which events are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// From then on.
    pub from: Option<DateTime<Utc>>,
    /// Before then.
    pub to: Option<DateTime<Utc>>,
    /// Of this user.
    pub user: Option<UserId>,
    /// Of this name.
    pub event: Option<String>,
}

/// The place of an event in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// When.
    pub at: DateTime<Utc>,
    /// Which of that moment.
    pub id: EventId,
}

/// An event as it was written down, for operators. The names of the fields are stable.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Which.
    pub id: EventId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// What.
    pub event: String,
    /// `success` or `failure`.
    pub outcome: String,
    /// Whose account.
    pub user_id: Option<UserId>,
    /// `self`, `admin`, `cli` or `system`.
    pub actor: String,
    /// The administrator, where it was one.
    pub actor_id: Option<UserId>,
    /// The /24 or /48 from where.
    pub network: Option<String>,
    /// The address from where, while it is kept.
    pub address: Option<String>,
    /// `X-Request-Id`.
    pub request_id: Option<String>,
    /// What belongs to this kind of event.
    pub detail: Box<RawValue>,
    /// The place in the chain; `null` until it is sealed.
    pub position: Option<i64>,
}

impl Recorded {
    /// Where it stands in the order of time.
    pub fn place(&self) -> Place {
        Place { at: self.created_at, id: self.id }
    }
}

/// As the database has it: `detail` is still to be read.
struct Row {
    id: EventId,
    created_at: DateTime<Utc>,
    event: String,
    outcome: String,
    user_id: Option<UserId>,
    actor: String,
    actor_id: Option<UserId>,
    network: Option<String>,
    address: Option<String>,
    request_id: Option<String>,
    detail: String,
    position: Option<i64>,
}

impl TryFrom<Row> for Recorded {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let detail = RawValue::from_string(row.detail);
        Ok(Self {
            id: row.id,
            created_at: row.created_at,
            event: row.event,
            outcome: row.outcome,
            user_id: row.user_id,
            actor: row.actor,
            actor_id: row.actor_id,
            network: row.network,
            address: row.address,
            request_id: row.request_id,
            detail: detail.map_err(|error| sqlx::Error::Decode(error.into()))?,
            position: row.position,
        })
    }
}

/// The first `limit` events after `after`, in the order of time.
///
/// # Errors
/// The database failed.
pub async fn page(
    executor: impl PgExecutor<'_>,
    filter: &Filter,
    after: Option<Place>,
    limit: u32,
) -> sqlx::Result<Vec<Recorded>> {
    let Filter { from, to, user, event } = filter;
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT e.id AS "id: _", e.created_at, e.event, e.outcome, e.user_id AS "user_id: _", e.actor,
            e.actor_id AS "actor_id: _", e.network::text, host(a.address) AS "address?",
            e.request_id, e.detail::text AS "detail!", c.position AS "position?"
        FROM audit_events e
        LEFT JOIN audit_addresses a ON a.event_id = e.id
        LEFT JOIN audit_chain c ON c.event_id = e.id AND c.event_at = e.created_at
        WHERE ($1::timestamptz IS NULL OR e.created_at >= $1)
            AND ($2::timestamptz IS NULL OR e.created_at < $2)
            AND ($3::uuid IS NULL OR e.user_id = $3)
            AND ($4::text IS NULL OR e.event = $4)
            AND ($5::timestamptz IS NULL OR (e.created_at, e.id) > ($5, $6::uuid))
        ORDER BY e.created_at, e.id
        LIMIT $7
        "#,
        *from,
        *to,
        *user as _,
        event.as_deref(),
        after.map(|place| place.at),
        after.map(|place| place.id) as _,
        i64::from(limit),
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(Recorded::try_from).collect()
}

/// The last `limit` events, in the order of time.
///
/// # Errors
/// The database failed.
pub async fn newest(
    executor: impl PgExecutor<'_>,
    filter: &Filter,
    limit: u32,
) -> sqlx::Result<Vec<Recorded>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT e.id AS "id: _", e.created_at, e.event, e.outcome, e.user_id AS "user_id: _", e.actor,
            e.actor_id AS "actor_id: _", e.network::text, host(a.address) AS "address?",
            e.request_id, e.detail::text AS "detail!", c.position AS "position?"
        FROM audit_events e
        LEFT JOIN audit_addresses a ON a.event_id = e.id
        LEFT JOIN audit_chain c ON c.event_id = e.id AND c.event_at = e.created_at
        WHERE ($1::uuid IS NULL OR e.user_id = $1) AND ($2::text IS NULL OR e.event = $2)
        ORDER BY e.created_at DESC, e.id DESC
        LIMIT $3
        "#,
        filter.user as _,
        filter.event.as_deref(),
        i64::from(limit),
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().rev().map(Recorded::try_from).collect()
}

/// What is told of a person's events to the person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    events: Vec<ExportedEvent>,
    /// From where they were, while that is kept.
    event_addresses: Vec<ExportedAddress>,
}

/// What has happened to the account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedEvent)]
struct ExportedEvent {
    id: EventId,
    created_at: DateTime<Utc>,
    /// What.
    event: String,
    /// `success` or `failure`.
    outcome: String,
    /// `self`, `admin`, `cli` or `system`.
    actor: String,
    /// The network from where.
    network: Option<String>,
    request_id: Option<String>,
    /// What belongs to this kind of event.
    detail: serde_json::Value,
}

/// The address of an event, for 30 days.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedEventAddress)]
struct ExportedAddress {
    event_id: EventId,
    address: Option<String>,
    created_at: DateTime<Utc>,
}

/// All that is kept of `user` here.
///
/// # Errors
/// The database failed.
pub async fn export(connection: &mut PgConnection, user: UserId) -> sqlx::Result<Exported> {
    let events = sqlx::query_as!(
        ExportedEvent,
        r#"
        SELECT id AS "id: _", created_at, event, outcome, actor, network::text, request_id, detail
        FROM audit_events
        WHERE user_id = $1
        ORDER BY created_at, id
        "#,
        user as _,
    );
    let events = events.fetch_all(&mut *connection).await?;
    let addresses = sqlx::query_as!(
        ExportedAddress,
        r#"
        SELECT a.event_id AS "event_id: _", host(a.address) AS address, a.created_at
        FROM audit_events e
        JOIN audit_addresses a ON a.event_id = e.id
        WHERE e.user_id = $1
        ORDER BY a.created_at, a.event_id
        "#,
        user as _,
    );
    let event_addresses = addresses.fetch_all(connection).await?;
    Ok(Exported { events, event_addresses })
}
