//! A text with a place for the code.

use super::gsm7::{self, NotGsm7};

/// A text with `{code}` in it, and `{minutes}` where the author wants; every other character is of
/// the GSM-7 alphabet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Words(String),
    Code,
    Minutes,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// It would be sent as UCS-2, and cost as much as two or three.
    #[error(transparent)]
    NotGsm7(#[from] NotGsm7),
    /// Nobody knows what belongs there.
    #[error("{{{0}}} is no placeholder; there are {{code}} and {{minutes}}")]
    UnknownPlaceholder(String),
    /// A brace without its other half.
    #[error(
        "a brace is open, or closes nothing: braces stand around {{code}} and {{minutes}} only"
    )]
    LoneBrace,
    /// The code would not be in it.
    #[error("{{code}} is missing")]
    NoCode,
    /// Browsers might take a part of it for the line that binds the code to a site.
    #[error("it has both @ and #, which belong to the last line; OTP_ORIGIN adds that")]
    LooksBound,
}

impl Template {
    /// Reads a template as its author wrote it.
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        gsm7::septets(text)?;
        if text.contains('@') && text.contains('#') {
            return Err(TemplateFault::LooksBound);
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((words, after)) = rest.split_once('{') {
            pieces.extend(words_of(words)?);
            let (name, after) = after.split_once('}').ok_or(TemplateFault::LoneBrace)?;
            pieces.push(match name {
                "code" => Piece::Code,
                "minutes" => Piece::Minutes,
                name => return Err(TemplateFault::UnknownPlaceholder(name.to_owned())),
            });
            rest = after;
        }
        pieces.extend(words_of(rest)?);
        if pieces.contains(&Piece::Code) { Ok(Self(pieces)) } else { Err(TemplateFault::NoCode) }
    }

    /// A template of the program's own: the code, and `words` behind it.
    pub(super) fn after_code(words: &str) -> Self {
        Self(vec![Piece::Code, Piece::Words(words.to_owned())])
    }

    /// Writes the text for `code`, which is good for `minutes`.
    pub(super) fn write(&self, text: &mut String, code: &str, minutes: i64) {
        for piece in &self.0 {
            match piece {
                Piece::Words(words) => text.push_str(words),
                Piece::Code => text.push_str(code),
                Piece::Minutes => text.push_str(&minutes.to_string()),
            }
        }
    }
}

/// What stands between two placeholders, if anything does.
fn words_of(text: &str) -> Result<Option<Piece>, TemplateFault> {
    match text {
        "" => Ok(None),
        text if text.contains('}') => Err(TemplateFault::LoneBrace),
        text => Ok(Some(Piece::Words(text.to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(template: &str) -> String {
        let mut text = String::new();
        Template::parse(template).unwrap().write(&mut text, "123456", 5);
        text
    }

    #[test]
    fn the_code_and_the_minutes_are_put_in_their_places() {
        assert_eq!(written("{code}"), "123456");
        assert_eq!(
            written("Acme: {code}.\nGood for {minutes} min."),
            "Acme: 123456.\nGood for 5 min."
        );
        assert_eq!(written("{code} {code}"), "123456 123456");
        assert_eq!(written("¿{code}? Für nö@Acme"), "¿123456? Für nö@Acme");
        assert_eq!(written("<#> {code}"), "<#> 123456");
    }

    #[test]
    fn what_is_no_template_is_told_by_its_fault() {
        use TemplateFault::{LoneBrace, LooksBound, NoCode, NotGsm7, UnknownPlaceholder};
        let cedilla = |position| NotGsm7(gsm7::NotGsm7 { character: 'ç', position });
        for (text, fault) in [
            ("{code} reçu", cedilla(9)),
            ("Code reçu {code} {name}", cedilla(7)),
            ("{name}, {code}", UnknownPlaceholder("name".to_owned())),
            ("{Code}", UnknownPlaceholder("Code".to_owned())),
            ("{ code }", UnknownPlaceholder(" code ".to_owned())),
            ("{}", UnknownPlaceholder(String::new())),
            ("{code", LoneBrace),
            ("code}", LoneBrace),
            ("{code}}", LoneBrace),
            ("{{code}}", UnknownPlaceholder("{code".to_owned())),
            ("", NoCode),
            ("Good for {minutes}", NoCode),
            ("@evil.example #{code}", LooksBound),
        ] {
            assert_eq!(Template::parse(text), Err(fault), "{text}");
        }
    }
}
