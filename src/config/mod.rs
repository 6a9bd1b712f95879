//! Settings: read from the environment once, all at once, into the values that the rooms work with.
//!
//! Every fault is reported, not only the first. No secret's content is ever shown.

#[cfg(feature = "aws")]
mod aws_sns;
mod challenge;
mod email;
mod environment;
mod guard;
mod money;
mod places;
mod providers;
mod reader;
mod sections;
mod settings;
mod telemetry;
mod texts;

pub use environment::{DotenvError, Environment};
pub use providers::{CarrierSettings, ProviderSettings};
pub use reader::{InForce, SettingsError};
pub use sections::DEFAULT_LOG_LEVEL;
pub use settings::{AccountSettings, AppEnv, GuardSettings, KeySettings, Settings};
pub use telemetry::Telemetry;
