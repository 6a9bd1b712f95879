//! Amounts of money: whole millionths, never a binary fraction.

use std::fmt;
use std::str::FromStr;

const MICROS: i64 = 1_000_000;
const DECIMALS: usize = 6;
/// A thousand million: whatever is added up of such amounts fits by far.
const WHOLE_MAX: i64 = 1_000_000_000;

/// An amount in millionths of a currency's unit; never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not digits, and a point between digits at most.
    #[error("is no decimal number like 12.50")]
    Malformed,
    /// Below zero.
    #[error("is negative")]
    Negative,
    /// Finer than wanted.
    #[error("has more than {most} decimals")]
    TooFine {
        /// How many there may be.
        most: usize,
    },
    /// More than a thousand million.
    #[error("is too much")]
    TooMuch,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many whole units.
    pub(super) const fn of_units(units: u32) -> Self {
        // The widest u32 has room: 4.3e9 * 1e6.
        Self(units as i64 * MICROS)
    }

    /// So many millionths; `None` where they are negative or more than a thousand million units.
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < 0 || micros > WHOLE_MAX * MICROS { None } else { Some(Self(micros)) }
    }

    /// In millionths.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads `12.50` exactly, with at most `decimals` (up to 6) digits behind the point.
    pub fn parse(text: &str, decimals: usize) -> Result<Self, AmountError> {
        let most = decimals.min(DECIMALS);
        if text.starts_with('-') {
            return Err(AmountError::Negative);
        }
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return Err(AmountError::Malformed),
            Some(parts) => parts,
            None => (text, ""),
        };
        let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
            return Err(AmountError::Malformed);
        }
        if fraction.len() > most {
            return Err(AmountError::TooFine { most });
        }
        let whole: i64 = whole.parse().map_err(|_| AmountError::TooMuch)?;
        let fraction: i64 =
            format!("{fraction:0<DECIMALS$}").parse().map_err(|_| AmountError::Malformed)?;
        let micros = whole.checked_mul(MICROS).and_then(|micros| micros.checked_add(fraction));
        micros.and_then(Self::from_micros).ok_or(AmountError::TooMuch)
    }
}

/// With two decimals, and with more where there are more: `12.50`, `0.0083`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:0DECIMALS$}", self.0 % MICROS);
        let (cents, finer) = fraction.split_at(2);
        f.pad(&format!("{}.{cents}{}", self.0 / MICROS, finer.trim_end_matches('0')))
    }
}

/// A currency by its ISO 4217 code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Currency(String);

/// A text is no code of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("three capital letters like USD are wanted")]
pub struct CurrencyError;

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let is_code = text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_uppercase());
        is_code.then(|| Self(text.to_owned())).ok_or(CurrencyError)
    }
}

impl Currency {
    /// The code that counts where nobody chooses another: that of `data/prices.json`.
    pub const USUAL: &str = "USD";

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_no_number_is_exactly_is_refused() {
        for (text, wrong) in [
            ("", AmountError::Malformed),
            (".", AmountError::Malformed),
            (".5", AmountError::Malformed),
            ("5.", AmountError::Malformed),
            ("1,5", AmountError::Malformed),
            ("1e3", AmountError::Malformed),
            ("+1", AmountError::Malformed),
            ("1.2.3", AmountError::Malformed),
            ("1 ", AmountError::Malformed),
            ("٣", AmountError::Malformed),
            ("NaN", AmountError::Malformed),
            ("-1", AmountError::Negative),
            ("-0.01", AmountError::Negative),
            ("0.001", AmountError::TooFine { most: 2 }),
            ("1000000000.01", AmountError::TooMuch),
            ("99999999999999999999", AmountError::TooMuch),
        ] {
            assert_eq!(Amount::parse(text, 2), Err(wrong), "{text:?}");
        }
        assert_eq!(Amount::parse("0.0000001", 9), Err(AmountError::TooFine { most: 6 }));
    }

    #[test]
    fn amounts_are_read_and_shown_exactly() {
        for (text, micros, shown) in [
            ("0", 0, "0.00"),
            ("25", 25_000_000, "25.00"),
            ("0.1", 100_000, "0.10"),
            ("0.0083", 8_300, "0.0083"),
            ("007.000001", 7_000_001, "7.000001"),
            ("1000000000", 1_000_000_000_000_000, "1000000000.00"),
        ] {
            let amount = Amount::parse(text, 6).unwrap();
            assert_eq!((amount.micros(), amount.to_string().as_str()), (micros, shown));
        }
        assert_eq!(Amount::of_units(u32::MAX).micros(), 4_294_967_295_000_000);
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_as_the_same(micros in 0..=WHOLE_MAX * MICROS) {
            let amount = Amount::from_micros(micros).unwrap();
            prop_assert_eq!(Amount::parse(&amount.to_string(), 6), Ok(amount));
        }

        #[test]
        fn no_text_is_taken_for_another_number(text in "[-+0-9.,e ]{0,12}") {
            if let Ok(amount) = Amount::parse(&text, 6) {
                // The same digits, read the long way.
                let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
                let digits = format!("{whole}{fraction}");
                let shift = 10_i64.pow(u32::try_from(6 - fraction.len()).unwrap());
                prop_assert_eq!(amount.micros(), digits.parse::<i64>().unwrap() * shift);
            }
        }

        #[test]
        fn currencies_are_three_capitals(text in "[A-Za-z$]{0,4}") {
            let wanted = text.len() == 3 && text.chars().all(|it| it.is_ascii_uppercase());
            prop_assert_eq!(text.parse::<Currency>().is_ok(), wanted);
        }
    }
}
