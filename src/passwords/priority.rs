//! The scheduling priority of the hashing threads.
//!
//! Owns the one system call. Never touches the priority of another thread or of the process.

/// Makes the calling thread nicer than the rest of the process: answering comes before hashing. Where that fails the
/// thread works all the same.
#[cfg(target_os = "linux")]
pub(super) fn lower_priority() {
    use rustix::process::{getpriority_process, setpriority_process};

    const NICER_BY: i32 = 10;
    const NICEST: i32 = 19;
    // On Linux "this process" means this thread: niceness belongs to threads there.
    let lowered = getpriority_process(None)
        .and_then(|niceness| setpriority_process(None, (niceness + NICER_BY).min(NICEST)));
    if let Err(error) = lowered {
        tracing::debug!(%error, "a worker thread keeps its priority");
    }
}

/// Elsewhere niceness belongs to the process, which must keep its own.
#[cfg(not(target_os = "linux"))]
pub(super) fn lower_priority() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_calling_thread_gets_nicer() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let before = niceness();
        let lowered = std::thread::spawn(move || {
            lower_priority();
            niceness()
        });
        assert_eq!(lowered.join().unwrap(), (before + 10).min(19));
        assert_eq!(niceness(), before);
    }
}
