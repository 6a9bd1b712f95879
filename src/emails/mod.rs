//! E-mails: what people are told at their address, and the proof that they read it.
//!
//! Owns the tables `email_outbox` and `email_confirmations`. An e-mail is written down in the
//! transaction of what it tells, so that neither is without the other, and sent later, by whichever
//! replica takes it. Sent at most once as far as SMTP allows: whoever dies between the server's
//! answer and noting it leaves an e-mail that is sent again, with the same `Message-ID`. Without
//! `SMTP_URL` nothing is written down and nothing is sent.
//!
//! | to | look at |
//! |---|---|
//! | add something that people are told | `occasion`, `data/emails` (the words) |
//! | find words for it | `texts`, `template` |
//! | send it | `post`, `smtp`, `store` (the outbox) |
//! | have an address proven | `confirmations` |
//! | encrypt under another key what waits | `renewal` |

mod confirmations;
mod export;
mod occasion;
mod post;
mod renewal;
mod settings;
mod smtp;
mod store;
mod template;
mod texts;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use zeroize::Zeroizing;

use crate::foundation::{
    Clock, EmailId, Entropy, EntropyError, KeyPurpose, Keyring, OpaqueToken, PhoneNumber, UserId,
};

use smtp::Smtp;
use store::NewEntry;
use texts::{Texts, Words};

pub use confirmations::{
    Claim, ClaimError, Confirmed, LIFETIME as CONFIRMATION_LIFETIME, confirm, owner_of, withdraw,
    withdraw_change,
};
pub use export::{Exported, ExportedConfirmation, ExportedEmail, export};
pub use occasion::{Occasion, TemplateName};
pub use renewal::renew_encryption;
pub use settings::{PATIENCE, Sender, SenderError, Settings, SmtpServer, SmtpUrlError};
pub use smtp::SendFailure;
pub use store::kept_under;
pub use template::TemplateFault;
pub use texts::TextsError;

/// The e-mails of this application; nothing where `SMTP_URL` is not set. Cheap to clone.
#[derive(Clone)]
pub struct Emails(Option<Arc<Office>>);

/// What it takes to send.
struct Office {
    smtp: Smtp,
    texts: Texts,
    keyring: Arc<Keyring>,
    base_url: String,
    clock: Clock,
    entropy: Entropy,
}

/// Something that a person is to be told.
#[derive(Clone, Debug)]
pub struct Email<'a> {
    /// Whose account it is about. With the user the e-mail is erased.
    pub user: Option<UserId>,
    /// The address.
    pub to: &'a str,
    /// The language tag (`users.locale`).
    pub locale: Option<&'a str>,
    /// What is told.
    pub occasion: Occasion,
    /// Whether the user is told at most once in a day (UTC), since strangers can bring it about as
    /// often as they like.
    pub at_most_daily: bool,
}

/// Why an e-mail could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// What is told cannot be written as JSON.
    #[error("the e-mail cannot be written down")]
    Json(#[source] serde_json::Error),
}

impl Emails {
    /// By the settings; `base_url` is where links lead. `None`: there are no e-mails.
    pub fn new(
        settings: Option<Settings>,
        keyring: Arc<Keyring>,
        base_url: String,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Self, TextsError> {
        let Some(settings) = settings else { return Ok(Self(None)) };
        let (smtp, texts) = (Smtp::new(settings), Texts::built_in()?);
        Ok(Self(Some(Arc::new(Office { smtp, texts, keyring, base_url, clock, entropy }))))
    }

    /// Whether e-mails are sent at all.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Writes an e-mail down, to be sent once the transaction of `connection` is committed. Does
    /// nothing without `SMTP_URL`.
    pub async fn enqueue(
        &self,
        connection: &mut PgConnection,
        email: &Email<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), EnqueueError> {
        let Some(office) = &self.0 else { return Ok(()) };
        let id = EmailId::new(now, &office.entropy)?;
        let plain = serde_json::to_vec(&email.occasion).map_err(EnqueueError::Json)?;
        let plain = Zeroizing::new(plain);
        let context = post::context(id);
        let variables = office.keyring.encrypt(KeyPurpose::Email, context.as_bytes(), &plain);
        let template = email.occasion.template().as_str();
        let once_key = email.user.filter(|_| email.at_most_daily);
        let entry = NewEntry {
            id,
            user: email.user,
            recipient: email.to,
            template,
            locale: email.locale,
            variables,
            key_id: office.keyring.current_id(),
            once_key: once_key.map(|user| format!("{template} {user} {}", now.date_naive())),
        };
        store::add(connection, entry, now).await?;
        Ok(())
    }

    /// That a number was changed to `number`, with the link by which `undo` takes that back until
    /// `undo_until`. `None` where there are no e-mails.
    pub fn phone_changed(
        &self,
        number: &PhoneNumber,
        undo: &OpaqueToken,
        undo_until: DateTime<Utc>,
    ) -> Option<Occasion> {
        let office = self.0.as_ref()?;
        let link = office.link("/account/undo", undo);
        Some(Occasion::phone_changed(number, link, undo_until))
    }

    /// Asks the mail server whether it lets us in. Sends nothing.
    pub async fn probe(&self) -> Result<(), SendFailure> {
        let Some(office) = &self.0 else { return Ok(()) };
        office.smtp.open().await?.close().await;
        Ok(())
    }

    /// Sends one e-mail that shows that sending works, past the outbox. Returns its `Message-ID`,
    /// without the host.
    pub async fn send_trial(&self, to: &str, now: DateTime<Utc>) -> Result<EmailId, TrialError> {
        let Some(office) = &self.0 else { return Err(TrialError::Off) };
        let id = EmailId::new(now, &office.entropy)?;
        let told = format!(
            "This e-mail shows that {} can send e-mails through {}.",
            office.base_url,
            office.smtp.server_name()
        );
        let words = Words {
            subject: "Test e-mail".to_owned(),
            html: format!(
                "<!doctype html>\n<html lang=\"en\"><p>{}</p></html>\n",
                template::escape(&told)
            ),
            plain: format!("{told}\n"),
        };
        let mut connection = office.smtp.open().await?;
        connection.send(id, to, words, now).await?;
        connection.close().await;
        Ok(id)
    }
}

impl Office {
    /// The page at `path` where a token is brought back. It stands behind the `#`: browsers send that to no server, so
    /// it is in no log.
    fn link(&self, path: &str, token: &OpaqueToken) -> String {
        format!("{}{path}#{}", self.base_url, token.expose())
    }
}

/// Why a test e-mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// `SMTP_URL` is not set.
    #[error("SMTP_URL is not set")]
    Off,
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The server did not take it.
    #[error(transparent)]
    Send(#[from] SendFailure),
}
