//! What a carrier tells of a message after it has taken it over: the words in which every carrier's
//! callbacks are understood.
//!
//! Owns the reading of prices. A receipt is a hint for the ledger, never a proof: it lets nobody in.

use std::num::NonZeroU16;

/// What became of one message or call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Which message.
    pub subject: Subject,
    /// What became of it.
    pub fate: Fate,
    /// What it costs, where the carrier told.
    pub price: Option<Price>,
    /// How many messages it was cut into, where the carrier told.
    pub segments: Option<NonZeroU16>,
}

/// By what a message is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The carrier's own id: 1 to 128 characters of `[A-Za-z0-9_-]`.
    ProviderReference(String),
    /// The reference that we gave it: the challenge's id.
    OurReference(String),
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It has left the carrier.
    Sent,
    /// It has arrived, as far as the carrier knows.
    Delivered,
    /// It will not arrive.
    Failed {
        /// The carrier's code or word for it: 1 to 64 characters of `[A-Za-z0-9_-]`.
        reason: String,
    },
}

impl Fate {
    /// A failure for a reason in the carrier's words; what is not harmless in them becomes `_`.
    pub(super) fn failed(reason: &str) -> Self {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let reason: String = reason.trim().chars().take(64).map(plain).collect();
        let reason = if reason.is_empty() { "unknown".to_owned() } else { reason };
        Self::Failed { reason }
    }

    /// Why it will not arrive.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Failed { reason } => Some(reason),
            Self::Sent | Self::Delivered => None,
        }
    }

    /// A stable name for the log.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed { .. } => "failed",
        }
    }
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Millionths of the currency's unit; never negative.
    pub amount_micros: i64,
    /// ISO 4217, three capital letters.
    pub currency: String,
}

impl Price {
    /// Reads a decimal number like `0.00250`; further digits than six are rounded up, so that a
    /// budget counts too much rather than too little. `None` where it is not one.
    pub(super) fn parse(amount: &str, currency: &str) -> Option<Self> {
        let is_currency = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
        let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
        let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let sound = !whole.is_empty() && whole.len() <= 9 && fraction.len() <= 32;
        if !is_currency || !sound || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let (kept, rest) = fraction.split_at(fraction.len().min(6));
        let micros: i64 = format!("{whole}{kept:0<6}").parse().ok()?;
        let rounded = i64::from(rest.bytes().any(|digit| digit != b'0'));
        Some(Self { amount_micros: micros + rounded, currency: currency.to_owned() })
    }

    /// The price of so many.
    pub(super) fn times(self, count: u16) -> Self {
        Self { amount_micros: self.amount_micros.saturating_mul(count.into()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_without_floats_and_rounded_up() {
        for (text, micros) in [
            ("0.00250", Some(2_500)),
            ("10.5", Some(10_500_000)),
            ("3", Some(3_000_000)),
            ("0.0000001", Some(1)),
            ("", None),
            (".5", None),
            ("-1", None),
            ("1e-5", None),
            ("1,5", None),
            ("1234567890", None),
        ] {
            let read = Price::parse(text, "USD").map(|price| price.amount_micros);
            assert_eq!(read, micros, "{text}");
        }
        for currency in ["", "usd", "US", "USDT"] {
            assert_eq!(Price::parse("1", currency), None, "{currency}");
        }
    }

    #[test]
    fn a_reason_is_short_and_harmless() {
        let failed = |reason: &str| Fate::Failed { reason: reason.to_owned() };
        assert_eq!(Fate::failed("450"), failed("450"));
        assert_eq!(Fate::failed("no route\n+46"), failed("no_route__46"));
        assert_eq!(Fate::failed(" "), failed("unknown"));
        assert_eq!(Fate::failed(&"x".repeat(99)), failed(&"x".repeat(64)));
    }
}
