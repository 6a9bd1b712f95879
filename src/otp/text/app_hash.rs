//! The hash by which Android's SMS Retriever knows for which app a text is.

use std::fmt;
use std::str::FromStr;

/// Characters of a hash (developers.google.com/identity/sms-retriever/verify).
const CHARACTERS: usize = 11;

/// The hash of an app's package name and signing certificate: 11 characters of the alphabet of
/// base64. No secret: every text to the app carries it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppHash(String);

/// A text is not the hash of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an app's hash has 11 characters of A-Z, a-z, 0-9, + and /")]
pub struct AppHashError;

impl AppHash {
    /// The 11 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AppHash {
    type Err = AppHashError;

    fn from_str(text: &str) -> Result<Self, AppHashError> {
        let of_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        let sound = text.len() == CHARACTERS && text.bytes().all(of_base64);
        sound.then(|| Self(text.to_owned())).ok_or(AppHashError)
    }
}

impl fmt::Display for AppHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_eleven_characters_of_base64() {
        // The one in Google's documentation, and one with a slash.
        for hash in ["FA+9qCX9VSu", "FA/9qCX9VSu"] {
            assert_eq!(hash.parse::<AppHash>().unwrap().as_str(), hash);
        }
        for text in
            ["", "FA+9qCX9VS", "FA+9qCX9VSuu", "FA-9qCX9VSu", "FA+9qCX9VS=", "FA+9qCX9V\u{e9}"]
        {
            assert_eq!(text.parse::<AppHash>(), Err(AppHashError), "{text}");
        }
    }
}
