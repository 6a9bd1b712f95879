//! What is hashed, and how: an event, its place in the chain, a checkpoint. No IO.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};

use crate::foundation::{EventId, KeyPurpose, Keyring, UserId};

/// Of SHA-256, and of HMAC-SHA-256.
pub(super) const HASH_BYTES: usize = 32;

/// The chain before its first event.
pub(super) const BEGINNING: Head = Head { position: 0, hash: [0; HASH_BYTES] };

/// An event as the database has it: all that its hash is of.
pub(super) struct Stored {
    pub(super) id: EventId,
    pub(super) created_at: DateTime<Utc>,
    pub(super) event: String,
    pub(super) outcome: String,
    pub(super) user_id: Option<UserId>,
    pub(super) actor: String,
    pub(super) actor_id: Option<UserId>,
    pub(super) network: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) detail: String,
}

impl Stored {
    /// SHA-256 of every column, each behind its length in four bytes, so that no two events are written
    /// alike; what is null has the length 2³²−1.
    pub(super) fn hash(&self) -> [u8; HASH_BYTES] {
        let mut text = b"ringfence audit event v1".to_vec();
        let mut add = |field: Option<&[u8]>| {
            let length = field.map_or(u32::MAX, |it| u32::try_from(it.len()).unwrap_or(u32::MAX));
            text.extend_from_slice(&length.to_be_bytes());
            text.extend_from_slice(field.unwrap_or_default());
        };
        add(Some(self.id.as_bytes()));
        add(Some(&self.created_at.timestamp_micros().to_be_bytes()));
        add(Some(self.event.as_bytes()));
        add(Some(self.outcome.as_bytes()));
        add(self.user_id.as_ref().map(|id| id.as_bytes().as_slice()));
        add(Some(self.actor.as_bytes()));
        add(self.actor_id.as_ref().map(|id| id.as_bytes().as_slice()));
        add(self.network.as_deref().map(str::as_bytes));
        add(self.request_id.as_deref().map(str::as_bytes));
        add(Some(self.detail.as_bytes()));
        let mut hash = [0; HASH_BYTES];
        hash.copy_from_slice(digest(&SHA256, &text).as_ref());
        hash
    }
}

/// The last link so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) position: i64,
    pub(super) hash: [u8; HASH_BYTES],
}

/// What the link after a [`Head`] is made of.
#[derive(Clone, Copy)]
pub(super) struct Link {
    pub(super) position: i64,
    pub(super) event: EventId,
    pub(super) event_at: DateTime<Utc>,
    pub(super) event_hash: [u8; HASH_BYTES],
}

impl Link {
    fn message(&self, before: &[u8; HASH_BYTES]) -> Vec<u8> {
        let mut message = b"link".to_vec();
        message.extend_from_slice(before);
        message.extend_from_slice(&self.position.to_be_bytes());
        message.extend_from_slice(self.event.as_bytes());
        message.extend_from_slice(&self.event_at.timestamp_micros().to_be_bytes());
        message.extend_from_slice(&self.event_hash);
        message
    }

    /// The hash of this link behind `before`, under the present key.
    pub(super) fn seal(&self, keyring: &Keyring, before: &Head) -> [u8; HASH_BYTES] {
        mac(keyring, &self.message(&before.hash))
    }

    /// Whether `hash` is the hash of this link behind `before`, under that key.
    pub(super) fn is_sealed_by(
        &self,
        keyring: &Keyring,
        key_id: &str,
        before: &Head,
        hash: &[u8],
    ) -> bool {
        keyring.verify_mac(KeyPurpose::AuditChain, key_id, &self.message(&before.hash), hash)
    }
}

/// A place of the chain, and what its hash is: written `42:9f86d081…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The place.
    pub position: i64,
    pub(super) hash: [u8; HASH_BYTES],
}

impl Checkpoint {
    /// What the MAC of its row is of.
    pub(super) fn message(&self, kept_from: Option<DateTime<Utc>>, at: DateTime<Utc>) -> Vec<u8> {
        let mut message = b"checkpoint".to_vec();
        message.extend_from_slice(&self.position.to_be_bytes());
        message.extend_from_slice(&self.hash);
        message.extend_from_slice(&at.timestamp_micros().to_be_bytes());
        if let Some(kept_from) = kept_from {
            message.extend_from_slice(&kept_from.timestamp_micros().to_be_bytes());
        }
        message
    }
}

