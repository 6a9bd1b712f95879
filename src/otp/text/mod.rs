//! The text of a message: its wording, its language, and the lines that let phones fill it in.
//!
//! Owns the templates, built in and the operator's own, and the rule that a code costs one message.
//! A text is the words, below them the hash of the Android app that asks, and last the line that
//! binds the code to a site. Never sends anything.

mod app_hash;
mod built_in;
pub mod gsm7;
mod notice;
mod occasion;
mod origin;
mod own;
mod template;

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use crate::foundation::{Language, PhoneNumber};

use super::providers::india_dlt::IndiaDlt;
use super::{Channel, OtpCode};

pub use app_hash::{AppHash, AppHashError};
pub use occasion::{Addressee, Occasion};
pub use origin::{Origin, OriginError};
pub use own::{OwnTexts, OwnTextsFault};
pub use template::{Template, TemplateFault};

/// The longest message that the SMS Retriever of Android reads
/// (developers.google.com/identity/sms-retriever/verify). It does not say in which encoding, so
/// they are counted in the longer one, UTF-8.
const RETRIEVER_BYTES_MAX: usize = 140;

/// More than a text takes, so that the buffer with the code in it is never moved.
const TEXT_BYTES: usize = 512;

/// What stands in the texts beside their words.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// `OTP_ORIGIN`: the site that the last line binds the code to.
    pub origin: Option<Origin>,
    /// `ANDROID_APP_HASHES`: the apps that read their texts by themselves.
    pub app_hashes: BTreeSet<AppHash>,
    /// `OTP_LENGTH`: the digits of a code.
    pub code_digits: usize,
    /// How long a code is good for, in whole minutes, at least 1.
    pub minutes: i64,
    /// `DLT_TEMPLATE_ID` is set: one text is registered for India, and no other is let through.
    pub is_registered_in_india: bool,
}

/// Every text there is: for each language and occasion one, each of one message with all its lines.
#[derive(Clone, Debug)]
pub struct Texts {
    templates: [[Template; Occasion::ALL.len()]; Language::ALL.len()],
    conditions: Conditions,
}

/// A text that cannot be sent as one message under the conditions that are set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{language}.{occasion}: {excess}", language = .language.tag(), occasion = .occasion.as_str())]
pub struct TextTooLong {
    /// Its language.
    pub language: Language,
    /// Its occasion.
    pub occasion: Occasion,
    /// Whether the operator wrote it.
    pub is_own: bool,
    /// What it exceeds.
    pub excess: Excess,
}

/// How a text is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Excess {
    /// It would be charged as two messages.
    #[error("with all its lines it takes {0} septets of GSM-7, and one message has {SEPTETS}", SEPTETS = gsm7::SEPTETS_ALONE)]
    Septets(usize),
    /// Android would not read it.
    #[error(
        "with all its lines it has {0} bytes, and Android's SMS Retriever reads {RETRIEVER_BYTES_MAX}"
    )]
    Bytes(usize),
}

impl Texts {
    /// The built-in texts with the operator's own in their places. Every one that does not fit is
    /// told.
    pub fn new(own: &OwnTexts, conditions: Conditions) -> Result<Self, Vec<TextTooLong>> {
        let mut texts = Self { templates: built_in::templates(), conditions };
        let mut faults = Vec::new();
        for language in Language::ALL {
            for occasion in Occasion::ALL {
                let own = own.get(language, occasion);
                if let Some(template) = own {
                    texts.templates[language as usize][occasion as usize] = template.clone();
                }
                if let Some(excess) = texts.excess(language, occasion) {
                    let is_own = own.is_some();
                    faults.push(TextTooLong { language, occasion, is_own, excess });
                }
            }
        }
        if faults.is_empty() { Ok(texts) } else { Err(faults) }
    }

    /// The text that brings `code` to `addressee` at the number `to`. For a call it is the words
    /// alone.
    pub fn render(
        &self,
        addressee: &Addressee,
        to: &PhoneNumber,
        channel: Channel,
        code: &OtpCode,
    ) -> Zeroizing<String> {
        self.worded(addressee, to, channel, code.expose())
    }

    /// The same with `placeholder` wherever the code would be, for a provider that makes it.
    pub fn render_around(
        &self,
        addressee: &Addressee,
        to: &PhoneNumber,
        channel: Channel,
        placeholder: &str,
    ) -> String {
        self.worded(addressee, to, channel, placeholder).to_string()
    }

    /// What the number `to` is told when it is no longer that of an account. `None` where nobody would
    /// carry it, since it was not registered word for word.
    pub(super) fn notice(&self, language: Language, to: &PhoneNumber) -> Option<&'static str> {
        let is_carried = !self.conditions.is_registered_in_india || !IndiaDlt::concerns(to.e164());
        is_carried.then(|| notice::words(language))
    }

    /// The hash that a client sent, if it is one of `ANDROID_APP_HASHES`.
    pub fn known_app_hash(&self, text: &str) -> Option<AppHash> {
        let hash = text.parse().ok()?;
        self.conditions.app_hashes.get(&hash).cloned()
    }

    fn worded(
        &self,
        addressee: &Addressee,
        to: &PhoneNumber,
        channel: Channel,
        code: &str,
    ) -> Zeroizing<String> {
        let Addressee { language, occasion, app_hash, .. } = addressee;
        match channel {
            Channel::Call => self.words(*language, *occasion, code),
            // Whatever was not registered word for word does not arrive.
            Channel::Sms
                if self.conditions.is_registered_in_india && IndiaDlt::concerns(to.e164()) =>
            {
                self.with_lines(Language::English, Occasion::Login, code, None)
            }
            Channel::Sms => self.with_lines(*language, *occasion, code, app_hash.as_ref()),
        }
    }

    fn with_lines(
        &self,
        language: Language,
        occasion: Occasion,
        code: &str,
        app_hash: Option<&AppHash>,
    ) -> Zeroizing<String> {
        let mut text = self.words(language, occasion, code);
        if let Some(hash) = app_hash {
            text.push('\n');
            text.push_str(hash.as_str());
        }
        if let Some(origin) = &self.conditions.origin {
            for piece in ["\n@", origin.host(), " #", code] {
                text.push_str(piece);
            }
        }
        text
    }

    fn words(&self, language: Language, occasion: Occasion, code: &str) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(TEXT_BYTES));
        let template = &self.templates[language as usize][occasion as usize];
        template.write(&mut text, code, self.conditions.minutes);
        text
    }

    /// What is too much of a text with its longest code and every line that can be asked for.
    fn excess(&self, language: Language, occasion: Occasion) -> Option<Excess> {
        let code = "0".repeat(self.conditions.code_digits);
        // Hashes are all of one length.
        let hash = self.conditions.app_hashes.first();
        let longest = self.with_lines(language, occasion, &code, hash);
        // A template has no character outside the alphabet, nor has any of the lines.
        let septets = gsm7::septets(&longest).unwrap_or(usize::MAX);
        if septets > gsm7::SEPTETS_ALONE {
            Some(Excess::Septets(septets))
        } else if hash.is_some() && longest.len() > RETRIEVER_BYTES_MAX {
            Some(Excess::Bytes(longest.len()))
        } else {
            None
        }
    }
}
