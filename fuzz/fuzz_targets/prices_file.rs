//! `SMS_PRICES_FILE`: read, or told what is wrong with it. No price is below nothing.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ringfence::otp::Prices;

static BUILT_IN: LazyLock<Prices> = LazyLock::new(|| Prices::built_in().expect("ours"));

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    match Prices::parse_in_place_of(&BUILT_IN, text) {
        Ok(prices) => assert!(!prices.is_built_in()),
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
});