impl From<Head> for Checkpoint {
    fn from(head: Head) -> Self {
        Self { position: head.position, hash: head.hash }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.position)?;
        self.hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text is no checkpoint.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a checkpoint is written as the log has it: a position, a colon, 64 hexadecimal digits")]
pub struct CheckpointError;

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let (position, digits) = text.trim().split_once(':').ok_or(CheckpointError)?;
        let position: i64 = position.parse().map_err(|_| CheckpointError)?;
        if digits.len() != 2 * HASH_BYTES || !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
            return Err(CheckpointError);
        }
        let mut hash = [0; HASH_BYTES];
        for (at, byte) in hash.iter_mut().enumerate() {
            let pair = digits.get(2 * at..2 * at + 2).ok_or(CheckpointError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| CheckpointError)?;
        }
        Ok(Self { position, hash })
    }
}

/// HMAC-SHA-256 under the present key.
pub(super) fn mac(keyring: &Keyring, message: &[u8]) -> [u8; HASH_BYTES] {
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(&keyring.mac(KeyPurpose::AuditChain, message));
    hash
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::foundation::Entropy;

    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn stored() -> Stored {
        let at = DateTime::from_timestamp_micros(1_772_600_767_890_123).unwrap();
        Stored {
            id: EventId::new(at, &Entropy::default()).unwrap(),
            created_at: at,
            event: "login_failed".to_owned(),
            outcome: "failure".to_owned(),
            user_id: None,
            actor: "self".to_owned(),
            actor_id: None,
            network: Some("203.0.113.0/24".to_owned()),
            request_id: Some("one".to_owned()),
            detail: "{}".to_owned(),
        }
    }

    #[test]
    fn every_column_is_in_the_hash_of_an_event() {
        let user = UserId::new(stored().created_at, &Entropy::default()).unwrap();
        let before = stored();
        let changes: [fn(&mut Stored, UserId); 10] = [
            |it, user| it.id = EventId::from_bytes(*user.as_bytes()),
            |it, _| it.created_at += chrono::TimeDelta::microseconds(1),
            |it, _| it.event.push('x'),
            |it, _| it.outcome.push('x'),
            |it, user| it.user_id = Some(user),
            |it, _| it.actor.push('x'),
            |it, user| it.actor_id = Some(user),
            |it, _| it.network = None,
            |it, _| it.request_id = Some(String::new()),
            |it, _| it.detail.push(' '),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut after = Stored { id: before.id, ..stored() };
            assert_eq!(before.hash(), after.hash());
            change(&mut after, user);
            assert_ne!(before.hash(), after.hash(), "column {at}");
        }
    }

    #[test]
    fn a_link_is_sealed_for_its_place_behind_the_one_before_it() {
        let keyring = Keyring::parse(KEY).unwrap();
        let event = stored();
        let link = Link {
            position: 1,
            event: event.id,
            event_at: event.created_at,
            event_hash: event.hash(),
        };
        let hash = link.seal(&keyring, &BEGINNING);
        let id = keyring.current_id();
        assert!(link.is_sealed_by(&keyring, id, &BEGINNING, &hash));
        let other = Head { position: 0, hash: [1; HASH_BYTES] };
        assert!(!link.is_sealed_by(&keyring, id, &other, &hash));
        assert!(!Link { position: 2, ..link }.is_sealed_by(&keyring, id, &BEGINNING, &hash));
        assert!(!link.is_sealed_by(&keyring, "00000000", &BEGINNING, &hash));
    }

    proptest! {
        #[test]
        fn two_fields_are_never_read_as_two_others(first in "[ab]{0,4}", second in "[ab]{0,4}", cut in 0..9_usize) {
            let joined = format!("{first}{second}");
            let cut = cut.min(joined.len());
            let one = Stored { event: first.clone(), outcome: second, ..stored() };
            let other = Stored {
                id: one.id, event: joined[..cut].to_owned(), outcome: joined[cut..].to_owned(), ..stored()
            };
            prop_assert_eq!(one.hash() == other.hash(), cut == first.len());
        }

        #[test]
        fn a_checkpoint_is_read_back_as_it_was_written(position in 0..i64::MAX, hash: [u8; 32]) {
            let checkpoint = Checkpoint { position, hash };
            prop_assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
        }

        #[test]
        fn any_text_is_a_checkpoint_or_none(text in "[0-9a-zé:+-]{0,80}") {
            let _ = text.parse::<Checkpoint>();
        }
    }
}
