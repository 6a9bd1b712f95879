//! The operator's own texts: `OTP_TEXTS_FILE`.

use std::collections::BTreeMap;

use crate::foundation::Language;

use super::{Occasion, Template, TemplateFault};

/// Texts that take the places of built-in ones.
#[derive(Clone, Debug, Default)]
pub struct OwnTexts(BTreeMap<(Language, Occasion), Template>);

/// Something wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum OwnTextsFault {
    /// Its form is not that of texts.
    #[error(r#"is not JSON like {{"en": {{"login": "{{code}} is your code."}}}}"#)]
    NotJson(#[source] serde_json::Error),
    /// A language without built-in texts would have none for the other occasions.
    #[error("{0:?} is no language that there are texts in: {all}", all = tags())]
    UnknownLanguage(String),
    /// Nobody would ever send it.
    #[error("{language}.{name}: there is no such occasion, only {all}", language = .language.tag(), all = names())]
    UnknownOccasion {
        /// The language above it.
        language: Language,
        /// What the file calls it.
        name: String,
    },
    /// The text is no template.
    #[error("{language}.{occasion}", language = .language.tag(), occasion = .occasion.as_str())]
    Template {
        /// The text's language.
        language: Language,
        /// The text's occasion.
        occasion: Occasion,
        /// What is wrong with it.
        #[source]
        fault: TemplateFault,
    },
}

impl OwnTexts {
    /// Reads JSON: languages, in each occasions, for each a template. Everything wrong is told.
    pub fn parse(json: &str) -> Result<Self, Vec<OwnTextsFault>> {
        let languages: BTreeMap<String, BTreeMap<String, String>> =
            serde_json::from_str(json).map_err(|error| vec![OwnTextsFault::NotJson(error)])?;
        let (mut own, mut faults) = (Self::default(), Vec::new());
        for (tag, occasions) in languages {
            let Some(language) = Language::parse(&tag) else {
                faults.push(OwnTextsFault::UnknownLanguage(tag));
                continue;
            };
            for (name, text) in occasions {
                match read(language, name, &text) {
                    Ok((occasion, template)) => {
                        own.0.insert((language, occasion), template);
                    }
                    Err(fault) => faults.push(fault),
                }
            }
        }
        if faults.is_empty() { Ok(own) } else { Err(faults) }
    }

    pub(super) fn get(&self, language: Language, occasion: Occasion) -> Option<&Template> {
        self.0.get(&(language, occasion))
    }
}

fn read(
    language: Language,
    name: String,
    text: &str,
) -> Result<(Occasion, Template), OwnTextsFault> {
    let Some(occasion) = Occasion::parse(&name) else {
        return Err(OwnTextsFault::UnknownOccasion { language, name });
    };
    let template = Template::parse(text);
    let template =
        template.map_err(|fault| OwnTextsFault::Template { language, occasion, fault })?;
    Ok((occasion, template))
}

fn tags() -> String {
    Language::ALL.map(Language::tag).join(", ")
}

fn names() -> String {
    Occasion::ALL.map(Occasion::as_str).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: &str) -> Vec<String> {
        OwnTexts::parse(json).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn texts_are_read_by_language_and_occasion() {
        let own = r#"{"de": {"login": "{code} von Acme"}, "en": {}}"#;
        let own = OwnTexts::parse(own).unwrap();
        let template = Template::parse("{code} von Acme").unwrap();
        assert_eq!(own.get(Language::German, Occasion::Login), Some(&template));
        assert_eq!(own.get(Language::German, Occasion::SignUp), None);
        assert_eq!(own.get(Language::English, Occasion::Login), None);
        assert!(OwnTexts::parse("{}").is_ok());
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let json = r#"{"xx": {"login": "{code}"}, "DE": {},
            "fr": {"login": "reçu {code}", "logout": "{code}", "sign_up": "rien"}}"#;
        let told = told(json);
        assert_eq!(told.len(), 5, "{told:?}");
        assert!(told[0].starts_with("\"DE\" is no language"), "{told:?}");
        assert_eq!(told[1], "fr.login");
        assert!(told[2].starts_with("fr.logout: there is no such occasion"), "{told:?}");
        assert_eq!(told[3], "fr.sign_up");
        assert!(told[4].starts_with("\"xx\" is no language"), "{told:?}");
    }

    #[test]
    fn another_form_is_refused() {
        for json in ["", "[]", "7", r#"{"en": "{code}"}"#, r#"{"en": {"login": 7}}"#, "{} {}"] {
            assert!(told(json)[0].starts_with("is not JSON like"), "{json}");
        }
    }
}
