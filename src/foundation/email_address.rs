//! E-mail addresses, as people have them.

use std::fmt;

/// RFC 5321, 4.5.3.1.3 with its erratum 1690: a path of 256 octets, less the angle brackets.
const LENGTH_MAX: usize = 254;
/// RFC 5321, 4.5.3.1.1.
const LOCAL_PART_MAX: usize = 64;

/// An address: the local part as given, the domain in lower case and in its ASCII form.
///
/// `Display` and `Debug` hide the local part but for its first letter, so that logs do too.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

/// Why a text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailAddressError {
    /// More than 254 characters, or more than 64 before the `@`.
    #[error("An e-mail address has at most 254 characters, 64 of them before the @.")]
    TooLong,
    /// Not of the form `local@domain`.
    #[error("Write the address in full, for instance ada@example.com.")]
    Malformed,
}

impl EmailAddress {
    /// Reads an address that a person typed: trimmed, the domain mapped by UTS 46.
    pub fn parse(text: &str) -> Result<Self, EmailAddressError> {
        let text = text.trim();
        if text.len() > LENGTH_MAX * 4 {
            return Err(EmailAddressError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailAddressError::Malformed)?;
        if !is_dot_atom(local) {
            return Err(EmailAddressError::Malformed);
        }
        let domain = mapped_domain(domain).ok_or(EmailAddressError::Malformed)?;
        let address = format!("{local}@{domain}");
        if local.len() > LOCAL_PART_MAX || address.len() > LENGTH_MAX {
            return Err(EmailAddressError::TooLong);
        }
        Ok(Self(address))
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RFC 5322, 3.2.3: what stands before the `@` everywhere in practice. Quoted local parts are
/// legal but nobody's address; the same holds for letters beyond ASCII (RFC 6531).
fn is_dot_atom(local: &str) -> bool {
    let is_atext =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

/// The ASCII form of a host name with at least two labels whose last is no number.
fn mapped_domain(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let (_, top) = ascii.rsplit_once('.')?;
    let named = top.len() >= 2 && !top.bytes().all(|byte| byte.is_ascii_digit());
    named.then_some(ascii)
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or_default();
        write!(f, "{}•••@{domain}", local.get(..1).unwrap_or_default())
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<String, EmailAddressError> {
        EmailAddress::parse(text).map(|address| address.as_str().to_owned())
    }

    #[test]
    fn addresses_are_trimmed_and_their_domain_mapped() {
        let written = [
            ("ada@example.com", "ada@example.com"),
            ("  Ada.Lovelace+auth@EXAMPLE.com\n", "Ada.Lovelace+auth@example.com"),
            ("o'brien@example.co.uk", "o'brien@example.co.uk"),
            ("ada@bücher.example", "ada@xn--bcher-kva.example"),
            ("ada@ＥＸＡＭＰＬＥ.com", "ada@example.com"),
        ];
        for (text, address) in written {
            assert_eq!(read(text).as_deref(), Ok(address), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "@",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@@example.com",
            "ada lovelace@example.com",
            ".ada@example.com",
            "ada.@example.com",
            "a..b@example.com",
            "ada@example..com",
            "ada@-example.com",
            "ada@example.com.",
            "ada@[127.0.0.1]",
            "ada@127.0.0.1",
            "\"ada\"@example.com",
            "ada\0@example.com",
            "ada@exa mple.com",
            "аda@example.com",
        ] {
            assert!(read(text).is_err(), "{text:?} was read as {:?}", read(text));
        }
    }

    #[test]
    fn the_length_is_bounded() {
        let local = "a".repeat(64);
        let domain = format!("{}.{}.{}.com", "b".repeat(63), "c".repeat(63), "d".repeat(57));
        assert_eq!(read(&format!("{local}@{domain}")).unwrap().len(), 254);
        assert_eq!(read(&format!("{local}@e.{domain}")), Err(EmailAddressError::TooLong));
        assert_eq!(read(&format!("a{local}@example.com")), Err(EmailAddressError::TooLong));
        assert!(read(&"a".repeat(100_000)).is_err());
    }

    #[test]
    fn a_shown_address_hides_its_local_part() {
        let address = EmailAddress::parse("ada@example.com").unwrap();
        assert_eq!(
            format!("{address} {address:?}"),
            "a•••@example.com EmailAddress(a•••@example.com)"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*@?\\PC*") {
            if let Ok(address) = read(&text) {
                prop_assert!(address.len() <= 254);
                let again = read(&address);
                prop_assert_eq!(again.as_deref(), Ok(address.as_str()));
            }
        }
    }
}
