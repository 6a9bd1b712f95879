//! What is a number, whatever way it is written in.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<String, PhoneNumberError> {
    PhoneNumber::parse(text, None).map(|number| number.e164().to_owned())
}

#[test]
fn usual_and_unusual_ways_of_writing_a_number_are_read() {
    let written = [
        ("+14155552671", "+14155552671"),
        ("+1 415 555 2671", "+14155552671"),
        ("+1 (415) 555-2671", "+14155552671"),
        ("+1-415-555-2671", "+14155552671"),
        ("+1.415.555.2671", "+14155552671"),
        ("  +1 415 555 2671  ", "+14155552671"),
        ("001 415 555 2671", "+14155552671"),
        ("(+1) 415 555 2671", "+14155552671"),
        ("tel:+1-415-555-2671", "+14155552671"),
        ("+1\u{a0}415\u{a0}555\u{a0}2671", "+14155552671"),
        ("\u{202a}+1 415\u{2011}555\u{2011}2671\u{202c}", "+14155552671"),
        ("＋１ ４１５ ５５５ ２６７１", "+14155552671"),
        ("+44 (0)7400 123456", "+447400123456"),
        ("0044 7400 123456", "+447400123456"),
        ("+46 70-123 45 67", "+46701234567"),
        ("+49 (0) 151/23456789", "+4915123456789"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("+39 312 345 6789", "+393123456789"),
        ("+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧", "+966501234567"),
        ("+९१ ९८७६५ ४३२१०", "+919876543210"),
        ("+91 98765 43210", "+919876543210"),
        ("+55 (11) 96123-4567", "+5511961234567"),
    ];
    let read: Vec<_> = written.iter().map(|(text, _)| (*text, read(text))).collect();
    let wanted: Vec<_> =
        written.iter().map(|(text, e164)| (*text, Ok((*e164).to_owned()))).collect();
    assert_eq!(read, wanted);
}

#[test]
fn what_is_no_number_is_refused() {
    for text in [
        "",
        "+",
        "abc",
        "+1415555",
        "+442079460958;ext=1",
        "+44 20 7946 0958 ext. 1",
        "1-800-FLOWERS",
        "+1+4155552671",
        "4155552671",
        "+999 123 456 789",
        "+14155552671\0",
        "+0 415 555 2671",
        "++14155552671",
        "+1 415 555 26711234567",
        "🙂",
        // Valid by the plan of Germany.
        "+49876543216543210",
        "+1 415 555 267O",
    ] {
        assert!(read(text).is_err(), "{text:?} was read as {:?}", read(text));
    }
}

#[test]
fn national_notation_is_read_as_of_the_default_region() {
    let sweden = "se".parse().unwrap();
    let number = PhoneNumber::parse("070-123 45 67", Some(&sweden)).unwrap();
    assert_eq!(number.e164(), "+46701234567");
    assert_eq!(number.country(), Some(&sweden));
    let foreign = PhoneNumber::parse("+14155552671", Some(&sweden)).unwrap();
    assert_eq!(foreign.e164(), "+14155552671");
}

/// Found by fuzzing: the library took `1` off the first ones, so that they were others or none, and `8` off the last.
#[test]
fn no_default_region_makes_another_number_of_an_international_one() {
    for number in
        ["+4915123456789", "+8613812345678", "+491701234567", "+390612345678", "+78142403184"]
    {
        let digits = &number[1..];
        for region in [None, Some("US"), Some("SE"), Some("RU"), Some("DE"), Some("DK")] {
            let country = region.map(|region| region.parse().unwrap());
            let read = |text: &str| {
                PhoneNumber::parse(text, country.as_ref()).map(|number| number.e164().to_owned())
            };
            let wanted = Ok(number.to_owned());
            assert_eq!(read(number), wanted, "{region:?}");
            assert_eq!(read(&format!("00{digits}")), wanted, "{region:?}");
            assert_eq!(read("+44 (0)7400 123456"), read("+447400123456"), "{region:?}");
        }
        let usa = "US".parse().unwrap();
        let dialled = PhoneNumber::parse(&format!("011 {digits}"), Some(&usa)).unwrap();
        assert_eq!(dialled.e164(), number);
        assert_eq!(PhoneNumber::from_e164(number), Some(dialled));
    }
}

#[test]
fn the_type_of_a_number_tells_its_channels() {
    let type_of = |text| PhoneNumber::parse(text, None).unwrap().number_type();
    assert_eq!(type_of("+46701234567"), NumberType::TextsAndCalls);
    assert_eq!(type_of("+14155552671"), NumberType::TextsAndCalls);
    assert_eq!(type_of("+442079460958"), NumberType::CallsOnly);
    assert_eq!(type_of("+449098790000"), NumberType::Neither, "premium rate");
    assert_eq!(type_of("+18002530000"), NumberType::Neither, "toll-free");
}

#[test]
fn a_number_that_cannot_be_a_persons_phone_is_of_neither_channel() {
    for (number, kind) in [
        ("+870773111632", "Inmarsat"),
        ("+881612345678", "Iridium"),
        ("+88299123456", "a network without borders"),
        ("+883510012345", "another"),
        ("+979123456789", "international premium rate"),
        ("+80012345678", "international toll-free"),
        ("+447012345678", "a personal number"),
        ("+447640123456", "a pager"),
        ("+448431234567", "shared cost"),
        ("+445512345678", "a company's number"),
        ("+15550100", "of no plan"),
        ("+999123456789", "of no country"),
    ] {
        let number = PhoneNumber::from_e164(number).unwrap();
        assert_eq!(number.number_type(), NumberType::Neither, "{kind}");
    }
}

#[test]
fn a_masked_number_shows_its_country_code_and_last_four_digits() {
    let masked = |text| PhoneNumber::parse(text, None).unwrap().masked();
    assert_eq!(masked("+14155552671"), "+1•••••••2671");
    assert_eq!(masked("+46701234567"), "+46•••••••4567");
    let number = PhoneNumber::from_e164("+15550100").unwrap();
    assert_eq!(format!("{number} {number:?}"), "+1•••••••0100 PhoneNumber(+1•••••••0100)");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = PhoneNumber::parse(&text, None);
    }

    #[test]
    fn any_digits_are_read_or_refused_in_every_region(
        text in "[+0-9 ()-]{0,24}", region in "[A-Z]{2}"
    ) {
        let _ = PhoneNumber::parse(&text, region.parse().ok().as_ref());
    }

    #[test]
    fn what_was_read_reads_back_the_same(national in "7[0-9]{8}") {
        if let Ok(number) = PhoneNumber::parse(&format!("+46{national}"), None) {
            let again = PhoneNumber::parse(number.e164(), None);
            prop_assert_eq!(again.as_ref(), Ok(&number));
            prop_assert_eq!(PhoneNumber::from_e164(number.e164()), Some(number));
        }
    }
}

#[test]
fn the_prefix_is_the_number_without_its_last_four_digits() {
    let number = PhoneNumber::parse("+44 7911 123456", None).unwrap();
    assert_eq!(number.prefix(), "+44791112");
}
