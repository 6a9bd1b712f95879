//! Makes a provider's words fit for our log.
//!
//! Owns the rule of what may be kept of foreign text: little, on one line, without phone numbers,
//! codes or secrets. Never judges what the text means.

/// The longest text that is kept, in characters.
const MAX_CHARS: usize = 200;

/// Fewest digits that could be a code, or a piece of a phone number worth hiding.
const MIN_DIGITS: usize = 4;

const BLOT: &str = "[…]";

/// `text` on one line, cut to 200 characters, with each of `private` and every longer number
/// blotted out.
pub(super) fn redact(text: &str, private: &[&str]) -> String {
    let mut kept = text.to_owned();
    for word in private.iter().filter(|word| !word.is_empty()) {
        kept = kept.replace(word, BLOT);
    }
    blot_numbers(&kept).chars().take(MAX_CHARS).collect()
}

/// Blots out every number of four digits or more, also when it is written in groups.
fn blot_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars() {
        let c = if c.is_control() { ' ' } else { c };
        let begins = c.is_numeric() || c == '+';
        let continues = begins || (!run.is_empty() && matches!(c, ' ' | '-' | '.' | '(' | ')'));
        if continues {
            run.push(c);
        } else {
            flush(&mut run, &mut out);
            out.push(c);
        }
    }
    flush(&mut run, &mut out);
    out
}

fn flush(run: &mut String, out: &mut String) {
    let number = run.trim_end_matches([' ', '-', '.', '(', ')']);
    if number.chars().filter(|c| c.is_numeric()).count() >= MIN_DIGITS {
        out.push_str(BLOT);
        out.push_str(&run[number.len()..]);
    } else {
        out.push_str(run);
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_go_however_they_are_written() {
        for (text, kept) in [
            ("Number +46700000001 is invalid.", "Number […] is invalid."),
            ("Number +46 70-000 00 01 is invalid.", "Number […] is invalid."),
            ("(+4813). Too short", "([…]). Too short"),
            ("code 123456", "code […]"),
        ] {
            assert_eq!(redact(text, &[]), kept);
        }
    }

    #[test]
    fn short_numbers_and_words_stay() {
        let text = "Maximum 10 characters. Valid characters: A-Z, a-z, 0-9, '-'";
        assert_eq!(redact(text, &[]), text);
    }

    #[test]
    fn what_is_known_to_be_private_goes() {
        assert_eq!(redact("no such code: aB3-x", &["aB3-x", ""]), "no such code: […]");
    }

    #[test]
    fn the_text_is_one_short_line() {
        let kept = redact(&format!("a\r\nb{}", "é".repeat(500)), &[]);
        assert!(kept.starts_with("a  bé"));
        assert_eq!(kept.chars().count(), MAX_CHARS);
    }
}
