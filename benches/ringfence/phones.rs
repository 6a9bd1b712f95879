//! The phones of the people in the database: what the stand-in for Plivo tells that it has sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::AsyncBufReadExt as _;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::process::Helper;

/// A text is told before its request is answered, so it comes at once or not at all.
const PATIENCE: Duration = Duration::from_secs(5);

/// The texts that have arrived and have not been read. Clones share them.
#[derive(Clone)]
pub(crate) struct Phones {
    inbox: Arc<Inbox>,
    _listening: Arc<Listening>,
}

/// Ends the helper when it is dropped.
struct Listening(JoinHandle<()>);

#[derive(Default)]
struct Inbox {
    codes: Mutex<HashMap<String, String>>,
    arrived: Notify,
}

impl Phones {
    /// Listens to a helper of the role `Texts`, and keeps it running as long as anybody waits for texts.
    pub(crate) fn of(carrier: Helper) -> Self {
        let inbox = Arc::<Inbox>::default();
        let filled = Arc::clone(&inbox);
        let listening = tokio::spawn(async move {
            // All of it: without its process there would be nothing to hear.
            let mut carrier = carrier;
            let mut line = String::new();
            while carrier.output.read_line(&mut line).await.is_ok_and(|bytes| bytes > 0) {
                if let Some((number, text)) = line.trim_end().split_once(' ') {
                    filled.put(number, text);
                }
                line.clear();
            }
        });
        Self { inbox, _listening: Arc::new(Listening(listening)) }
    }

    /// Takes the code that was texted to `number`, once it has arrived.
    pub(crate) async fn code_for(&self, number: &str) -> anyhow::Result<String> {
        let arrives = async {
            loop {
                let arrived = self.inbox.arrived.notified();
                if let Some(code) = self.inbox.take(number) {
                    return code;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(PATIENCE, arrives).await.context("a code did not arrive")
    }
}

impl Inbox {
    fn put(&self, number: &str, text: &str) {
        let digits = text.split(|it: char| !it.is_ascii_digit());
        let code = digits.max_by_key(|digits| digits.len()).unwrap_or_default();
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.insert(number.to_owned(), code.to_owned());
        drop(codes);
        self.arrived.notify_waiters();
    }

    fn take(&self, number: &str) -> Option<String> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).remove(number)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}
