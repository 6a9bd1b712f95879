//! Phone numbers as people type them: whatever is taken is E.164, and is read back as itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringfence::foundation::{Country, PhoneNumber};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let [sweden, usa] = ["SE", "US"].map(|it| it.parse::<Country>().expect("a country"));
    for region in [None, Some(&sweden), Some(&usa)] {
        let Ok(number) = PhoneNumber::parse(text, region) else { continue };
        let e164 = number.e164();
        let digits = e164.strip_prefix('+').expect("E.164 begins with +");
        assert!((4..=15).contains(&digits.len()), "{e164}");
        assert!(digits.bytes().all(|digit| digit.is_ascii_digit()), "{e164}");
        for again in [None, Some(&sweden), Some(&usa)] {
            assert_eq!(PhoneNumber::parse(e164, again).as_ref(), Ok(&number), "{e164}");
        }
        assert_eq!(PhoneNumber::from_e164(e164).as_ref(), Some(&number), "{e164}");
        assert!(e164.starts_with(number.prefix()));
        assert!(!number.masked().contains(number.prefix()), "{e164}");
    }
});
