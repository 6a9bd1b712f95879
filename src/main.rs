//! The `ringfence` program: hands over to the command line.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match ringfence::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Printed here rather than returned: that would add a backtrace to it.
            let _ = writeln!(std::io::stderr(), "ringfence: {error:#}");
            ExitCode::FAILURE
        }
    }
}
