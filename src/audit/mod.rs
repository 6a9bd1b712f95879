//! The audit log: what has happened that concerns security, to whom, by whom and from where.
//!
//! Owns the tables `audit_events`, `audit_addresses`, `audit_chain` and `audit_checkpoints`. An event is
//! written in the transaction of what it tells, or by a statement of its own where there is none. It is
//! never changed: of an address only the network is in it, and the whole address stands beside it for
//! [`ADDRESS_KEPT_FOR`]. A sealer brings the events into one order afterwards and chains them by HMAC, so
//! that whoever writes an event waits for nobody.
//!
//! | to | look at |
//! |---|---|
//! | add an event | `event`, and `docs/audit.md` |
//! | write it, read it | `store` |
//! | chain it | `chain` (the hashes), `seal` (who does it when), `chain_store` |
//! | find out what was changed | `verify` |
//! | make and drop months | `partitions` |
//! | know how it stands | `standing` |

mod chain;
mod chain_store;
mod event;
mod gathered;
mod partitions;
mod seal;
mod standing;
mod store;
mod verify;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

use crate::foundation::{ClientAddress, Entropy, EntropyError, EventId, UserId};

pub use chain::{Checkpoint, CheckpointError};
pub use chain_store::{kept_under, sealed_alone_since};
pub use event::{Event, Outcome};
pub use gathered::Gathered;
pub use partitions::{Made, Month, MonthError, PruneError, Pruned, make_partitions, prune};
pub use seal::{SealError, Sealer};
pub use standing::{Standing, standing};
pub use store::{Exported, Filter, Place, Recorded, export, newest, page};
pub use verify::{Finding, Report, verify};

/// How long the whole address of an event is kept.
pub const ADDRESS_KEPT_FOR: TimeDelta = TimeDelta::days(30);

/// Who has done something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever asks in the name of the user, or to become one.
    Oneself,
    /// An administrator, over HTTP.
    Admin(UserId),
    /// An operator, on the command line.
    CommandLine,
    /// The server, by itself.
    System,
}

impl Actor {
    fn as_str(self) -> &'static str {
        match self {
            Self::Oneself => "self",
            Self::Admin(_) => "admin",
            Self::CommandLine => "cli",
            Self::System => "system",
        }
    }

    fn admin(self) -> Option<UserId> {
        match self {
            Self::Admin(admin) => Some(admin),
            Self::Oneself | Self::CommandLine | Self::System => None,
        }
    }
}

/// From where something was asked.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The address of the client.
    pub address: ClientAddress,
    /// `X-Request-Id`.
    pub request_id: String,
}

/// An event that is to be written down.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// What.
    pub event: Event,
    /// Whose account; `None`: nobody's.
    pub user: Option<UserId>,
    /// By whom.
    pub actor: Actor,
    /// From where; `None`: from within, or the command line.
    pub origin: Option<&'a Origin>,
}

/// Why an event could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The detail cannot be written as JSON.
    #[error("the event cannot be written down")]
    Json(#[source] serde_json::Error),
}

/// For those who know no other failure of the database.
impl From<RecordError> for sqlx::Error {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Database(error) => error,
            error => Self::Encode(error.into()),
        }
    }
}

/// Writes an event down in the transaction of `connection`: with what it tells, or not at all.
///
/// # Errors
/// The database failed, or there was no randomness. What the event tells must not happen then.
pub async fn record(
    connection: &mut PgConnection,
    entropy: &Entropy,
    entry: &Entry<'_>,
    now: DateTime<Utc>,
) -> Result<(), RecordError> {
    let id = EventId::new(now, entropy)?;
    Ok(store::add(connection, id, entry, detail(&entry.event)?, false, now).await?)
}

/// Writes an event down that no transaction goes with. A refusal does not wait for the disk: should
/// PostgreSQL crash within the next second (three times `wal_writer_delay`), it is lost. A guess must cost
/// its maker more than it costs us.
///
/// # Errors
/// The database failed, or there was no randomness.
pub async fn record_alone(
    database: &PgPool,
    entropy: &Entropy,
    entry: &Entry<'_>,
    now: DateTime<Utc>,
) -> Result<(), RecordError> {
    let id = EventId::new(now, entropy)?;
    let is_hasty = entry.event.outcome() == Outcome::Failure;
    Ok(store::add(database, id, entry, detail(&entry.event)?, is_hasty, now).await?)
}

/// Forgets the addresses that are older than [`ADDRESS_KEPT_FOR`]. Returns how many.
///
/// # Errors
/// The database failed.
pub async fn forget_addresses(database: &PgPool, now: DateTime<Utc>) -> sqlx::Result<u64> {
    store::delete_addresses(database, now - ADDRESS_KEPT_FOR).await
}

/// The text of `detail`: an object, empty for events that have none.
fn detail(event: &Event) -> Result<String, RecordError> {
    serde_json::to_string(event).map_err(RecordError::Json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_an_object_in_camel_case_whatever_the_event() {
        assert_eq!(detail(&Event::Registered {}).unwrap(), "{}");
        let ended = Event::SessionsEnded { reason: "logout", sessions_ended: 2 };
        assert_eq!(detail(&ended).unwrap(), r#"{"reason":"logout","sessionsEnded":2}"#);
        assert_eq!(ended.name(), "sessions_ended");
    }

    #[test]
    fn every_name_is_there_once_and_fits_the_column() {
        for (at, name) in Event::NAMES.iter().enumerate() {
            assert!(!Event::NAMES[..at].contains(name), "{name} is there twice");
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            assert!(name.len() <= 40 && name.bytes().all(fits), "{name}");
        }
    }
}
