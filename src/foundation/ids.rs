//! Ids: UUIDv7 (RFC 9562, 5.7), a type for each subject so that they cannot be mixed up.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Entropy, EntropyError};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type,
            utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id that sorts by the time `now`.
            pub fn new(now: DateTime<Utc>, entropy: &Entropy) -> Result<Self, EntropyError> {
                new_uuid(now, entropy).map(Self)
            }

            /// One that came back to us from outside.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::parse_str(text).ok().map(Self)
            }

            /// One that was packed by [`Self::as_bytes`].
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// For packing.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// What sorts before every id that is made at `time` or later, and after every other.
            pub fn first_of(time: DateTime<Utc>) -> Self {
                Self(uuid_of(time, &[0; 10]))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A person: the primary key of `users`, the claim `sub`.
    UserId
);
id!(
    /// One code asked for: the primary key of `otp_challenges`.
    ChallengeId
);
id!(
    /// One message or call handed to a carrier: the primary key of `messages`.
    MessageId
);
id!(
    /// One e-mail: the primary key of `email_outbox`, the local part of its `Message-ID`.
    EmailId
);
id!(
    /// One sign-in: the primary key of `sessions`, the claim `sid`.
    SessionId
);
id!(
    /// One access token: the claim `jti`.
    TokenId
);
id!(
    /// One event of the audit log: the primary key of `audit_events`, with its time.
    EventId
);

fn new_uuid(now: DateTime<Utc>, entropy: &Entropy) -> Result<Uuid, EntropyError> {
    Ok(uuid_of(now, &entropy.bytes()?))
}

fn uuid_of(time: DateTime<Utc>, random: &[u8; 10]) -> Uuid {
    let milliseconds = u64::try_from(time.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(milliseconds, random).into_uuid()
}
