//! The console provider: no carrier at all. Codes appear in the terminal and at `/dev/inbox`.
//!
//! For development only: the settings refuse it in production, since whoever can read the
//! terminal can sign in as anybody.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::delivery::{Accepted, Message, MessageSender};
use super::failure::ProviderFailure;
use crate::otp::Channel;

/// Its name in `VERIFICATION_PROVIDER` and in the database.
pub const NAME: &str = "console";
/// More than anybody looks back upon.
const MESSAGES_MAX: usize = 100;

/// Keeps the last messages in memory. Clones share them.
#[derive(Clone)]
pub struct Console {
    messages: Arc<Mutex<VecDeque<ConsoleMessage>>>,
    in_terminal: bool,
}

/// A message that a real carrier would have delivered.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsoleMessage {
    /// The number, E.164.
    to: String,
    channel: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    sent_at: DateTime<Utc>,
}

#[async_trait]
impl MessageSender for Console {
    fn name(&self) -> &'static str {
        NAME
    }

    fn carries(&self, _: Channel) -> bool {
        true
    }

    async fn probe(&self, _: DateTime<Utc>) -> Result<(), ProviderFailure> {
        Ok(())
    }

    /// "Sends" the code: to the terminal and to the inbox.
    async fn send(
        &self,
        now: DateTime<Utc>,
        message: &Message<'_>,
    ) -> Result<Accepted, ProviderFailure> {
        let accepted = Accepted { reference: message.id.to_string() };
        let message = ConsoleMessage {
            to: message.to.e164().to_owned(),
            channel: message.channel.as_str(),
            text: message.text.to_owned(),
            code: message.code.map(|code| code.expose().to_owned()),
            sent_at: now,
        };
        if self.in_terminal {
            let ConsoleMessage { channel, to, text, .. } = &message;
            // A closed terminal must not fail a login: the inbox has the code all the same.
            let _ = writeln!(std::io::stdout(), "  {channel} to {to}: {text}");
        }
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.push_front(message);
        messages.truncate(MESSAGES_MAX);
        Ok(accepted)
    }
}

impl Console {
    /// With nothing "sent" yet. `in_terminal`: messages are written to the terminal, too.
    pub fn new(in_terminal: bool) -> Self {
        Self { messages: Arc::default(), in_terminal }
    }

    /// The last messages, newest first.
    pub fn messages(&self) -> Vec<ConsoleMessage> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Console(…)")
    }
}
