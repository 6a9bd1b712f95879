//! The price table: what a text or a call to a country costs with each carrier.
//!
//! `data/prices.json` is compiled in and holds estimates; `SMS_PRICES_FILE` takes its place. A
//! carrier's own word on a price, where it gives one, wins over both.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::foundation::Country;
use crate::otp::Channel;
use crate::otp::providers::console;

use super::amount::{Amount, AmountError, Currency, CurrencyError};

const BUILT_IN: &str = include_str!("../../../data/prices.json");
/// Stands for all countries that are not listed.
const DEFAULT: &str = "default";
/// No text costs as much: a price above it has lost its point.
const PRICE_MAX: Amount = Amount::of_units(10);
const PRICE_DECIMALS: usize = 6;

/// What messages cost.
#[derive(Clone, Debug)]
pub struct Prices {
    currency: Currency,
    as_of: NaiveDate,
    is_built_in: bool,
    providers: HashMap<String, ByChannel>,
}

#[derive(Clone, Debug)]
struct ByChannel {
    sms: ByCountry,
    call: ByCountry,
}

#[derive(Clone, Debug)]
struct ByCountry {
    default: Amount,
    countries: HashMap<Country, Amount>,
}

/// Why a text is no price table.
#[derive(Debug, thiserror::Error)]
pub enum PricesError {
    /// Not JSON, or not of that form.
    #[error("it is not in the form of data/prices.json: {0}")]
    Form(#[source] serde_json::Error),
    /// `currency` is none.
    #[error("currency {text:?}: {error}")]
    Currency {
        /// What stands there.
        text: String,
        /// What is wanted.
        #[source]
        error: CurrencyError,
    },
    /// The table names a provider that there is not.
    #[error("{0:?} is no provider that is paid")]
    Provider(String),
    /// Countries that are not listed would have no price.
    #[error("{0} has no price {DEFAULT:?}")]
    NoDefault(String),
    /// The key of a price is no country.
    #[error("{0} is no ISO country code in capitals")]
    Country(String),
    /// Something is there twice.
    #[error("{0} is there twice")]
    Twice(String),
    /// A price cannot be read.
    #[error("{place}: {text:?} {error}")]
    Price {
        /// Provider, channel and country.
        place: String,
        /// What stands there.
        text: String,
        /// What is wrong with it.
        #[source]
        error: AmountError,
    },
    /// A price is beyond reason.
    #[error("{place}: {text:?} is more than {PRICE_MAX} a message")]
    TooHigh {
        /// Provider, channel and country.
        place: String,
        /// What stands there.
        text: String,
    },
}

impl Prices {
    /// The table that is compiled in: estimates.
    pub fn built_in() -> Result<Self, PricesError> {
        Ok(Self { is_built_in: true, ..Self::parse(BUILT_IN)? })
    }

    /// A table in place of the one that is compiled in. It names no provider that the other does
    /// not: that would be a slip of the pen.
    pub fn parse_in_place_of(built_in: &Self, text: &str) -> Result<Self, PricesError> {
        let prices = Self::parse(text)?;
        let mut names = prices.providers.keys();
        match names.find(|name| !built_in.providers.contains_key(*name)) {
            Some(unknown) => Err(PricesError::Provider(unknown.clone())),
            None => Ok(prices),
        }
    }

    fn parse(text: &str) -> Result<Self, PricesError> {
        let file: File = serde_json::from_str(text).map_err(PricesError::Form)?;
        let currency = file.currency.parse();
        let currency = currency
            .map_err(|error| PricesError::Currency { text: file.currency.clone(), error })?;
        let mut providers = HashMap::new();
        for (name, ProviderFile { sms, call }) in file.providers.0 {
            let sms = ByCountry::read(&format!("{name}, sms"), sms)?;
            let call = match call {
                Some(call) => ByCountry::read(&format!("{name}, call"), call)?,
                None => sms.clone(),
            };
            if providers.insert(name.clone(), ByChannel { sms, call }).is_some() {
                return Err(PricesError::Twice(name));
            }
        }
        Ok(Self { currency, as_of: file.date, is_built_in: false, providers })
    }

