//! Waiting for a child process, never for ever.

use std::io;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// Short enough that nobody notices it, long enough to cost nothing.
pub(super) const PAUSE: Duration = Duration::from_millis(10);

/// How `child` ended, or `None` where it has not within `bound`.
pub(super) fn wait_within(child: &mut Child, bound: Duration) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + bound;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}
