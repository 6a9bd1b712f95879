//! The texts by language, and the finished words of an e-mail: plain and as HTML.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::foundation::Language;

use super::occasion::{Closing, Occasion, TemplateName};
use super::template::{Template, TemplateFault, escape};

/// RFC 5322, 2.1.1: what a line should not exceed.
const SUBJECT_MAX: usize = 78;

/// The files, in the order of [`Language::ALL`].
const FILES: [&str; Language::ALL.len()] = [
    include_str!("../../data/emails/en.json"),
    include_str!("../../data/emails/de.json"),
    include_str!("../../data/emails/fr.json"),
    include_str!("../../data/emails/es.json"),
    include_str!("../../data/emails/pt.json"),
    include_str!("../../data/emails/it.json"),
    include_str!("../../data/emails/nl.json"),
    include_str!("../../data/emails/sv.json"),
    include_str!("../../data/emails/da.json"),
    include_str!("../../data/emails/nb.json"),
    include_str!("../../data/emails/fi.json"),
    include_str!("../../data/emails/pl.json"),
    include_str!("../../data/emails/tr.json"),
];

/// Every text there is, in the order of [`Language::ALL`].
pub(super) struct Texts(Vec<OfLanguage>);

struct OfLanguage {
    ignore: Template,
    act: Template,
    texts: BTreeMap<TemplateName, Text>,
}

struct Text {
    subject: String,
    paragraphs: Vec<Template>,
}

/// The form of a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    ignore: String,
    act: String,
    /// The subject, then the paragraphs.
    texts: BTreeMap<TemplateName, Vec<String>>,
}

