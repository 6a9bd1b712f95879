//! `OTP_TEXTS_FILE`: read, or told what is wrong with it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringfence::otp::text::OwnTexts;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Err(faults) = OwnTexts::parse(text) {
        assert!(!faults.is_empty());
        assert!(faults.iter().all(|fault| !fault.to_string().is_empty()));
    }
});
