//! Short texts of bodies and paths: ids, roles, names to be called by, codes and hashes of apps. Whatever is
//! taken is written as something that is read as the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringfence::foundation::UserId;
use ringfence::otp::AppHash;
use ringfence::totp::TotpCode;
use ringfence::users::{DisplayName, Role};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Some(id) = UserId::parse(text) {
        let written = id.to_string();
        assert_eq!(written.len(), 36);
        assert_eq!(UserId::parse(&written), Some(id));
    }
    if let Ok(role) = text.parse::<Role>() {
        assert_eq!(role.as_str(), text);
        // They are kept as one text, divided by commas.
        assert!((1..=64).contains(&text.len()) && !text.contains([',', ' ']), "{text}");
    }
    if let Ok(name) = DisplayName::parse(text) {
        let written = name.as_str();
        assert!((1..=100).contains(&written.chars().count()), "{written}");
        assert!(!written.contains(char::is_control) && written.trim() == written, "{written}");
        assert_eq!(DisplayName::parse(written).as_ref(), Ok(&name));
    }
    if let Ok(hash) = text.parse::<AppHash>() {
        assert_eq!(hash.as_str(), text);
        assert!(text.len() == 11 && text.is_ascii());
    }
    if TotpCode::parse(text).is_ok() {
        assert_eq!(text.bytes().filter(u8::is_ascii_digit).count(), 6, "{text}");
        assert!(text.len() <= 32);
    }
});
