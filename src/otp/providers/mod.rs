//! The companies that carry codes, one adapter each.

mod call_log;
pub mod failure;
pub mod hosted;
pub mod outbound;
mod redaction;
pub mod sinch;
