//! The ledger: one row for each message or call, written before it is handed to a carrier, so that
//! none can be paid for and not be in it.
//!
//! Owns the table `messages`. Never sends anything, and nothing is ever sent because of what stands
//! here: a row whose fate is unknown stays unknown until its carrier tells.

mod personal;
mod prices;
mod report;
mod state;
mod store;

use chrono::{DateTime, TimeDelta, Utc};

use crate::foundation::{ChallengeId, KeyPurpose, Keyring, MessageId, PhoneNumber, UserId};

use super::Channel;
use super::money::{Amount, Currency};

pub(super) use personal::Exported;
pub(super) use personal::{export, forget};
pub(super) use prices::{Told, settle, waive};
pub use report::{Figures, ReportBy, ReportLine, report};
pub(super) use state::State;
pub(super) use store::{
    add, advance, find_by_challenge, find_by_reference, give_up_on_queued, mark_verified,
};

/// Longer than asking every carrier in turn may take: what is still queued then was left behind by a
/// process that died between asking and hearing.
pub(super) const QUEUED_MAX: TimeDelta = TimeDelta::minutes(2);

/// A message that is about to be handed to a carrier.
pub(super) struct Entry<'a> {
    pub(super) id: MessageId,
    pub(super) challenge: ChallengeId,
    /// Nobody's where an operator tries a carrier.
    pub(super) user: Option<UserId>,
    pub(super) number: &'a PhoneNumber,
    pub(super) provider: &'static str,
    pub(super) channel: Channel,
    pub(super) purpose: &'static str,
    /// By the price table.
    pub(super) price: Amount,
    pub(super) currency: &'a Currency,
}

/// What is newly known of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct News<'a> {
    pub(super) state: State,
    /// The carrier's own id of the message.
    pub(super) reference: Option<&'a str>,
    /// Why it failed or is unknown.
    pub(super) failure: Option<&'a str>,
    /// Into how many parts the carrier has cut it.
    pub(super) segments: Option<i16>,
}

/// By what a number can be found again without being readable.
struct NumberMac {
    mac: Vec<u8>,
    key_id: String,
}

impl NumberMac {
    fn of(number: &PhoneNumber, keyring: &Keyring) -> Self {
        let mac = keyring.mac(KeyPurpose::LedgerNumber, number.e164().as_bytes());
        Self { mac, key_id: keyring.current_id().to_owned() }
    }
}

/// Before when a queued message has been left behind.
pub(super) fn left_behind_before(now: DateTime<Utc>) -> DateTime<Utc> {
    now - QUEUED_MAX
}
