//! E-mails: `SMTP_URL` and `EMAIL_FROM`.

use crate::emails::{PATIENCE, Sender, Settings, SmtpServer};

use super::reader::Reader;

/// How e-mails leave. `None`: there are none, or a fault was noted.
pub(super) fn email(reader: &mut Reader<'_>) -> Option<Settings> {
    let is_on = reader.has("SMTP_URL");
    let server = reader.secret("SMTP_URL", str::parse::<SmtpServer>);
    let sender = reader.or("EMAIL_FROM", "", |text| match text {
        "" => Ok(None),
        text => text.parse::<Sender>().map(Some),
    })?;
    if !is_on {
        return None;
    }
    if sender.is_none() {
        reader.fault("EMAIL_FROM", "is required with SMTP_URL: who sends the e-mails");
    }
    Some(Settings { server: server?, sender: sender?, patience: PATIENCE })
}
