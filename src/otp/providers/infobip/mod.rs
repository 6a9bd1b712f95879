//! Infobip 2FA API v2: Infobip makes the PIN, carries it and judges it.
//!
//! Two calls make up a verification, `start` and `check`; the host, the 2FA application and its
//! message template are settings, the paths and the reading of answers are ours. Calls nothing
//! approved but an explicit `"verified": true`. Never uses Infobip's own resend, which sends the
//! same PIN again: a new code is a new start. Never buys the number lookup that a start includes
//! unless told otherwise.
//!
//! By Infobip's default a right PIN can be verified any number of times
//! (`allowMultiplePinVerifications`), and an older PIN of the same number stays good: the caller
//! keeps the count of guesses, the expiry and the single use.

mod callback;
mod client;
mod endpoint;
mod outcome;
mod settings;
mod wire;

pub(super) use callback::read_report;
pub use client::Infobip;
pub use settings::{InfobipSettings, InfobipSetupError};

/// The provider's name in settings, logs and the database.
pub const NAME: &str = "infobip";
