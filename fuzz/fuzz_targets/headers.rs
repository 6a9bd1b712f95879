//! `User-Agent`, `Accept-Language`, and the one-time code of a form: short answers, whatever was sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringfence::foundation::Language;
use ringfence::otp::OtpCode;
use ringfence::sessions::device_name;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let name = device_name(Some(text));
    assert!(!name.is_empty() && name.chars().count() <= 60, "{name}");

    if let Some(language) = Language::look_up(text) {
        assert_eq!(Language::parse(language.tag()), Some(language));
        assert_eq!(Language::look_up(language.tag()), Some(language));
        // One that is wanted more and that nobody knows changes nothing.
        assert_eq!(Language::look_up(&format!("xx;q=1.0,{text}")), Some(language));
    }
    if let Ok(code) = OtpCode::parse(text) {
        assert!((4..=10).contains(&code.expose().len()));
        assert!(OtpCode::parse(code.expose()) == Ok(code));
    }
});
