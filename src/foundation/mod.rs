//! The ground floor: small values that every room speaks of.
//!
//! Parsed types, ids, time, chance and the keys derived from `SECRET_KEY`. Nothing here knows the
//! database, HTTP or the environment.

mod client_address;
mod clock;
mod email_address;
mod entropy;
mod ids;
mod key_use;
mod keyring;
mod language;
mod opaque_token;
mod phone_number;

pub use client_address::{Block, ClientAddress, Limited};
#[cfg(feature = "test-support")]
pub use clock::ManualClock;
pub use clock::{Clock, whole_seconds_until};
pub use email_address::{EmailAddress, EmailAddressError};
pub use entropy::{Entropy, EntropyError};
pub use ids::{ChallengeId, EmailId, MessageId, SessionId, TokenId, UserId};
pub use key_use::{KeptUnder, Renewed};
pub use keyring::{Keyring, KeyringError, Purpose as KeyPurpose, Unreadable};
pub use language::Language;
pub use opaque_token::{OpaqueToken, TokenHash};
pub use phone_number::{Country, NumberType, PhoneNumber, PhoneNumberError};
