//! `GUARD`, `BLOCKED_PREFIXES` and `ALLOWED_COUNTRIES`: where codes may go.

use crate::foundation::Country;
use crate::guard::{Mode, Rules};

use super::reader::Reader;

/// E.164 has no longer numbers.
const PREFIX_DIGITS_MAX: usize = 15;

pub(super) fn guard(reader: &mut Reader<'_>) -> Option<Rules> {
    let mode =
        reader.word("GUARD", &[("on", Mode::On), ("record", Mode::Record), ("off", Mode::Off)]);
    let blocked_prefixes = reader.list("BLOCKED_PREFIXES", "", parse_prefix);
    Some(Rules { mode: mode?, blocked_prefixes: blocked_prefixes? })
}

/// `ALLOWED_COUNTRIES`, entry by entry; `None` for `*`. One `*` allows all, whatever else is listed: collected,
/// the entries are one set or none.
pub(super) fn allowed_countries(reader: &mut Reader<'_>) -> Option<Vec<Option<Country>>> {
    reader.list("ALLOWED_COUNTRIES", "*", |text| match text {
        "*" => Ok(None),
        text => text
            .parse::<Country>()
            .map(Some)
            .map_err(|()| format!("{text:?} is no ISO country code")),
    })
}

/// `+` and the first digits of a number.
fn parse_prefix(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let well_formed = (1..=PREFIX_DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && !digits.starts_with('0');
    let wrong = || format!("{text:?} is no prefix like +881 or +4479111");
    well_formed.then(|| text.to_owned()).ok_or_else(wrong)
}
