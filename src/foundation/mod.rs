//! The ground floor: small values that every room speaks of.
//!
//! Parsed types, ids, time, chance, the keys derived from `SECRET_KEY`, and the way out to other servers.
//! Nothing here knows the database, the requests that we serve, or the environment.

mod challenge_response;
mod client_address;
mod clock;
mod email_address;
mod entropy;
mod ids;
mod key_use;
mod keyring;
mod language;
mod metric;
mod opaque_token;
pub mod outbound;
mod phone_number;

pub use challenge_response::ChallengeResponse;
pub use client_address::{Block, ClientAddress, Limited};
#[cfg(feature = "test-support")]
pub use clock::ManualClock;
pub use clock::{Clock, whole_seconds_until};
pub use email_address::{EmailAddress, EmailAddressError};
pub use entropy::{Entropy, EntropyError};
pub use ids::{ChallengeId, EmailId, EventId, MessageId, SessionId, TokenId, UserId};
pub use key_use::{KeptUnder, Renewed};
pub use keyring::{Keyring, KeyringError, Purpose as KeyPurpose, Unreadable};
pub use language::Language;
pub use metric::{Metric, MetricEntry, MetricType, start_recording};
pub use opaque_token::{OpaqueToken, TokenHash};
pub use phone_number::{Country, NumberType, PhoneNumber, PhoneNumberError};
