//! The companies that carry codes, one adapter each.

mod call_log;
pub mod console;
pub mod failure;
pub mod hosted;
pub mod outbound;
mod redaction;
pub mod sinch;

use console::Console;
use sinch::Sinch;

/// Who carries the codes: `VERIFICATION_PROVIDER`.
#[derive(Clone, Debug)]
pub enum Provider {
    /// Sinch Verification: makes, sends and judges the code.
    Sinch(Sinch),
    /// No carrier: the code that we made appears in the terminal.
    Console(Console),
}

impl Provider {
    /// Its name in `VERIFICATION_PROVIDER` and in the database.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sinch(_) => sinch::NAME,
            Self::Console(_) => "console",
        }
    }
}
