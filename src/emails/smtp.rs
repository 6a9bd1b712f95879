//! Speaking SMTP (RFC 5321) with the server that takes our e-mails.

use std::time::Duration;

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};

use chrono::{DateTime, Utc};

use crate::foundation::EmailId;

use super::settings::{Security, Sender, Settings, SmtpServer};
use super::texts::Words;

/// What the server answers to somebody who should have authenticated: our fault, not the e-mail's
/// (RFC 4954, 6).
const AUTHENTICATION_REQUIRED: u16 = 530;
/// The server is about to hang up (RFC 5321, 3.8).
const CLOSING: u16 = 421;

/// The way to the server.
pub(super) struct Smtp {
    server: SmtpServer,
    sender: Sender,
    patience: Duration,
    /// How we greet.
    name: ClientId,
}

/// A connection on which e-mails are handed over, one after the other. Dropped, not used again,
/// after anything went wrong with it: an answer that comes late would be taken for the next one's.
pub(super) struct Connection<'s> {
    smtp: &'s Smtp,
    open: AsyncSmtpConnection,
}

/// Why an e-mail was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendFailure {
    /// Never will be: a 5xx answer.
    #[error("the mail server refused the e-mail with {0}")]
    Refused(u16, #[source] SmtpError),
    /// Not now: a 4xx answer, or a 5xx that is not about the e-mail.
    #[error("the mail server put the e-mail off with {0}")]
    Deferred(u16, #[source] SmtpError),
    /// The server cannot be reached, or does not let us in.
    #[error("the mail server cannot be used")]
    Unusable(#[source] SmtpError),
    /// The connection broke while the e-mail was handed over.
    #[error("the connection to the mail server broke")]
    Broken(#[source] SmtpError),
    /// The server did not answer in time.
    #[error("the mail server did not answer in time")]
    TimedOut,
    /// The address is none that can be written to.
    #[error("the address cannot be written to")]
    Address(#[source] lettre::address::AddressError),
    /// The e-mail cannot be put together.
    #[error("the e-mail cannot be put together")]
    Malformed(#[source] lettre::error::Error),
}

impl SendFailure {
    /// A short name for the log and the outbox. Answers of servers are in neither: they repeat
    /// addresses.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Refused(code, _) | Self::Deferred(code, _) => format!("smtp_{code}"),
            Self::Unusable(_) => "unusable".to_owned(),
            Self::Broken(_) => "broken".to_owned(),
            Self::TimedOut => "timed_out".to_owned(),
            Self::Address(_) => "address".to_owned(),
            Self::Malformed(_) => "malformed".to_owned(),
        }
    }

    /// Whether trying again is of no use.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Refused(..) | Self::Address(_) | Self::Malformed(_))
    }

    /// Whether the fault is the server's rather than the e-mail's, so that the others should wait,
    /// too.
    pub(super) fn concerns_all(&self) -> bool {
        matches!(self, Self::Unusable(_) | Self::Broken(_) | Self::TimedOut)
            || matches!(self, Self::Deferred(CLOSING | AUTHENTICATION_REQUIRED, _))
    }

    fn of_the_email(error: SmtpError) -> Self {
        match error.status().map(u16::from) {
            Some(AUTHENTICATION_REQUIRED) => Self::Deferred(AUTHENTICATION_REQUIRED, error),
            Some(code) if error.is_permanent() => Self::Refused(code, error),
            Some(code) => Self::Deferred(code, error),
            None => Self::Broken(error),
        }
    }
}

impl Smtp {
    pub(super) fn new(settings: Settings) -> Self {
        let Settings { server, sender, patience } = settings;
        Self { server, sender, patience, name: ClientId::default() }
    }

    /// `host:port`, for people.
    pub(super) fn server_name(&self) -> String {
        self.server.name()
    }

    /// Connects, protects the way and says who we are.
    pub(super) async fn open(&self) -> Result<Connection<'_>, SendFailure> {
        let opened = tokio::time::timeout(self.patience, self.connect()).await;
        let open = opened.map_err(|_| SendFailure::TimedOut)?.map_err(SendFailure::Unusable)?;
        Ok(Connection { smtp: self, open })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let SmtpServer { host, port, security, credentials } = &self.server;
        let at_once: Option<TlsParameters> = match security {
            Security::Tls(tls) => Some(tls.clone()),
            Security::StartTls(_) | Security::Loopback => None,
        };
        let mut open = AsyncSmtpConnection::connect_tokio1(
            (host.as_str(), *port),
            Some(self.patience),
            &self.name,
            at_once,
            None,
        )
        .await?;
        if let Security::StartTls(tls) = security {
            // An error where the server does not offer it: nothing is said in the clear.
            open.starttls(tls.clone(), &self.name).await?;
        }
        if let Some(credentials) = credentials {
            open.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(open)
    }

    /// The message as it travels. The same e-mail has the same `Message-ID` and `Date` however
    /// often it is sent, so that receivers can tell a repetition.
    fn message(
        &self,
        id: EmailId,
        to: &str,
        words: Words,
        written_at: DateTime<Utc>,
    ) -> Result<Message, SendFailure> {
        let to: Address = to.parse().map_err(SendFailure::Address)?;
        let Sender(sender) = &self.sender;
        Message::builder()
            .message_id(Some(format!("<{id}@{}>", sender.email.domain())))
            .date(written_at.into())
            .from(sender.clone())
            .to(Mailbox::new(None, to))
            .subject(words.subject)
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(words.plain, words.html))
            .map_err(SendFailure::Malformed)
    }
}

impl Connection<'_> {
    /// Hands one e-mail over.
    pub(super) async fn send(
        &mut self,
        id: EmailId,
        to: &str,
        words: Words,
        written_at: DateTime<Utc>,
    ) -> Result<(), SendFailure> {
        let message = self.smtp.message(id, to, words, written_at)?;
        let formatted = message.formatted();
        let sending = self.open.send(message.envelope(), &formatted);
        let sent = tokio::time::timeout(self.smtp.patience, sending).await;
        sent.map_err(|_| SendFailure::TimedOut)?.map_err(SendFailure::of_the_email)?;
        Ok(())
    }

    /// Says goodbye. What the server makes of it is of no matter.
    pub(super) async fn close(mut self) {
        let _ = tokio::time::timeout(self.smtp.patience, self.open.quit()).await;
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834, 5): no out-of-office notes in return.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
