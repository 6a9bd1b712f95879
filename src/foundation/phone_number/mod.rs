//! Phone numbers: any usual way of writing an international number, kept as E.164.

use std::fmt;
use std::str::FromStr;

use phonenumber::country::Id;
use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, Type};
use unicode_normalization::UnicodeNormalization as _;

/// E.164 allows 15 digits; two more leave room for a written-out international prefix.
const DIGITS_MAX: usize = 17;
/// Far above any usual way of writing a number.
const CHARACTERS_MAX: usize = 64;
/// Code points of the digit zero in scripts whose digits people write phone numbers with:
/// Arabic-Indic, Extended Arabic-Indic, Devanagari, Bengali. (Full-width ones are handled by NFKC.)
const ZEROS: [char; 4] = ['\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}'];

/// Country codes of no country: toll-free (800), shared cost (808), satellites (870, 881), personal numbers
/// (878), networks without borders (882, 883), the United Nations (888) and premium rate (979), as ITU-T
/// E.164 assigns them. A text there costs many times what others do, and plans call some of them mobile.
const CODES_OF_NO_COUNTRY: [u16; 9] = [800, 808, 870, 878, 881, 882, 883, 888, 979];

/// A phone number in E.164 form. `Display` and `Debug` show it masked, so that logs do too.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    e164: String,
    country_code_digits: usize,
    country: Option<Country>,
    number_type: NumberType,
}

/// A country as ISO 3166-1 alpha-2 (or `001` for numbers of no country).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(String);

/// What a number can be called for, as far as codes are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberType {
    /// Takes texts and calls: mobile, VoIP, and where the plan does not tell mobile from fixed.
    TextsAndCalls,
    /// Takes calls only: fixed lines.
    CallsOnly,
    /// Nobody's own phone: premium rate, shared cost, toll-free, satellite, pagers, personal and company
    /// numbers, and those that no plan has given out.
    Neither,
}

/// Why a text is not a phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneNumberError {
    /// Not written as a phone number.
    #[error("Write the number with its country code, for instance +1 415 555 2671.")]
    Malformed,
    /// Written as one, but no network has given it out.
    #[error("This is not a valid phone number.")]
    Invalid,
}

impl PhoneNumber {
    /// Reads a number that a person typed. National notation is read as of `default_region`.
    pub fn parse(text: &str, default_region: Option<&Country>) -> Result<Self, PhoneNumberError> {
        let dialled = dialled(text, default_region).ok_or(PhoneNumberError::Malformed)?;
        let region = default_region.and_then(|country| Id::from_str(&country.0).ok());
        let number = match region {
            _ if dialled.starts_with('+') => {
                as_written(&dialled).or_else(|| phonenumber::parse(None, &dialled).ok())
            }
            Some(_) => phonenumber::parse(region, &dialled).ok(),
            None => None,
        };
        let number = number.ok_or(PhoneNumberError::Malformed)?;
        let e164 = number.format().mode(Mode::E164).to_string();
        // The plans of some countries allow for more digits than E.164 has.
        if !number.is_valid() || !is_e164(&e164) {
            return Err(PhoneNumberError::Invalid);
        }
        Ok(Self::read(&number, e164))
    }

    /// Loads the numbering plans of the world, which the first number would otherwise wait for.
    /// Blocks, for tenths of a second.
    pub fn load_plans() {
        let _ = DATABASE.by_code(&1);
    }

    /// Takes a number that is E.164 already, without asking whether a network has given it out:
    /// what the database holds, and the numbers of `TEST_PHONE_NUMBERS`.
    pub fn from_e164(e164: &str) -> Option<Self> {
        let unknown = || Self {
            e164: e164.to_owned(),
            country_code_digits: 1,
            country: None,
            number_type: NumberType::Neither,
        };
        is_e164(e164).then(|| {
            as_written(e164).map_or_else(unknown, |number| Self::read(&number, e164.to_owned()))
        })
    }

    fn read(number: &phonenumber::PhoneNumber, e164: String) -> Self {
        let code = number.country().code();
        let number_type = if CODES_OF_NO_COUNTRY.contains(&code) {
            NumberType::Neither
        } else {
            NumberType::from(number.number_type(&DATABASE))
        };
        Self {
            e164,
            country_code_digits: code.to_string().len(),
            country: number.country().id().map(|id| Country(id.as_ref().to_owned())),
            number_type,
        }
    }

    /// `+` and up to 15 digits.
    pub fn e164(&self) -> &str {
        &self.e164
    }

