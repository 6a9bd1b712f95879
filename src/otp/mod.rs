//! One-time codes: who sends them, who judges them.

pub mod channel;
pub mod providers;