    /// What all its prices are in.
    pub fn currency(&self) -> &Currency {
        &self.currency
    }

    /// Of which day its prices are.
    pub fn as_of(&self) -> NaiveDate {
        self.as_of
    }

    /// Whether it is the one that is compiled in, whose prices are estimates.
    pub fn is_built_in(&self) -> bool {
        self.is_built_in
    }

    /// Whether it has prices of the provider, or the provider costs nothing.
    pub fn covers(&self, provider: &str) -> bool {
        provider == console::NAME || self.providers.contains_key(provider)
    }

    /// What one message costs. Where the table has no such provider, which no start allows, too
    /// much rather than too little.
    pub(super) fn of(&self, provider: &str, channel: Channel, country: Option<&Country>) -> Amount {
        match self.providers.get(provider) {
            Some(prices) => {
                let prices = match channel {
                    Channel::Sms => &prices.sms,
                    Channel::Call => &prices.call,
                };
                let listed = country.and_then(|country| prices.countries.get(country));
                listed.copied().unwrap_or(prices.default)
            }
            None if provider == console::NAME => Amount::ZERO,
            None => PRICE_MAX,
        }
    }
}

impl ByCountry {
    fn read(place: &str, prices: Pairs<String>) -> Result<Self, PricesError> {
        let mut default = None;
        let mut countries = HashMap::new();
        for (key, text) in prices.0 {
            let at = format!("{place}, {key}");
            let price = read_price(&at, text)?;
            let is_twice = if key == DEFAULT {
                default.replace(price).is_some()
            } else {
                let country: Option<Country> = key.parse().ok();
                // Reading a country forgives small letters; a table has one way to write it.
                let country = country.filter(|country| country.to_string() == key);
                let country = country.ok_or_else(|| PricesError::Country(at.clone()))?;
                countries.insert(country, price).is_some()
            };
            if is_twice {
                return Err(PricesError::Twice(at));
            }
        }
        let default = default.ok_or_else(|| PricesError::NoDefault(place.to_owned()))?;
        Ok(Self { default, countries })
    }
}

fn read_price(place: &str, text: String) -> Result<Amount, PricesError> {
    let place = place.to_owned();
    match Amount::parse(&text, PRICE_DECIMALS) {
        Ok(price) if price <= PRICE_MAX => Ok(price),
        Ok(_) => Err(PricesError::TooHigh { place, text }),
        Err(error) => Err(PricesError::Price { place, text, error }),
    }
}

/// The form of a table. Prices are texts: a number in JSON is a binary fraction to most programs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// For people.
    #[serde(default, rename = "note")]
    _note: IgnoredAny,
    date: NaiveDate,
    currency: String,
    providers: Pairs<ProviderFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderFile {
    sms: Pairs<String>,
    /// As texts where it is left out.
    call: Option<Pairs<String>>,
}

/// The members of an object in their order, and those that are there twice, too: a map would keep
/// the last of them and say nothing.
struct Pairs<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

struct PairsVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<V> {
    type Value = Pairs<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(providers: &str) -> String {
        format!(r#"{{"date": "2026-11-01", "currency": "USD", "providers": {{{providers}}}}}"#)
    }

    fn read(providers: &str) -> Result<Prices, String> {
        let built_in = Prices::built_in().unwrap();
        Prices::parse_in_place_of(&built_in, &table(providers)).map_err(|error| error.to_string())
    }

    fn country(code: &str) -> Country {
        code.parse().unwrap()
    }

    #[test]
    fn the_table_that_is_compiled_in_says_that_it_estimates() {
        let prices = Prices::built_in().unwrap();
        assert_eq!(prices.currency().as_str(), Currency::USUAL);
        for provider in ["sinch", "infobip", "plivo", "aws-sns"] {
            assert!(prices.covers(provider), "{provider}");
            for channel in [Channel::Sms, Channel::Call] {
                let unlisted = prices.of(provider, channel, None);
                assert!(unlisted > Amount::ZERO, "{provider}");
                assert!(prices.of(provider, channel, Some(&country("US"))) <= unlisted);
            }
        }
        let note: serde_json::Value = serde_json::from_str(BUILT_IN).unwrap();
        assert!(note["note"].to_string().contains("estimates"), "{}", note["note"]);
    }

    #[test]
    fn the_closest_price_counts() {
        let plivo =
            r#""plivo": {"sms": {"default": "0.2", "SE": "0.07"}, "call": {"default": "1"}}"#;
        let sinch = r#""sinch": {"sms": {"default": "0.3"}}"#;
        let prices = read(&format!("{plivo}, {sinch}")).unwrap();
        for (provider, channel, code, price) in [
            ("plivo", Channel::Sms, "SE", "0.07"),
            ("plivo", Channel::Sms, "US", "0.20"),
            ("plivo", Channel::Call, "SE", "1.00"),
            ("sinch", Channel::Sms, "SE", "0.30"),
            ("sinch", Channel::Call, "SE", "0.30"),
            ("console", Channel::Sms, "SE", "0.00"),
            ("nobody", Channel::Sms, "SE", "10.00"),
        ] {
            let of = prices.of(provider, channel, Some(&country(code)));
            assert_eq!(of.to_string(), price, "{provider} {channel:?} {code}");
        }
        assert_eq!(prices.of("plivo", Channel::Sms, None).to_string(), "0.20");
        assert!(prices.covers("console") && !prices.covers("infobip"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let sms = |prices: &str| format!(r#""plivo": {{"sms": {{{prices}}}}}"#);
        for (providers, told) in [
            (sms(r#""default": "0.1", "SE": "-0.1""#), r#"plivo, sms, SE: "-0.1" is negative"#),
            (
                sms(r#""default": "10.000001""#),
                r#"plivo, sms, default: "10.000001" is more than 10.00"#,
            ),
            (sms(r#""default": "0.0000001""#), "has more than 6 decimals"),
            (sms(r#""default": "0.1", "XX": "0.1""#), "plivo, sms, XX is no ISO country code"),
            (sms(r#""default": "0.1", "se": "0.1""#), "plivo, sms, se is no ISO country code"),
            (sms(r#""default": "0.1", "SE": "1", "SE": "2""#), "plivo, sms, SE is there twice"),
            (sms(r#""default": "0.1", "default": "1""#), "plivo, sms, default is there twice"),
            (sms(r#""SE": "0.1""#), r#"plivo, sms has no price "default""#),
            (sms(r#""default": 0.1"#), "expected a string"),
            (r#""plivo": {"calls": {}}"#.to_owned(), "unknown field `calls`"),
            (r#""pilvo": {"sms": {"default": "0.1"}}"#.to_owned(), r#""pilvo" is no provider"#),
            (r#""console": {"sms": {"default": "0"}}"#.to_owned(), r#""console" is no provider"#),
            (format!("{0}, {0}", sms(r#""default": "1""#)), "plivo is there twice"),
        ] {
            let error = read(&providers).unwrap_err();
            assert!(error.contains(told), "{providers}: {error}");
        }
        let dollars = table("").replace("USD", "$");
        let error = Prices::parse(&dollars).unwrap_err().to_string();
        assert!(error.contains(r#"currency "$": three capital letters"#), "{error}");
    }

    proptest! {
        #[test]
        fn every_price_within_bounds_is_kept_exactly(micros in 0_i64..=10_000_000) {
            let price = Amount::from_micros(micros).unwrap();
            let providers = format!(r#""sinch": {{"sms": {{"default": "{price}"}}}}"#);
            prop_assert_eq!(read(&providers).unwrap().of("sinch", Channel::Sms, None), price);
        }

        #[test]
        fn no_price_beyond_the_bounds_is_taken(micros in 10_000_001_i64..1_000_000_000_000) {
            let price = Amount::from_micros(micros).unwrap();
            let providers = format!(r#""sinch": {{"sms": {{"default": "{price}"}}}}"#);
            prop_assert!(read(&providers).unwrap_err().contains("is more than 10.00 a message"));
        }
    }
}
