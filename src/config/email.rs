//! E-mails: `SMTP_URL` and `EMAIL_FROM`.

use crate::emails::{PATIENCE, Sender, Settings, SmtpServer};

use super::reader::Reader;

/// How e-mails leave. `Some(None)`: there are none.
pub(super) fn email(reader: &mut Reader<'_>) -> Option<Option<Settings>> {
    let is_on = reader.has("SMTP_URL");
    let server = reader.secret("SMTP_URL", str::parse::<SmtpServer>);
    let sender = reader.or("EMAIL_FROM", "", |text| match text {
        "" => Ok(None),
        text => text.parse::<Sender>().map(Some),
    })?;
    if !is_on {
        return Some(None);
    }
    if sender.is_none() {
        reader.fault("EMAIL_FROM", "is required with SMTP_URL: who sends the e-mails");
    }
    Some(Some(Settings { server: server?, sender: sender?, patience: PATIENCE }))
}