    /// The country whose plan it belongs to, where that is known.
    pub fn country(&self) -> Option<&Country> {
        self.country.as_ref()
    }

    /// What it can be called for.
    pub fn number_type(&self) -> NumberType {
        self.number_type
    }

    /// The number without its last four digits: what neighbours in a range that was given out together have
    /// in common.
    pub fn prefix(&self) -> &str {
        &self.e164[..self.e164.len().saturating_sub(4)]
    }

    /// Country code and last four digits, for instance `+1•••••••2671`. The number of dots tells
    /// nothing.
    pub fn masked(&self) -> String {
        let shown = 1 + self.country_code_digits;
        let tail = self.e164.len().saturating_sub(4).max(shown);
        format!("{}•••••••{}", &self.e164[..shown], &self.e164[tail..])
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

/// The valid number that these very digits are. `None` where the trunk prefix of a country has to go before they
/// are one (`+46 070…`).
///
/// Given a region, the library takes off that region's trunk prefix, whatever country the number is of: with `US`
/// +49 1512… became +49 512…, another number. Given none it takes off that of the number's country, even where it
/// begins an area code (+7 814…). Denmark has none.
fn as_written(e164: &str) -> Option<phonenumber::PhoneNumber> {
    let number = phonenumber::parse(Some(Id::DK), e164).ok();
    number
        .filter(|number| number.is_valid() && number.format().mode(Mode::E164).to_string() == e164)
}

/// ITU-T E.164, 6.2.1: at most 15 digits. The column has the same rule.
fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (4..=15).contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

impl FromStr for Country {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let upper = text.trim().to_ascii_uppercase();
        phonenumber::country::Id::from_str(&upper).map(|_| Self(upper)).map_err(|_| ())
    }
}

impl Country {
    /// Its ISO 3166-1 code, in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Type> for NumberType {
    fn from(number_type: Type) -> Self {
        match number_type {
            Type::Mobile | Type::FixedLineOrMobile | Type::Voip => Self::TextsAndCalls,
            Type::FixedLine => Self::CallsOnly,
            _ => Self::Neither,
        }
    }
}

/// What one would dial: digits, with a leading `+` where the number is international. `None` for
/// letters, extensions and everything else that is no way of writing a number.
fn dialled(text: &str, region: Option<&Country>) -> Option<String> {
    if text.len() > CHARACTERS_MAX * 4 {
        return None;
    }
    let normal: String = text.nfkc().collect();
    let lower = normal.trim().to_ascii_lowercase();
    let written = lower.strip_prefix("tel:").unwrap_or(&lower);
    let international = written.trim_start_matches(['(', ' ']).starts_with('+');
    // The trunk prefix in brackets is for callers within the country: +44 (0)20 7946 0958.
    let written = if international { written.replace("(0)", "") } else { written.to_owned() };

    let mut dialled = String::new();
    for character in written.chars() {
        match (digit(character), character) {
            (Some(digit), _) => dialled.push(digit),
            (None, '+') if dialled.is_empty() => dialled.push('+'),
            (None, separator) if is_separator(separator) => {}
            _ => return None,
        }
    }
    let rest = dialled.strip_prefix("00").or_else(|| after_exit_code(&dialled, region?));
    if let Some(rest) = rest {
        dialled = format!("+{rest}");
    }
    let digits = dialled.trim_start_matches('+').len();
    (4..=DIGITS_MAX).contains(&digits).then_some(dialled)
}

/// What follows the digits that lead out of `region`: 011 in the US.
fn after_exit_code<'a>(dialled: &'a str, region: &Country) -> Option<&'a str> {
    let code = DATABASE.by_id(&region.0)?.international_prefix()?.find(dialled)?;
    let rest = dialled.get(code.end()..).filter(|_| code.start() == 0);
    rest.filter(|rest| !rest.starts_with('0'))
}

fn digit(character: char) -> Option<char> {
    if character.is_ascii_digit() {
        return Some(character);
    }
    ZEROS.into_iter().find_map(|zero| {
        let value = u32::from(character).checked_sub(u32::from(zero))?;
        char::from_digit(value, 10)
    })
}

/// Blanks, brackets, dots, slashes and dashes, and the invisible marks of direction that come
/// along when a number is copied from an address book.
fn is_separator(character: char) -> bool {
    matches!(
        character,
        ' ' | '\t' | '(' | ')' | '.' | '/' | '-'
            | '\u{2010}'..='\u{2015}' | '\u{2212}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests;
