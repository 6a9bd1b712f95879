//! Sinch Verification API v1: Sinch makes the code, carries it and judges it.
//!
//! Two calls make up a verification, `start` and `check`; the paths, the signature and the
//! reading of answers are ours, the host is a setting. Never follows the links in an answer,
//! never asks by phone number (two users' verifications could see one another), and calls nothing
//! approved but an explicit `SUCCESSFUL`.

mod callback;
mod client;
mod outcome;
mod request;
mod settings;
pub mod signature;
mod wire;

pub use callback::Callbacks;
pub use client::Sinch;
pub use settings::{SinchAuth, SinchSettings, SinchSetupError, SmsText};

/// The provider's name in settings, logs and the database.
pub const NAME: &str = "sinch";
