//! AWS SNS: carries texts that we write, with codes that we make and judge.
//!
//! The SDK signs requests and reads answers; they travel over the same HTTP client as those to every
//! other provider, so that time-outs and TLS are ours. A text leaves in one request to one number and
//! is never sent twice. Whoever has opted out is not sent to.
//! Source: the API reference of Amazon SNS, and botocore's model of it (2010-03-31).

mod attributes;
mod client;
mod connector;
mod outcome;
mod settings;

pub use client::AwsSns;
pub use settings::{AwsSnsSettings, AwsSnsSetupError, SmsType};

/// The provider's name in settings, logs and the database.
pub const NAME: &str = "aws-sns";
