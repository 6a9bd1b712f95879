//! `SMS_CURRENCY`, `SMS_PRICES_FILE` and the budgets.

use std::path::Path;

use crate::otp::{Amount, Budgets, Currency, Money, Prices};

use super::reader::Reader;

/// A budget is set in cents, or what the currency has for them.
const BUDGET_DECIMALS: usize = 2;

/// `providers` are those of `VERIFICATION_PROVIDER`, where that is right: each must have a price.
pub(super) fn money(reader: &mut Reader<'_>, providers: &[&str]) -> Option<Money> {
    let currency = reader.or("SMS_CURRENCY", Currency::USUAL, str::parse::<Currency>);
    let prices = reader.or("SMS_PRICES_FILE", "", |path| {
        let built_in = Prices::built_in().map_err(|error| error.to_string())?;
        match path {
            "" => Ok(built_in),
            path => read_prices(Path::new(path), &built_in),
        }
    });
    let daily = reader.or("SMS_BUDGET_DAILY", "", parse_budget);
    let monthly = reader.or("SMS_BUDGET_MONTHLY", "", parse_budget);
    let country_daily = reader.or("SMS_BUDGET_PER_COUNTRY_DAILY", "", parse_budget);
    let (currency, prices) = (currency?, prices?);
    agree(reader, &currency, &prices, providers);
    let budgets = Budgets { daily: daily?, monthly: monthly?, country_daily: country_daily? };
    Some(Money::new(prices, budgets))
}

fn read_prices(path: &Path, built_in: &Prices) -> Result<Prices, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("it cannot be read: {error}"))?;
    Prices::parse_in_place_of(built_in, &text).map_err(|error| error.to_string())
}

/// `None`: no bound.
fn parse_budget(text: &str) -> Result<Option<Amount>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    match Amount::parse(text, BUDGET_DECIMALS) {
        Ok(Amount::ZERO) => Err("leave it empty for no bound; nothing at all is none".to_owned()),
        Ok(amount) => Ok(Some(amount)),
        Err(error) => Err(format!("it {error}")),
    }
}

/// One currency for all, and a price for whoever may be asked.
fn agree(reader: &mut Reader<'_>, currency: &Currency, prices: &Prices, providers: &[&str]) {
    let (is_own, theirs) = (reader.has("SMS_PRICES_FILE"), prices.currency());
    match (is_own, theirs == currency) {
        (_, true) => {}
        (true, false) => reader.fault(
            "SMS_PRICES_FILE",
            format!("its prices are in {theirs}, and SMS_CURRENCY is {currency}"),
        ),
        (false, false) => reader.fault(
            "SMS_CURRENCY",
            format!(
                "the prices that are compiled in are in {theirs}; set SMS_PRICES_FILE to yours"
            ),
        ),
    }
    for provider in providers.iter().filter(|provider| !prices.covers(provider)) {
        reader.fault("SMS_PRICES_FILE", format!("has no prices of {provider}"));
    }
}
