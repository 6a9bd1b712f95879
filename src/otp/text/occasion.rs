//! What a text is for, and who reads it.

use crate::foundation::Language;

use super::AppHash;

/// Why a code is sent. Each has a text of its own, so that whoever is talked into reading a code
/// out can see what it would be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Occasion {
    /// To finish signing up: the phone is not verified yet.
    SignUp,
    /// To log in with a phone that is.
    Login,
    /// To set a new password without the old one.
    PasswordReset,
    /// To make another number one's own.
    PhoneChange,
}

impl Occasion {
    /// Every occasion, in the order of the enum.
    pub const ALL: [Self; 4] = [Self::SignUp, Self::Login, Self::PasswordReset, Self::PhoneChange];

    /// The name in `OTP_TEXTS_FILE`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::Login => "login",
            Self::PasswordReset => "password_reset",
            Self::PhoneChange => "phone_change",
        }
    }

    /// The occasion of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|occasion| occasion.as_str() == name)
    }
}

/// Who reads a text, and why it is sent.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// Why it is sent.
    pub occasion: Occasion,
    /// The language of a text of ours, written or spoken.
    pub language: Language,
    /// The languages to pass on to a provider that words its texts itself, in the form of an
    /// `Accept-Language` header.
    pub languages: Option<String>,
    /// The Android app that waits for the text, if one does.
    pub app_hash: Option<AppHash>,
}

impl Addressee {
    /// Somebody who asks with the header `accept_language`, and whose language as of signing up is
    /// `stored`. The header goes first, as far as it names a language that there are texts in.
    pub fn new(
        occasion: Occasion,
        accept_language: Option<&str>,
        stored: Option<&str>,
        app_hash: Option<AppHash>,
    ) -> Self {
        let asked = accept_language.and_then(Language::look_up);
        let language = asked.or_else(|| stored.and_then(Language::parse)).unwrap_or_default();
        let languages = accept_language.or(stored).map(str::to_owned);
        Self { occasion, language, languages, app_hash }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_goes_before_what_is_stored_and_both_before_english() {
        let language =
            |header, stored| Addressee::new(Occasion::Login, header, stored, None).language;
        assert_eq!(language(Some("de-AT, en;q=0.5"), Some("fr")), Language::German);
        assert_eq!(language(None, Some("fr")), Language::French);
        assert_eq!(language(Some("ja, *;q=0.1"), Some("fr")), Language::French);
        assert_eq!(language(Some("ja"), None), Language::English);
        assert_eq!(language(None, Some("xx")), Language::English);
        assert_eq!(language(None, None), Language::English);
    }

    #[test]
    fn the_header_is_passed_on_as_it_came_and_else_what_is_stored() {
        let languages =
            |header, stored| Addressee::new(Occasion::Login, header, stored, None).languages;
        assert_eq!(languages(Some("ja, de;q=0.5"), Some("fr")).as_deref(), Some("ja, de;q=0.5"));
        assert_eq!(languages(None, Some("fr")).as_deref(), Some("fr"));
        assert_eq!(languages(None, None), None);
    }

    #[test]
    fn an_occasion_is_found_by_its_name_and_stands_at_its_place() {
        for (at, occasion) in Occasion::ALL.into_iter().enumerate() {
            assert_eq!(Occasion::parse(occasion.as_str()), Some(occasion));
            assert_eq!(occasion as usize, at);
        }
        assert_eq!(Occasion::parse("signup"), None);
    }
}
