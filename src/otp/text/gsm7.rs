//! What it takes to carry a text: the GSM-7 alphabet, septets and segments.
//!
//! One character outside the alphabet makes carriers send the whole text as UCS-2, of which 70
//! characters fit a message instead of 160, so that one text costs as much as two or three.

/// Septets in a text that travels as one message (3GPP TS 23.040, 9.2.3.16: 140 octets).
pub const SEPTETS_ALONE: usize = 160;

/// Septets in each part of a longer text: the header that joins the parts takes seven.
const SEPTETS_IN_PART: usize = 153;

/// The default alphabet of 3GPP TS 23.038, 6.2.1, in the order of its codes; the escape to the
/// extension table is no character.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table of 3GPP TS 23.038, 6.2.1.1: an escape and a code.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// The character that would turn a text into UCS-2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{character:?}, character {} of the text, is not in the GSM-7 alphabet", .position + 1)]
pub struct NotGsm7 {
    /// The first such character.
    pub character: char,
    /// How many characters stand before it.
    pub position: usize,
}

/// How many septets `text` takes in GSM-7: one for a basic character, two for one of the extension
/// table.
pub fn septets(text: &str) -> Result<usize, NotGsm7> {
    costs(text).sum()
}

/// How many messages carriers make, and charge, of `text`. An empty text is one.
pub fn segments(text: &str) -> Result<usize, NotGsm7> {
    if septets(text)? <= SEPTETS_ALONE {
        return Ok(1);
    }
    let (mut parts, mut filled) = (1, 0);
    for cost in costs(text) {
        // An escape and its code stay together.
        let cost = cost?;
        if filled + cost > SEPTETS_IN_PART {
            parts += 1;
            filled = 0;
        }
        filled += cost;
    }
    Ok(parts)
}

fn costs(text: &str) -> impl Iterator<Item = Result<usize, NotGsm7>> {
    text.chars().enumerate().map(|(position, character)| {
        if BASIC.contains(character) {
            Ok(1)
        } else if EXTENSION.contains(character) {
            Ok(2)
        } else {
            Err(NotGsm7 { character, position })
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gsm7() -> impl Strategy<Value = char> {
        prop_oneof![
            4 => prop::sample::select(BASIC.chars().collect::<Vec<_>>()),
            1 => prop::sample::select(EXTENSION.chars().collect::<Vec<_>>()),
        ]
    }

    #[test]
    fn the_tables_have_every_character_once() {
        let mut all: Vec<_> = BASIC.chars().chain(EXTENSION.chars()).collect();
        assert_eq!((BASIC.chars().count(), EXTENSION.chars().count()), (127, 10));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 137);
    }

    #[test]
    fn what_looks_harmless_and_is_not_is_named() {
        for (text, character, position) in [
            ("Don’t share it", '’', 3),
            ("code\u{a0}123456", '\u{a0}', 4),
            ("\u{200b}123456", '\u{200b}', 0),
            ("Votre code reçu", 'ç', 13),
            ("123456 🔑", '🔑', 7),
            ("`", '`', 0),
        ] {
            assert_eq!(septets(text), Err(NotGsm7 { character, position }), "{text}");
            assert_eq!(segments(text), Err(NotGsm7 { character, position }), "{text}");
        }
    }

    #[test]
    fn a_text_is_cut_where_carriers_cut_it() {
        for (text, parts) in [
            (String::new(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            // A part has room for 76 pairs and a half.
            ("€".repeat(152), 2),
            ("€".repeat(153), 3),
        ] {
            assert_eq!(segments(&text), Ok(parts), "{} of {text:.1}", text.chars().count());
        }
    }

    #[test]
    fn the_fault_counts_as_people_count() {
        let fault = septets("Votre code reçu").unwrap_err().to_string();
        assert_eq!(fault, "'ç', character 14 of the text, is not in the GSM-7 alphabet");
    }

    proptest! {
        #[test]
        fn septets_add_up(
            start in prop::collection::vec(gsm7(), 0..200),
            end in prop::collection::vec(gsm7(), 0..200),
        ) {
            let text = |chars: &[char]| chars.iter().collect::<String>();
            let whole = text(&start) + &text(&end);
            let sum = septets(&text(&start)).unwrap() + septets(&text(&end)).unwrap();
            prop_assert_eq!(septets(&whole), Ok(sum));
        }

        #[test]
        fn a_text_has_as_many_parts_as_it_needs(chars in prop::collection::vec(gsm7(), 0..700)) {
            let text: String = chars.iter().collect();
            let (septets, parts) = (septets(&text).unwrap(), segments(&text).unwrap());
            if septets <= 160 {
                prop_assert_eq!(parts, 1);
            } else {
                // At worst each part but the last has lost one septet to a pair.
                prop_assert!(parts >= septets.div_ceil(153));
                prop_assert!(parts <= septets.div_ceil(152));
            }
        }

        #[test]
        fn the_first_foreign_character_is_named(
            before in prop::collection::vec(gsm7(), 0..50),
            character in prop::sample::select(vec!['’', 'ç', 'я', '字', '\u{feff}']),
            after in "\\PC{0,20}",
        ) {
            let text = format!("{}{character}{after}", before.iter().collect::<String>());
            prop_assert_eq!(septets(&text), Err(NotGsm7 { character, position: before.len() }));
        }
    }
}
