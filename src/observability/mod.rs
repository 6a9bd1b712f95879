//! What operators see: the log.

mod json_lines;
mod logging;
mod scrub;

pub use logging::{LogFormat, start_logging};
