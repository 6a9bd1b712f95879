//! How e-mails leave: the server that takes them, and in whose name.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{TlsParameters, TlsVersion};
use reqwest::Url;

/// How long opening a connection, and how long handing over one e-mail, may take. RFC 5321,
/// 4.5.3.2, allows minutes; but an e-mail that is not taken is tried again, and until then nothing
/// else is sent.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// `SMTP_URL` and `EMAIL_FROM`.
#[derive(Debug)]
pub struct Settings {
    /// The server.
    pub server: SmtpServer,
    /// Who sends.
    pub sender: Sender,
    /// [`PATIENCE`], unless a test has less.
    pub patience: Duration,
}

/// The server that takes our e-mails, and what it is told of us. `Debug` shows no credentials.
pub struct SmtpServer {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) credentials: Option<Credentials>,
}

/// How the way to the server is protected.
pub(super) enum Security {
    /// TLS from the first byte (RFC 8314).
    Tls(TlsParameters),
    /// TLS from the command STARTTLS on, and nothing without (RFC 3207).
    StartTls(TlsParameters),
    /// None: to this machine only.
    Loopback,
}

/// What is wrong with `SMTP_URL`. Never shows any of it.
#[derive(Debug, thiserror::Error)]
pub enum SmtpUrlError {
    /// It is no URL of the form.
    #[error(
        "is no URL like smtps://user:password@smtp.example.com or smtp://user:password@smtp.example.com:587?tls=required; special characters in the password are percent-encoded"
    )]
    Malformed,
    /// Passwords and addresses would be readable on the way.
    #[error(
        "must be smtps://, or smtp:// with ?tls=required: in the clear only this machine is spoken to"
    )]
    InTheClear,
    /// A name without a password, or the other way round.
    #[error("has a user without a password, or a password without a user")]
    HalfCredentials,
    /// TLS cannot be set up.
    #[error("names a host that TLS cannot be spoken with")]
    Tls(#[source] lettre::transport::smtp::Error),
}

impl FromStr for SmtpServer {
    type Err = SmtpUrlError;

    fn from_str(text: &str) -> Result<Self, SmtpUrlError> {
        let url = Url::parse(text).map_err(|_| SmtpUrlError::Malformed)?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or(SmtpUrlError::Malformed)?.trim_matches(['[', ']']).to_owned();
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(SmtpUrlError::Malformed);
        }
        let tls = || {
            let parameters = TlsParameters::builder(host.clone());
            parameters.set_min_tls_version(TlsVersion::Tlsv12).build().map_err(SmtpUrlError::Tls)
        };
        // RFC 8314 for 465, RFC 6409 for 587; 25 is what a server on this machine listens on.
        let (security, usual_port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (Security::Tls(tls()?), 465),
            ("smtp", Some("tls=required")) => (Security::StartTls(tls()?), 587),
            ("smtp", None) if is_this_machine(&host) => (Security::Loopback, 25),
            ("smtp", _) => return Err(SmtpUrlError::InTheClear),
            _ => return Err(SmtpUrlError::Malformed),
        };
        let port = url.port().unwrap_or(usual_port);
        let credentials = credentials(&url)?;
        Ok(Self { host, port, security, credentials })
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpUrlError> {
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None | Some("")) => Err(SmtpUrlError::HalfCredentials),
        (user, Some(password)) => {
            let decode = |text| percent_decoded(text).ok_or(SmtpUrlError::Malformed);
            Ok(Some(Credentials::new(decode(user)?, decode(password)?)))
        }
    }
}

/// `%41` is `A`; `None` where a `%` stands for nothing, or the whole is not UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let (digits, behind) = after.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?);
            rest = behind;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl SmtpServer {
    /// `host:port`, for people.
    pub fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpServer({})", self.name())
    }
}

/// `EMAIL_FROM`: an address, or a name with an address.
#[derive(Clone, Debug)]
pub struct Sender(pub(super) Mailbox);

/// `EMAIL_FROM` is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is wanted like no-reply@example.com or Acme <no-reply@example.com>, in one line")]
pub struct SenderError;

impl FromStr for Sender {
    type Err = SenderError;

    fn from_str(text: &str) -> Result<Self, SenderError> {
        if text.contains(char::is_control) {
            return Err(SenderError);
        }
        text.parse().map(Self).map_err(|_| SenderError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> SmtpServer {
        url.parse().unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    #[test]
    fn the_url_says_where_and_how() {
        let tls = server("smtps://ada:p%40ss%2Fw%C3%B6rd@smtp.example.com");
        assert_eq!(tls.name(), "smtp.example.com:465");
        assert!(matches!(tls.security, Security::Tls(_)));
        let wanted = Credentials::new("ada".to_owned(), "p@ss/wörd".to_owned());
        assert_eq!(tls.credentials, Some(wanted));
        let start = server("smtp://smtp.example.com?tls=required");
        assert_eq!(start.name(), "smtp.example.com:587");
        assert!(matches!(start.security, Security::StartTls(_)));
        assert_eq!(start.credentials, None);
        for here in ["smtp://localhost", "smtp://127.0.0.1:2525", "smtp://[::1]:2525"] {
            assert!(matches!(server(here).security, Security::Loopback), "{here}");
        }
    }

    #[test]
    fn nobody_but_this_machine_is_spoken_to_in_the_clear() {
        for url in [
            "smtp://smtp.example.com",
            "smtp://ada:secret@192.0.2.1:25",
            "smtp://smtp.example.com?tls=opportunistic",
            "smtp://localhost?tls=none",
            "smtp://localhost.example.com",
        ] {
            let error = url.parse::<SmtpServer>().unwrap_err();
            assert!(matches!(error, SmtpUrlError::InTheClear), "{url}: {error}");
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused_and_never_shown() {
        for url in [
            "",
            "smtp.example.com",
            "https://smtp.example.com",
            "smtps://",
            "smtps://smtp.example.com/name",
            "smtps://smtp.example.com?tls=required",
            "smtps://ada:se%zzcret@smtp.example.com",
            "smtps://ada:%ff@smtp.example.com",
        ] {
            let error = url.parse::<SmtpServer>().unwrap_err();
            assert!(matches!(error, SmtpUrlError::Malformed), "{url}: {error}");
            assert!(!error.to_string().contains("zzcret"));
        }
        for url in ["smtps://ada@smtp.example.com", "smtps://:secret@smtp.example.com"] {
            let error = url.parse::<SmtpServer>().unwrap_err();
            assert!(matches!(error, SmtpUrlError::HalfCredentials), "{url}: {error}");
        }
        let shown = format!("{:?}", server("smtps://ada:secret@smtp.example.com"));
        assert_eq!(shown, "SmtpServer(smtp.example.com:465)");
    }

    #[test]
    fn the_sender_is_an_address_with_or_without_a_name() {
        let with_name: Sender = "Acme Ltd <no-reply@example.com>".parse().unwrap();
        assert_eq!(with_name.0.name.as_deref(), Some("Acme Ltd"));
        assert!("no-reply@example.com".parse::<Sender>().is_ok());
        for text in ["", "Acme", "a@b@c", "a@example.com\r\nBcc: eve@example.com", "<>"] {
            assert!(text.parse::<Sender>().is_err(), "{text:?}");
        }
    }
}
