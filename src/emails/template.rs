//! A text with places for its variables.

use super::occasion::Value;

/// Words and variables, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Words(String),
    /// The place of the variable in the list of them all.
    Variable(usize),
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// There is no such variable.
    #[error("{{{0}}} is no variable of this text")]
    UnknownVariable(String),
    /// A bracket without its other half.
    #[error("a {{ or }} stands by itself")]
    Bracket,
    /// It could end a header, or hide.
    #[error("a control character stands in it")]
    ControlCharacter,
    /// It says nothing.
    #[error("it is empty")]
    Empty,
}

impl Template {
    /// Reads a text; `{name}` is the place of a variable.
    pub(super) fn parse(text: &str, variables: &[&str]) -> Result<Self, TemplateFault> {
        if text.trim().is_empty() {
            return Err(TemplateFault::Empty);
        }
        if text.contains(char::is_control) {
            return Err(TemplateFault::ControlCharacter);
        }
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((words, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').ok_or(TemplateFault::Bracket)?;
            let place = variables.iter().position(|variable| *variable == name);
            let unknown = || TemplateFault::UnknownVariable(name.to_owned());
            pieces.extend([Self::words(words)?, Piece::Variable(place.ok_or_else(unknown)?)]);
            rest = behind;
        }
        pieces.push(Self::words(rest)?);
        Ok(Self(pieces))
    }

    fn words(text: &str) -> Result<Piece, TemplateFault> {
        let fine = !text.contains('}');
        fine.then(|| Piece::Words(text.to_owned())).ok_or(TemplateFault::Bracket)
    }

    /// Whether the variable at that place is used.
    pub(super) fn uses(&self, place: usize) -> bool {
        self.0.contains(&Piece::Variable(place))
    }

    /// As plain text.
    pub(super) fn plain(&self, values: &[Value]) -> String {
        self.write(values, str::to_owned, str::to_owned)
    }

    /// As HTML, in which no value can be markup.
    pub(super) fn html(&self, values: &[Value]) -> String {
        self.write(values, escape, |link| {
            let link = escape(link);
            format!("<a href=\"{link}\">{link}</a>")
        })
    }

    fn write(
        &self,
        values: &[Value],
        words: impl Fn(&str) -> String,
        link: impl Fn(&str) -> String,
    ) -> String {
        let write = |piece: &Piece| match piece {
            Piece::Words(text) => words(text),
            Piece::Variable(place) => match values.get(*place) {
                Some(Value::Words(text)) => words(text),
                Some(Value::Link(to)) => link(to),
                None => String::new(),
            },
        };
        self.0.iter().map(write).collect()
    }
}

/// Text as HTML has it, between tags and in attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            plain => escaped.push(plain),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn variables_are_put_in_their_places() {
        let template = Template::parse("On {at}, by {device}: {at}.", &["at", "device"]).unwrap();
        let values = ["now", "a <b>"].map(|text| Value::Words(text.to_owned()));
        assert_eq!(template.plain(&values), "On now, by a <b>: now.");
        assert_eq!(template.html(&values), "On now, by a &lt;b&gt;: now.");
        assert!(template.uses(0) && template.uses(1) && !template.uses(2));
    }

    #[test]
    fn what_is_not_a_template_is_refused() {
        let unknown = |name: &str| TemplateFault::UnknownVariable(name.to_owned());
        for (text, fault) in [
            ("", TemplateFault::Empty),
            (" ", TemplateFault::Empty),
            ("{at", TemplateFault::Bracket),
            ("at}", TemplateFault::Bracket),
            ("{at}}", TemplateFault::Bracket),
            ("{when}", unknown("when")),
            ("{}", unknown("")),
            ("a\r\nBcc: eve@example.com", TemplateFault::ControlCharacter),
        ] {
            assert_eq!(Template::parse(text, &["at"]), Err(fault), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_value_becomes_markup(text in "\\PC{0,60}") {
            let template = Template::parse("{it} {it}", &["it"]).unwrap();
            for value in [Value::Words(text.clone()), Value::Link(text.clone().into())] {
                let html = template.html(std::slice::from_ref(&value));
                let tags = if matches!(value, Value::Words(_)) { 0 } else { 4 };
                prop_assert_eq!(html.matches('<').count(), tags);
                prop_assert_eq!(html.matches('"').count(), tags);
            }
        }
    }
}
