//! What operators see: the log.

mod json_lines;
mod logging;

pub use logging::{LogFormat, start_logging};
