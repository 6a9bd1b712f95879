//! The site that the last line of a text binds its code to.

use std::str::FromStr;

use reqwest::Url;

/// The host of an https origin. Browsers and phones offer the code only there and on hosts of the
/// same site (WICG, "Origin-bound one-time codes delivered via SMS").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// A text is not an origin that a code can be bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// No URL of scheme and host.
    #[error("an https origin is wanted, for instance https://app.example.com")]
    NotAnOrigin,
    /// The line has no place for a scheme: it means https.
    #[error("the scheme must be https: a code can be bound to no other")]
    NotHttps,
    /// Nor for a port.
    #[error("a code can be bound to a host only, not to a port")]
    Port,
    /// Addresses have no name that a browser could compare.
    #[error(
        "a code can be bound to a host with a name only, of letters, digits, hyphens and points"
    )]
    NoName,
}

impl Origin {
    /// The host, in ASCII.
    pub fn host(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let url = Url::parse(text).map_err(|_| OriginError::NotAnOrigin)?;
        let is_bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !url.has_host() || !is_bare {
            return Err(OriginError::NotAnOrigin);
        }
        if url.scheme() != "https" {
            return Err(OriginError::NotHttps);
        }
        if url.port().is_some() {
            return Err(OriginError::Port);
        }
        // What Chromium takes for a host (content/browser/sms/sms_parser.cc); a point at the end
        // would make it another host than the page's.
        let of_a_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
        let host = url.domain().filter(|host| host.bytes().all(of_a_host) && !host.ends_with('.'));
        host.map(|host| Self(host.to_owned())).ok_or(OriginError::NoName)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_of_an_https_origin_is_kept() {
        for (text, host) in [
            ("https://example.com", "example.com"),
            ("https://App.Example.com/", "app.example.com"),
            ("https://example.com:443", "example.com"),
            ("https://bücher.example", "xn--bcher-kva.example"),
            ("https://localhost", "localhost"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().host(), host, "{text}");
        }
    }

    #[test]
    fn what_the_line_cannot_say_is_refused() {
        use OriginError::{NoName, NotAnOrigin, NotHttps, Port};
        for (text, fault) in [
            ("example.com", NotAnOrigin),
            ("", NotAnOrigin),
            ("https://", NotAnOrigin),
            ("https://example.com/login", NotAnOrigin),
            ("https://example.com?a", NotAnOrigin),
            ("https://example.com/#a", NotAnOrigin),
            ("https://ada@example.com", NotAnOrigin),
            ("https://:secret@example.com", NotAnOrigin),
            ("mailto:ada@example.com", NotAnOrigin),
            ("http://example.com", NotHttps),
            ("ftp://example.com", NotHttps),
            ("https://example.com:8443", Port),
            ("https://192.0.2.1", NoName),
            ("https://0x7f.1", NoName),
            ("https://[2001:db8::1]", NoName),
            ("https://example.com.", NoName),
            ("https://a_b.example.com", NoName),
        ] {
            assert_eq!(text.parse::<Origin>(), Err(fault), "{text}");
        }
    }
}
