//! What a person wants to be called.

use unicode_normalization::UnicodeNormalization as _;

/// 1 to 100 code points in NFC, without control characters and without what changes the direction of
/// the text around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

/// A text is not a name to be called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A name has 1 to {} characters, and no control characters.", DisplayName::LENGTH_MAX)]
pub struct DisplayNameError;

impl DisplayName {
    /// In code points, after normalising.
    pub const LENGTH_MAX: usize = 100;

    /// Reads a name as typed. Blanks around it are dropped.
    pub fn parse(text: &str) -> Result<Self, DisplayNameError> {
        let name: String = text.trim().nfc().collect();
        let is_fine = (1..=Self::LENGTH_MAX).contains(&name.chars().count())
            && !name.chars().any(|it| it.is_control() || changes_the_lines_around(it));
        is_fine.then_some(Self(name)).ok_or(DisplayNameError)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The separators of lines and paragraphs, and the embeddings, overrides and isolates of UAX #9: they
/// would reach beyond the name, into the text that it is shown in.
fn changes_the_lines_around(character: char) -> bool {
    matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_taken_as_people_have_them() {
        for name in ["Ada", "Ada Lovelace", "O’Neill-Şahin", "أحمد", "李小龙", "👩‍💻 Ada"]
        {
            assert_eq!(DisplayName::parse(name).unwrap().as_str(), name);
        }
        assert_eq!(DisplayName::parse("  Ada \u{a0}").unwrap().as_str(), "Ada");
        assert_eq!(DisplayName::parse("Zoe\u{308}").unwrap().as_str(), "Zoë");
    }

    #[test]
    fn what_would_reach_beyond_the_name_is_refused() {
        let too_long = "ä".repeat(101);
        for text in
            ["", "   ", "A\nda", "A\0", "\u{202e}adA", "A\u{2066}da", "A\u{2029}da", &too_long]
        {
            assert_eq!(DisplayName::parse(text), Err(DisplayNameError), "{text:?}");
        }
        assert!(DisplayName::parse(&"ä".repeat(100)).is_ok());
        // Counted as it is kept: two code points that become one.
        assert!(DisplayName::parse(&"a\u{308}".repeat(100)).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_a_name_or_refused_and_a_name_is_read_back_as_it_is(text in "\\PC{0,120}|.{0,20}") {
            if let Ok(name) = DisplayName::parse(&text) {
                prop_assert!((1..=100).contains(&name.as_str().chars().count()));
                prop_assert_eq!(DisplayName::parse(name.as_str()), Ok(name));
            }
        }
    }
}
