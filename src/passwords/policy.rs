//! Which new passwords are taken: NIST SP 800-63B-4 §3.1.1.2, that is length and guessability, no composition rules.
//!
//! Owns the rules and tells every one that is broken at once. Never applied at login.

use std::ops::RangeInclusive;

use thiserror::Error;

use super::most_used::{is_most_used, most_used_of_at_least};
use super::password::{Password, PasswordProblem, collect_exactly, fold};

/// The shortest part before the `@` that a password may not contain; "al" would refuse too many good ones.
const LOCAL_PART_MIN_LENGTH: usize = 4;
/// How many digits from the end of the phone number a password may not contain: the subscriber's own part.
const PHONE_TAIL_LENGTH: usize = 7;

/// What kinds of character a new password must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Composition {
    /// Any. NIST forbids more than this.
    #[default]
    None,
    /// An upper-case letter, a lower-case letter and a digit, for those who are bound to ask for it.
    Mixed,
}

/// The rules for a new password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    min_length: usize,
    composition: Composition,
    /// Folded, the longest first.
    context_words: Vec<String>,
}

impl Default for PasswordPolicy {
    /// Eight code points, no composition rule.
    fn default() -> Self {
        Self {
            min_length: *Self::MIN_LENGTHS.start(),
            composition: Composition::None,
            context_words: Vec::new(),
        }
    }
}

impl PasswordPolicy {
    /// What may be asked for as the least number of code points. NIST: 8 beside another factor, 15 alone; a password
    /// of 64 must always be possible.
    pub const MIN_LENGTHS: RangeInclusive<usize> = 8..=64;

    /// A policy asking for `min_length` code points.
    ///
    /// # Errors
    /// [`PolicyError`] when `min_length` is outside of [`Self::MIN_LENGTHS`].
    pub fn new(min_length: usize, composition: Composition) -> Result<Self, PolicyError> {
        if !Self::MIN_LENGTHS.contains(&min_length) {
            return Err(PolicyError { min_length });
        }
        Ok(Self { min_length, composition, context_words: Vec::new() })
    }

    /// The same, for a service whose name and other words of its own are these: they do not count towards
    /// the least length that there may be. So `Acme2026!` is refused at Acme, whatever is put around the word,
    /// and a sentence that has it is not (NIST SP 800-63B-4, 3.1.1.2: derivatives, not substrings).
    #[must_use]
    pub fn with_context_words<'w>(self, words: impl IntoIterator<Item = &'w str>) -> Self {
        let folded = words.into_iter().map(|word| fold(word.trim()).to_string());
        let mut context_words: Vec<String> = folded.filter(|word| !word.is_empty()).collect();
        context_words.sort_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
        context_words.dedup();
        Self { context_words, ..self }
    }

    /// The words of the service, in small letters.
    pub fn context_words(&self) -> &[String] {
        &self.context_words
    }

    /// The least number of code points.
    pub fn min_length(&self) -> usize {
        self.min_length
    }

    /// Which kinds of character are asked for.
    pub fn composition(&self) -> Composition {
        self.composition
    }

    /// How many of the most used passwords only the list keeps out: the others are too short anyway.
    pub fn most_used_in_reach(&self) -> usize {
        most_used_of_at_least(self.min_length)
    }

    /// Takes a new password, or tells every reason why not.
    ///
    /// `phone_e164` is a number in E.164. A password that is too long is refused for that alone, unread.
    ///
    /// # Errors
    /// The broken rules, at least one.
    pub fn check(
        &self,
        raw: &str,
        email: Option<&str>,
        phone_e164: Option<&str>,
    ) -> Result<Password, Vec<PasswordProblem>> {
        let password = Password::normalise(raw).map_err(|problem| vec![problem])?;
        let folded = fold(raw);
        // The lesser of the two counts: neither a combining accent nor a ligature that unfolds buys length.
        let length = raw.chars().count().min(password.expose().chars().count());

        let problems: Vec<PasswordProblem> = [
            (length < self.min_length, PasswordProblem::TooShort { at_least: self.min_length }),
            (is_most_used(&folded), PasswordProblem::MostUsed),
            (self.is_context_only(&folded), PasswordProblem::ContextWords),
            (email.is_some_and(|it| contains_email(&folded, it)), PasswordProblem::ContainsEmail),
            (
                phone_e164.is_some_and(|it| contains_phone(&folded, it)),
                PasswordProblem::ContainsPhone,
            ),
            (!self.composition.is_met_by(password.expose()), PasswordProblem::Composition),
        ]
        .into_iter()
        .filter_map(|(broken, problem)| broken.then_some(problem))
        .collect();

        if problems.is_empty() { Ok(password) } else { Err(problems) }
    }

    /// Whether too little is left without the words of the service.
    fn is_context_only(&self, folded_password: &str) -> bool {
        let mut rest = zeroize::Zeroizing::new(folded_password.to_owned());
        for word in &self.context_words {
            // What is left beside a word must not come together to another one.
            rest = zeroize::Zeroizing::new(rest.replace(word.as_str(), " "));
        }
        let is_changed = rest.as_str() != folded_password;
        let left = rest.chars().filter(|c| !c.is_whitespace()).count();
        is_changed && left < *Self::MIN_LENGTHS.start()
    }
}

/// A policy that cannot be.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error(
    "the least password length must be between {} and {} characters, not {min_length}",
    PasswordPolicy::MIN_LENGTHS.start(),
    PasswordPolicy::MIN_LENGTHS.end()
)]
pub struct PolicyError {
    /// What was asked for.
    pub min_length: usize,
}

impl Composition {
    fn is_met_by(self, password: &str) -> bool {
        match self {
            Self::None => true,
            Self::Mixed => [char::is_uppercase, char::is_lowercase, char::is_numeric]
                .iter()
                .all(|is_of_kind| password.chars().any(is_of_kind)),
        }
    }
}

fn contains_email(folded_password: &str, email: &str) -> bool {
    let email = fold(email.trim());
    let local_part = email.rsplit_once('@').map_or(email.as_str(), |(local_part, _)| local_part);
    (!email.is_empty() && folded_password.contains(email.as_str()))
        || (local_part.chars().count() >= LOCAL_PART_MIN_LENGTH
            && folded_password.contains(local_part))
}

/// The end of the number is enough: whoever writes more of it, with or without the country code, writes its end.
fn contains_phone(folded_password: &str, phone_e164: &str) -> bool {
    let digits: String = phone_e164.chars().filter(char::is_ascii_digit).collect();
    let Some(tail_start) = digits.len().checked_sub(PHONE_TAIL_LENGTH) else { return false };
    let unseparated = zeroize::Zeroizing::new(collect_exactly(
        folded_password.chars().filter(|&c| !separates_digits(c)),
    ));
    unseparated.contains(&digits[tail_start..])
}

/// What people put between the digits of a phone number.
fn separates_digits(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}
