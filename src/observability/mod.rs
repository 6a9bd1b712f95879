//! What operators see: the log.

mod logging;

pub use logging::{LogFormat, start_logging};
