//! Holds the events against the chain, and the chain against itself and its checkpoints. Reads page by
//! page, so that a log of any length needs the same memory.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use crate::foundation::{EventId, KeyPurpose, Keyring};

use super::chain::{BEGINNING, Checkpoint, Head, Link};
use super::chain_store::{self, Linked, Noted};

/// Rows of one page.
const PAGE: i64 = 1000;
/// Findings that are told one by one; more than these are counted.
const TOLD: usize = 100;
/// A server seals each second: what is older and in no chain was put there, or nobody seals.
const SEALED_WITHIN: TimeDelta = TimeDelta::minutes(1);

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Links are missing: removed, or moved elsewhere.
    Gap {
        /// The first place without one.
        position: i64,
    },
    /// The link does not follow from the one before: it was changed or moved, or that one was.
    Broken {
        /// Its place.
        position: i64,
    },
    /// The link, or the checkpoint, was made by a key that `SECRET_KEY` does not have, so nobody can tell.
    KeyUnknown {
        /// Its place.
        position: i64,
        /// The id of the key.
        key_id: String,
    },
    /// The event is gone.
    Removed {
        /// Its place.
        position: i64,
        /// Which.
        event: EventId,
    },
    /// The event is another than was sealed.
    Changed {
        /// Its place.
        position: i64,
        /// Which.
        event: EventId,
    },
    /// The chain has another hash there than the checkpoint says.
    Rewritten {
        /// The place of the checkpoint.
        position: i64,
    },
    /// The chain ends before the place of the checkpoint.
    Truncated {
        /// The place of the checkpoint.
        position: i64,
    },
    /// The checkpoint was not written by this server.
    CheckpointForged {
        /// Its place.
        position: i64,
    },
    /// The event is in no chain, though a minute has passed or its id is that of another.
    Unsealed {
        /// Which.
        event: EventId,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap { position } => write!(f, "position {position}: missing from the chain"),
            Self::Broken { position } => {
                write!(f, "position {position}: does not follow from the one before it")
            }
            Self::KeyUnknown { position, key_id } => {
                write!(f, "position {position}: made by key {key_id}, which SECRET_KEY lacks")
            }
            Self::Removed { position, event } => {
                write!(f, "position {position}: event {event} is removed")
            }
            Self::Changed { position, event } => {
                write!(f, "position {position}: event {event} is changed")
            }
            Self::Rewritten { position } => {
                write!(f, "position {position}: not the chain that the checkpoint is of")
            }
            Self::Truncated { position } => {
                write!(f, "position {position}: the chain ends before this checkpoint")
            }
            Self::CheckpointForged { position } => {
                write!(f, "position {position}: the checkpoint is not one of this server")
            }
            Self::Unsealed { event } => write!(f, "event {event} is in no chain"),
        }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// The first findings, in the order of the chain: at most 100.
    pub findings: Vec<Finding>,
    /// How many findings there are.
    pub found: u64,
    /// How many links were looked at.
    pub links: u64,
    /// How many of their events were dropped with their month, as retention wants it.
    pub dropped: u64,
    /// How many checkpoints were looked at.
    pub checkpoints: u64,
    /// The end of the chain: to be kept elsewhere, and given to the next run. `None`: it is empty.
    pub head: Option<Checkpoint>,
}

impl Report {
    fn find(&mut self, finding: Finding) {
        self.found += 1;
        if self.findings.len() < TOLD {
            self.findings.push(finding);
        }
    }
}

/// Where a walk along the chain is.
struct Walk<'a> {
    keyring: &'a Keyring,
    head: Head,
    /// Events from before then were dropped.
    kept_from: Option<DateTime<Utc>>,
    report: Report,
}

