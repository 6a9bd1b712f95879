//! Work that is finished even if its client hangs up, or is not waited for at all.

use std::future::Future;

use tracing::Instrument as _;

use crate::http::with_same_room;

/// Runs `work` to its end, whether or not somebody still waits for it.
///
/// A client that goes away takes its request's future with it. Between asking a provider and noting
/// what it said that would lose a text that was paid for, or a code that was right.
pub(super) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    match tokio::spawn(with_same_room(work).in_current_span()).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only the end of the whole program cancels it, and then nobody waits for an answer.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Starts `work`, which tells by itself what became of it. The answer does not wait for it, so that the
/// time that it takes tells nobody anything.
pub(super) fn without_an_answer(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work.in_current_span());
}
