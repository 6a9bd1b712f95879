//! What an adapter checks before anything leaves, whichever provider it asks.
//!
//! Owns the form of numbers and references. Never says what a fault comes to: that is
//! for the adapter.

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