/// Verifies all that is kept, and that `known` are places of it. Servers may seal meanwhile.
///
/// # Errors
/// The database failed.
pub async fn verify(
    database: &PgPool,
    keyring: &Keyring,
    known: &[Checkpoint],
    now: DateTime<Utc>,
) -> sqlx::Result<Report> {
    // A checkpoint is written in one transaction with its links, so the walk sees those of all that are noted by now.
    // Later ones may be of links that come behind its back.
    let noted_until = chain_store::last_place_noted(database).await?.unwrap_or_default();
    let mut walk = Walk { keyring, head: BEGINNING, kept_from: None, report: Report::default() };
    walk.begin(chain_store::start(database).await?)?;
    let begins_at = walk.head.position;
    loop {
        let page = chain_store::links(database, walk.head.position, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for linked in &page {
            walk.step(linked)?;
        }
    }
    let end = walk.head;
    let mut report = walk.checkpoints(database, begins_at, noted_until).await?;
    for checkpoint in known {
        look_at(database, checkpoint, begins_at, end, &mut report).await?;
    }
    for event in chain_store::not_in_chain(database, now - SEALED_WITHIN, PAGE).await? {
        report.find(Finding::Unsealed { event });
    }
    report.head = (end != BEGINNING).then(|| end.into());
    Ok(report)
}

impl Walk<'_> {
    fn begin(&mut self, start: Option<Noted>) -> sqlx::Result<()> {
        let Some(start) = start else { return Ok(()) };
        if let Some(finding) = fault(self.keyring, &start)? {
            self.report.find(finding);
            return Ok(());
        }
        self.head = Head { position: start.position, hash: chain_store::fixed(&start.chain_hash)? };
        self.kept_from = start.kept_from;
        Ok(())
    }

    fn step(&mut self, linked: &Linked) -> sqlx::Result<()> {
        let position = linked.position;
        self.report.links += 1;
        if position != self.head.position + 1 {
            self.report.find(Finding::Gap { position: self.head.position + 1 });
        }
        let event_hash = chain_store::fixed(&linked.event_hash)?;
        let link = Link { position, event: linked.event_id, event_at: linked.event_at, event_hash };
        let key_id = linked.key_id.as_str();
        if !link.is_sealed_by(self.keyring, key_id, &self.head, &linked.chain_hash) {
            let broken = Finding::Broken { position };
            self.report.find(unknown(self.keyring, position, key_id).unwrap_or(broken));
        }
        let event = linked.event_id;
        match &linked.stored {
            Some(stored) if stored.hash() == event_hash => {}
            Some(_) => self.report.find(Finding::Changed { position, event }),
            None if self.kept_from.is_some_and(|from| linked.event_at < from) => {
                self.report.dropped += 1;
            }
            None => self.report.find(Finding::Removed { position, event }),
        }
        // From the link as it stands, so that one break is not told of all that follow.
        self.head = Head { position, hash: chain_store::fixed(&linked.chain_hash)? };
        Ok(())
    }

    /// Those of before the beginning tell nothing of what is kept: their keys may be gone, too. Where it begins is by a
    /// checkpoint that was verified, or 0, so nobody else can put it later.
    async fn checkpoints(
        mut self,
        database: &PgPool,
        begins_at: i64,
        noted_until: i64,
    ) -> sqlx::Result<Report> {
        let mut after = (-1, DateTime::UNIX_EPOCH);
        loop {
            let page = chain_store::checkpoints(database, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(self.report) };
            after = (last.position, last.created_at);
            let told = begins_at + 1..=noted_until;
            for noted in page.iter().filter(|noted| told.contains(&noted.position)) {
                self.report.checkpoints += 1;
                if let Some(finding) = fault(self.keyring, noted)? {
                    self.report.find(finding);
                    continue;
                }
                let hash = chain_store::fixed(&noted.chain_hash)?;
                let checkpoint = Checkpoint { position: noted.position, hash };
                look_at(database, &checkpoint, begins_at, self.head, &mut self.report).await?;
            }
        }
    }
}

/// That nobody can tell who made what is at that place: none of the keys is the one of that id.
fn unknown(keyring: &Keyring, position: i64, key_id: &str) -> Option<Finding> {
    let is_known = keyring.mac_under(KeyPurpose::AuditChain, key_id, b"").is_some();
    (!is_known).then(|| Finding::KeyUnknown { position, key_id: key_id.to_owned() })
}

/// What is wrong with that row, where the server has not written it.
fn fault(keyring: &Keyring, noted: &Noted) -> sqlx::Result<Option<Finding>> {
    let hash = chain_store::fixed(&noted.chain_hash)?;
    let Noted { position, created_at, kept_from, ref key_id, .. } = *noted;
    let message = Checkpoint { position, hash }.message(kept_from, created_at);
    if keyring.verify_mac(KeyPurpose::AuditChain, key_id, &message, &noted.mac) {
        return Ok(None);
    }
    let forged = Finding::CheckpointForged { position };
    Ok(Some(unknown(keyring, position, key_id).unwrap_or(forged)))
}

/// Whether the chain is that of the checkpoint. One of a place that was dropped tells nothing any more.
async fn look_at(
    database: &PgPool,
    checkpoint: &Checkpoint,
    begins_at: i64,
    end: Head,
    report: &mut Report,
) -> sqlx::Result<()> {
    let position = checkpoint.position;
    if position > end.position {
        report.find(Finding::Truncated { position });
    } else if position > begins_at {
        let hash = chain_store::hash_at(database, position).await?;
        if hash.is_some_and(|hash| hash != checkpoint.hash) {
            report.find(Finding::Rewritten { position });
        }
    }
    Ok(())
}