/// Why the texts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TextsError {
    /// A file is not in the form of the others.
    #[error("the e-mail texts of {language} cannot be read", language = .0.tag())]
    NotJson(Language, #[source] serde_json::Error),
    /// A text is missing.
    #[error("{language} has no text for {name}", language = .0.tag(), name = .1.as_str())]
    Missing(Language, TemplateName),
    /// A subject is longer than a line of a header should be, or stands alone.
    #[error("{language}.{name}: a subject of 1 to {SUBJECT_MAX} characters and a text are wanted", language = .0.tag(), name = .1.as_str())]
    Subject(Language, TemplateName),
    /// A text does not tell everything.
    #[error("{language}.{name} lacks {{{variable}}}", language = .0.tag(), name = .1.as_str(), variable = .2)]
    Unused(Language, TemplateName, &'static str),
    /// A text is not right.
    #[error("a text of {language} is not right", language = .0.tag())]
    Template(Language, #[source] TemplateFault),
}

/// The words of one e-mail.
pub(super) struct Words {
    pub(super) subject: String,
    pub(super) plain: String,
    pub(super) html: String,
}

impl Texts {
    /// Reads the built-in files.
    pub(super) fn built_in() -> Result<Self, TextsError> {
        let files = Language::ALL.into_iter().zip(FILES);
        files
            .map(|(language, json)| OfLanguage::read(language, json))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The words for `occasion`; at their end stands who says them.
    pub(super) fn render(&self, language: Language, occasion: &Occasion, signature: &str) -> Words {
        let of_language = &self.0[language as usize];
        let (name, values) = (occasion.template(), occasion.values());
        let text = &of_language.texts[&name];
        let closing = match name.closing() {
            Closing::Ignore => Some(&of_language.ignore),
            Closing::Act => Some(&of_language.act),
            Closing::None => None,
        };
        let (mut plain, mut html) = (String::new(), String::new());
        for paragraph in text.paragraphs.iter().chain(closing) {
            plain.push_str(&paragraph.plain(&values));
            plain.push_str("\n\n");
            // Writing to a string does not fail.
            let _ = writeln!(html, "<p>{}</p>", paragraph.html(&values));
        }
        Words {
            subject: text.subject.clone(),
            plain: format!("{plain}-- \n{signature}\n"),
            html: format!(
                "<!doctype html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n{html}<p>{}</p>\n</html>\n",
                language.tag(),
                escape(signature),
            ),
        }
    }
}

impl OfLanguage {
    fn read(language: Language, json: &str) -> Result<Self, TextsError> {
        let file: File =
            serde_json::from_str(json).map_err(|error| TextsError::NotJson(language, error))?;
        let closing = |text: &str| {
            Template::parse(text, &[]).map_err(|fault| TextsError::Template(language, fault))
        };
        let mut texts = BTreeMap::new();
        for name in TemplateName::ALL {
            let lines = file.texts.get(&name).ok_or(TextsError::Missing(language, name))?;
            texts.insert(name, Text::read(language, name, lines)?);
        }
        Ok(Self { ignore: closing(&file.ignore)?, act: closing(&file.act)?, texts })
    }
}

impl Text {
    fn read(language: Language, name: TemplateName, lines: &[String]) -> Result<Self, TextsError> {
        let [subject, paragraphs @ ..] = lines else {
            return Err(TextsError::Subject(language, name));
        };
        let fault = |fault| TextsError::Template(language, fault);
        // A subject has no variables: nothing from outside gets into a header.
        Template::parse(subject, &[]).map_err(fault)?;
        if subject.chars().count() > SUBJECT_MAX || paragraphs.is_empty() {
            return Err(TextsError::Subject(language, name));
        }
        let variables = name.variables();
        let paragraphs = paragraphs.iter().map(|text| Template::parse(text, variables));
        let paragraphs = paragraphs.collect::<Result<Vec<_>, _>>().map_err(fault)?;
        for (place, variable) in variables.iter().enumerate() {
            if !paragraphs.iter().any(|paragraph| paragraph.uses(place)) {
                return Err(TextsError::Unused(language, name, variable));
            }
        }
        Ok(Self { subject: subject.clone(), paragraphs })
    }
}

#[cfg(test)]
mod tests {
    use super::super::occasion::{Value, tests::all};
    use super::*;

    #[test]
    fn every_language_has_every_text_and_each_tells_everything() {
        let texts = Texts::built_in().unwrap();
        for language in Language::ALL {
            for occasion in all() {
                let words = texts.render(language, &occasion, "https://auth.example.com");
                let told = format!("{} {:?}", language.tag(), occasion);
                for value in occasion.values() {
                    let (plain, in_html) = match value {
                        Value::Link(to) => {
                            (to.to_string(), format!("<a href=\"{}\">", escape(&to)))
                        }
                        Value::Words(text) => (text.clone(), escape(&text)),
                    };
                    assert!(words.plain.contains(&plain), "{told}: {}", words.plain);
                    assert!(words.html.contains(&in_html), "{told}: {}", words.html);
                }
                assert!(!words.plain.contains(['{', '}']), "{told}: {}", words.plain);
                assert!(words.html.contains(&format!("lang=\"{}\"", language.tag())), "{told}");
            }
        }
    }

    #[test]
    fn no_two_texts_of_a_language_and_no_two_languages_say_the_same() {
        let texts = Texts::built_in().unwrap();
        let mut subjects: Vec<_> = texts
            .0
            .iter()
            .enumerate()
            .flat_map(|(at, of)| of.texts.values().map(move |text| (at, &text.subject)))
            .collect();
        let count = subjects.len();
        subjects.sort_unstable();
        subjects.dedup();
        assert_eq!(subjects.len(), count, "two occasions of one language share a subject");
        for (at, of) in texts.0.iter().enumerate() {
            for (name, text) in &of.texts {
                let others = texts.0.iter().enumerate().filter(|(other, _)| *other != at);
                for (other, others) in others {
                    let same = others.texts[name].paragraphs == text.paragraphs;
                    assert!(!same, "{name:?} is the same in languages {at} and {other}");
                }
            }
        }
    }

    #[test]
    fn a_file_that_lacks_something_is_refused() {
        let complete: serde_json::Value = serde_json::from_str(FILES[0]).unwrap();
        let read = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut file = complete.clone();
            change(&mut file);
            OfLanguage::read(Language::English, &file.to_string()).err().map(|it| it.to_string())
        };
        assert_eq!(read(&|_| ()), None);
        let missing = read(&|file| {
            file["texts"].as_object_mut().unwrap().remove("new_device");
        });
        assert_eq!(missing.as_deref(), Some("en has no text for new_device"));
        let silent = read(&|file| file["texts"]["new_device"] = serde_json::json!(["A", "{at}"]));
        assert_eq!(silent.as_deref(), Some("en.new_device lacks {device}"));
        for subject in ["x".repeat(79), "{at}".to_owned(), "a\nBcc: eve@example.com".to_owned()] {
            let lines = serde_json::json!([subject, "{at}"]);
            let told = read(&|file| file["texts"]["password_changed"] = lines.clone());
            assert!(told.is_some(), "{subject:?}");
        }
    }
}
