//! Plivo: carries texts that we write and speaks words that we give it, with codes that we make and
//! judge.
//!
//! The host is a setting, the paths and the reading of answers are ours. A text leaves in one
//! request to one number, is never sent twice, and is not kept in Plivo's logs.
//! Source: docs.plivo.com, Messaging API; the fixtures of plivo-go and plivo-python.

mod callback;
mod client;
mod outcome;
mod request;
mod settings;
pub mod signature;
mod speech;
mod wire;

pub use callback::Callbacks;
pub use client::Plivo;
pub use settings::{PlivoSettings, PlivoSetupError};
pub use speech::answer_xml;

/// The provider's name in settings, logs and the database.
pub const NAME: &str = "plivo";
