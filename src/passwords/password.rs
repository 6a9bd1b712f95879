//! A password as a person gave it, in the one form in which it is hashed and compared.
//!
//! Owns the bounds, the normalisation and the reasons for which a password is refused. Never shows the text: it is
//! wiped when the last owner lets go of it.

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A password, NFKC-normalised, bounded, wiped on drop; its `Debug` shows nothing of it.
///
/// NFKC lets the same password typed on another keyboard or system match (NIST SP 800-63B-4 §3.1.1.2; the model is
/// the `OpaqueString` profile of RFC 8265, which does not fold the case either). It is never truncated or trimmed.
#[derive(Clone, Debug)]
pub struct Password {
    normal: SecretString,
    /// As it was typed, where that is another text: other systems have hashed it so.
    typed: Option<SecretString>,
}

impl Password {
    /// The longest password, in code points as given. NIST asks for 64 at least; more than this only costs time.
    pub const MAX_LENGTH: usize = 256;

    /// Takes a password for comparing with a stored one: only bounds apply, so that nothing is told about the
    /// policy and a password set under an older policy still works.
    ///
    /// # Errors
    /// [`PasswordProblem::Empty`] and [`PasswordProblem::TooLong`].
    pub fn for_login(raw: &str) -> Result<Self, PasswordProblem> {
        if raw.is_empty() {
            return Err(PasswordProblem::Empty);
        }
        Self::normalise(raw)
    }

    /// Whether both are the same password, however they were typed.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }

    /// Checks the upper bound and normalises.
    pub(super) fn normalise(raw: &str) -> Result<Self, PasswordProblem> {
        // The bytes first: counting the code points of a huge text is itself work.
        if raw.len() > Self::MAX_LENGTH * 4 || raw.chars().count() > Self::MAX_LENGTH {
            return Err(PasswordProblem::TooLong);
        }
        let normal = collect_exactly(raw.nfkc());
        let typed = (normal != raw).then(|| SecretString::from(raw));
        Ok(Self { normal: SecretString::from(normal), typed })
    }

    /// The same password as it was typed, where that is another text. Only for comparing with the hashes of other
    /// systems.
    pub(super) fn typed(&self) -> Option<Self> {
        self.typed.clone().map(|normal| Self { normal, typed: None })
    }

    /// The normalised text.
    pub(super) fn expose(&self) -> &str {
        self.normal.expose_secret()
    }
}

/// Why a password is refused. `Display` is a sentence for the person who chose it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PasswordProblem {
    /// Nothing was entered.
    #[error("Enter a password.")]
    Empty,
    /// Fewer code points than the policy asks for.
    #[error("Use at least {at_least} characters.")]
    TooShort {
        /// The least number of code points.
        at_least: usize,
    },
    /// More than [`Password::MAX_LENGTH`] code points.
    #[error("Use at most {} characters.", Password::MAX_LENGTH)]
    TooLong,
    /// On the list of the most used.
    #[error(
        "This is one of the most used passwords and would be guessed first. Choose another one."
    )]
    MostUsed,
    /// Little more than the name of the service.
    #[error(
        "This is little more than the name of this service, which would be guessed first. Add words of your own."
    )]
    ContextWords,
    /// Holds the e-mail address or the part before its `@`.
    #[error("The password must not contain your e-mail address or the part before its @.")]
    ContainsEmail,
    /// Holds the phone number.
    #[error("The password must not contain your phone number.")]
    ContainsPhone,
    /// Lacks one of the kinds of character that [`super::Composition::Mixed`] asks for.
    #[error("Use at least one upper-case letter, one lower-case letter and one digit.")]
    Composition,
}

impl PasswordProblem {
    /// The stable code for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty | Self::TooShort { .. } => "password_too_short",
            Self::TooLong => "password_too_long",
            Self::MostUsed => "password_common",
            Self::ContextWords => "password_context_words",
            Self::ContainsEmail => "password_contains_email",
            Self::ContainsPhone => "password_contains_phone",
            Self::Composition => "password_composition",
        }
    }
}

/// The form in which passwords are compared with lists and names: NFKC and lower case, wiped on drop.
pub(super) fn fold(text: &str) -> Zeroizing<String> {
    // NFKC once more after lower-casing, which can undo it: "J" with a caron has no composed form, "j" with one has.
    Zeroizing::new(collect_exactly(text.nfkc().flat_map(char::to_lowercase).nfkc()))
}

/// Collects into a string that never grows: growing would leave copies of a secret behind in freed memory.
pub(super) fn collect_exactly(chars: impl Iterator<Item = char> + Clone) -> String {
    let mut text = String::with_capacity(chars.clone().map(char::len_utf8).sum());
    text.extend(chars);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(raw in "\\PC{0,64}") {
            let once = Password::normalise(&raw).unwrap();
            // Unfolding may carry the text over the bound, which is for the text as given.
            prop_assert_eq!(collect_exactly(once.expose().nfkc()), once.expose());
            prop_assert_eq!(fold(&fold(&raw)), fold(&raw));
        }

        #[test]
        fn collecting_never_grows_the_string(raw in "\\PC{0,64}") {
            let text = collect_exactly(raw.nfkc());
            prop_assert_eq!(text.len(), text.capacity());
        }
    }

    #[test]
    fn folding_ignores_case_and_form() {
        assert_eq!(fold("ＰＡＳＳＷＯＲＤ").as_str(), "password");
        assert_eq!(fold("J\u{30c}"), fold("\u{1f0}"));
    }
}
