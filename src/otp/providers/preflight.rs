//! What an adapter checks before anything leaves, whichever provider it asks.
//!
//! Owns the form of numbers, references and base URLs. Never says what a fault comes to: that is
//! for the adapter.

use std::net::IpAddr;

use reqwest::Url;

/// The longest reference or id that is taken, in characters; providers' own have 32 or 36.
const MAX_ID_CHARS: usize = 128;

/// ITU-T E.164: a plus sign and at most fifteen digits, the first not a zero.
pub(super) fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (1..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Whether `id` can stand in a path as it is, and cannot lead out of it.
pub(super) fn is_plain_id(id: &str) -> bool {
    (1..=MAX_ID_CHARS).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Whether `url` is `http(s)://host[:port]` and no more: the path is the adapter's.
pub(super) fn names_a_host_only(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}

/// Whether nobody on the way to `url` can read what is sent there: by TLS, or because the way does
/// not leave this machine.
pub(super) fn keeps_secrets(url: &Url) -> bool {
    url.scheme() == "https" || is_this_machine(url)
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
